"""What boto3 sends and gets: requests as typed objects, tasks as DescribeTasks shows them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from featuremart.local.ecs.refusals import invalid

if TYPE_CHECKING:
    from featuremart.local.ecs.task import Task

_LONGEST_OVERRIDES = 8192


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


Request = TypeVar("Request", bound=_Request)


class ContainerOverride(_Request):
    """What a request changes about a container."""

    name: str
    command: list[str] | None = None
    environment: list[dict[str, str]] = []
    cpu: int | None = None
    memory: int | None = None
    memory_reservation: int | None = None


class Overrides(_Request):
    """What a request changes about a task."""

    container_overrides: list[ContainerOverride] = []
    cpu: str | None = None
    memory: str | None = None
    task_role_arn: str | None = None
    execution_role_arn: str | None = None


class Provider(_Request):
    """One part of a capacity provider strategy."""

    capacity_provider: str
    weight: int = 0
    base: int = 0


class RunTask(_Request):
    """RunTask, with what this server knows of it."""

    cluster: str = "default"
    task_definition: str
    count: int = Field(default=1, ge=1, le=10)
    client_token: str = Field(default="", max_length=64, pattern=r"^[!-~]*$")
    started_by: str = Field(default="", max_length=128)
    group: str = ""
    launch_type: str | None = None
    capacity_provider_strategy: list[Provider] = []
    network_configuration: dict[str, Any] | None = None
    overrides: Overrides = Overrides()
    tags: list[dict[str, str]] = []
    platform_version: str | None = None
    propagate_tags: str | None = None
    enable_execute_command: bool = False
    enable_ecs_managed_tags: bool = Field(default=False, alias="enableECSManagedTags")
    reference_id: str | None = None

    def digest(self) -> str:
        """Return what makes two requests the same one: all but the token."""
        text = self.model_dump_json(exclude={"client_token"})
        return hashlib.sha256(text.encode()).hexdigest()


class ListTasks(_Request):
    """ListTasks."""

    cluster: str = "default"
    family: str | None = None
    started_by: str | None = None
    desired_status: str = "RUNNING"
    launch_type: str | None = None
    max_results: int = Field(default=100, ge=1, le=100)
    next_token: str | None = None


class DescribeTasks(_Request):
    """DescribeTasks."""

    cluster: str = "default"
    tasks: list[str] = Field(min_length=1, max_length=100)
    include: list[str] = []


class StopTask(_Request):
    """StopTask."""

    cluster: str = "default"
    task: str
    reason: str | None = Field(default=None, max_length=255)


def parse(kind: type[Request], document: dict[str, Any]) -> Request:
    """Read a request.

    Raises
    ------
    Refusal
        Where a parameter is wrong or nothing here carries it out.
    """
    try:
        request = kind.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise invalid(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
    if isinstance(request, RunTask) and len(json.dumps(document.get("overrides", {}))) > _LONGEST_OVERRIDES:
        raise invalid(f"Container Overrides length must be at most {_LONGEST_OVERRIDES}")
    return request


def describe(task: Task, *, cluster_arn: str, with_tags: bool) -> dict[str, Any]:
    """Return a task as DescribeTasks shows it; what has not happened yet is absent."""
    shown = {
        "taskArn": task.arn,
        "clusterArn": cluster_arn,
        "taskDefinitionArn": task.definition_arn,
        "lastStatus": task.status,
        "desiredStatus": task.desired,
        "cpu": str(task.cpu),
        "memory": str(task.memory),
        "group": task.group,
        "startedBy": task.started_by or None,
        "launchType": "FARGATE",
        "capacityProviderName": task.capacity_provider,
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "overrides": task.overrides,
        "version": task.version,
        "connectivity": "CONNECTED" if task.started_at else None,
        "createdAt": task.created_at,
        "pullStartedAt": task.pull_started_at,
        "pullStoppedAt": task.started_at,
        "startedAt": task.started_at,
        "stoppingAt": task.stopping_at,
        "executionStoppedAt": task.stopped_at if task.started_at else None,
        "stoppedAt": task.stopped_at,
        "stopCode": task.stop_code,
        "stoppedReason": task.stopped_reason,
        "containers": [_container(task)],
        "tags": tag_list(task.tags) if with_tags else None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _container(task: Task) -> dict[str, Any]:
    prefix, _, task_id = task.arn.rpartition("/")
    shown = {
        "containerArn": f"{prefix.replace(':task/', ':container/')}/{task_id}/{task.container}",
        "taskArn": task.arn,
        "name": task.container,
        "image": task.image,
        "lastStatus": task.status if task.status in {"RUNNING", "STOPPED"} else "PENDING",
        "exitCode": task.exit_code,
        "reason": task.container_reason,
        "cpu": str(task.cpu),
        "memory": str(task.memory),
    }
    return {key: value for key, value in shown.items() if value is not None}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as ECS writes them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def tag_map(tags: list[dict[str, str]]) -> dict[str, str]:
    """Return tags by key."""
    return {tag["key"]: tag.get("value", "") for tag in tags}
