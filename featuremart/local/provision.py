"""Furnish the servers with what every environment has: bucket, datasets. Repeating it changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.config import clients
from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    from featuremart.config.settings import Environment

_CONFLICT = 409
_DONE = 200


def provision(environment: Environment) -> None:
    """Make what is not there.

    Parameters
    ----------
    environment
        With the endpoints of its servers.

    Raises
    ------
    WorkFailed
        Where a server refuses.
    """
    make_bucket(environment)
    make_datasets(environment)


def make_bucket(environment: Environment) -> None:
    """Make the lake's bucket."""
    s3 = clients.s3(environment)
    if environment.bucket in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        return
    if environment.aws_region == "us-east-1":  # the one region that S3 does not take as a location
        s3.create_bucket(Bucket=environment.bucket)
    else:
        s3.create_bucket(
            Bucket=environment.bucket,
            CreateBucketConfiguration={"LocationConstraint": environment.aws_region},  # type: ignore[typeddict-item]
        )


def make_datasets(environment: Environment) -> None:
    """Make the datasets of warehouse, staging and mart, by plain REST: importing Google's client takes 2 s."""
    import urllib3

    http = urllib3.PoolManager()
    project = environment.gcp_project
    for dataset in (environment.warehouse_dataset, environment.staging_dataset, environment.mart_dataset):
        answer = http.request(
            "POST",
            f"{environment.endpoints.bigquery}/bigquery/v2/projects/{project}/datasets",
            json={
                "datasetReference": {"projectId": project, "datasetId": dataset},
                "location": environment.gcp_location,
            },
        )
        if answer.status not in {_DONE, _CONFLICT}:
            raise WorkFailed(
                f"the BigQuery server refuses dataset {dataset}: {answer.status} {answer.data[:500]!r}",
                next_command="mart servers",
            )
