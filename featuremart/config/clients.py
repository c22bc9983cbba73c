"""The cloud clients of an environment. Each library is imported where its client is made.

Credentials are the clouds' own default chains. Where an endpoint on this machine is named, the client gets
fixed words instead: an emulator checks none, and a real credential must never travel to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from featuremart.errors import UsageError

if TYPE_CHECKING:
    from google.cloud.bigquery import Client as BigQueryClient
    from google.cloud.bigquery_storage import BigQueryReadClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

    from featuremart.config.settings import Environment


def s3(environment: Environment) -> S3Client:
    """Return the S3 client of an environment."""
    client: S3Client = _aws(environment, "s3", environment.endpoints.aws)
    return client


def ecs(environment: Environment) -> ECSClient:
    """Return the ECS client of an environment."""
    client: ECSClient = _aws(environment, "ecs", environment.endpoints.ecs)
    return client


def logs(environment: Environment) -> CloudWatchLogsClient:
    """Return the CloudWatch Logs client of an environment."""
    client: CloudWatchLogsClient = _aws(environment, "logs", environment.endpoints.aws)
    return client


def _aws(environment: Environment, service: str, endpoint: str | None) -> Any:
    import boto3
    from botocore.config import Config

    _need_servers(environment, endpoint)
    local = {"aws_access_key_id": "local", "aws_secret_access_key": "local"} if endpoint else {}
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload]
        region_name=environment.aws_region,
        endpoint_url=endpoint,
        config=Config(
            retries={"mode": "standard", "max_attempts": 5},
            s3={"addressing_style": "path"} if endpoint else {},
        ),
        **local,
    )


def bigquery(environment: Environment) -> BigQueryClient:
    """Return the BigQuery client of an environment."""
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery as library

    endpoint = environment.endpoints.bigquery
    _need_servers(environment, endpoint)
    options: dict[str, Any] = {}
    if endpoint:
        options = {
            "credentials": AnonymousCredentials(),
            "client_options": ClientOptions(api_endpoint=endpoint),
        }
    return library.Client(project=environment.gcp_project, location=environment.gcp_location, **options)


def bigquery_storage(environment: Environment) -> BigQueryReadClient:
    """Return the BigQuery Storage Read client of an environment."""
    from google.cloud.bigquery_storage import BigQueryReadClient as Client

    endpoint = environment.endpoints.bigquery_storage
    _need_servers(environment, endpoint)
    if endpoint is None:
        return Client()
    import grpc
    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

    channel = grpc.insecure_channel(endpoint, options=[("grpc.max_receive_message_length", -1)])
    return Client(transport=BigQueryReadGrpcTransport(channel=channel))


def _need_servers(environment: Environment, endpoint: str | None) -> None:
    if environment.is_local and endpoint is None:
        raise UsageError("the servers of the local environment are not running", next_command="mart up")
