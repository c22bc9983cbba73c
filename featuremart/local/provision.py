"""Furnish the servers with what every environment has: bucket, datasets, cluster, task definitions, log groups.

Repeating it changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from featuremart.config import clients
from featuremart.errors import WorkFailed
from featuremart.local.images import EMBULK, WORKER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_ecs import ECSClient

    from featuremart.config.settings import Environment

CPU, MEMORY = "1024", "4096"
"""Of a task that asks for nothing else: ECS units and MiB."""
CONTAINER = "main"
_CONFLICT = 409
_DONE = 200


def provision(environment: Environment, models: Iterable[str]) -> None:
    """Make what is not there.

    Parameters
    ----------
    environment
        With the endpoints of its servers.
    models
        Each has a worker of its own.

    Raises
    ------
    WorkFailed
        Where a server refuses.
    """
    make_bucket(environment)
    make_datasets(environment)
    images = {"embulk": EMBULK} | {f"worker-{model}": f"{WORKER}{model}" for model in models}
    families = {f"featuremart-{name}": image for name, image in images.items()}
    make_log_groups(environment, families)
    make_task_definitions(environment, families)


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


def make_log_groups(environment: Environment, families: Iterable[str]) -> None:
    """Make a log group for each family."""
    logs = clients.logs(environment)
    found = {
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    }
    for family in families:
        if log_group(family) not in found:
            logs.create_log_group(logGroupName=log_group(family))


def log_group(family: str) -> str:
    """Return the log group of a task definition family."""
    return f"/featuremart/{family}"


def make_task_definitions(environment: Environment, families: Mapping[str, str]) -> None:
    """Make the cluster, and register the families that are not registered as they should be.

    Parameters
    ----------
    environment
        With the endpoints of its servers.
    families
        Family -> image.
    """
    ecs = clients.ecs(environment)
    ecs.create_cluster(clusterName=environment.cluster)
    for family, image in families.items():
        wanted = task_definition(family, image, environment)
        if not _is_registered(ecs, wanted):
            ecs.register_task_definition(**wanted)


def task_definition(family: str, image: str, environment: Environment) -> dict[str, Any]:
    """Return the arguments of RegisterTaskDefinition."""
    log_options = {
        "awslogs-group": log_group(family),
        "awslogs-region": environment.aws_region,
        "awslogs-stream-prefix": CONTAINER,
        "awslogs-create-group": "true",
    }
    return {
        "family": family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": CPU,
        "memory": MEMORY,
        "containerDefinitions": [
            {
                "name": CONTAINER,
                "image": image,
                "essential": True,
                "stopTimeout": 30,
                "logConfiguration": {"logDriver": "awslogs", "options": log_options},
            }
        ],
    }


def _is_registered(ecs: ECSClient, wanted: dict[str, Any]) -> bool:
    from botocore.exceptions import ClientError

    try:
        found = ecs.describe_task_definition(taskDefinition=wanted["family"])["taskDefinition"]
    except ClientError:
        return False
    return all(found.get(key) == value for key, value in wanted.items())
