"""One task, and how its state may change. Pure: a task and a moment in, a task out."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["PROVISIONING", "PENDING", "RUNNING", "STOPPED"]
ORDER: tuple[Status, ...] = ("PROVISIONING", "PENDING", "RUNNING", "STOPPED")

EXITED = "Essential container in task exited"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
SPOT_INTERRUPTED = "Your Spot Task was interrupted."
STOPPED_BY_USER = "Task stopped by user"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LogTarget(_Frozen):
    """Where a task's output goes in CloudWatch Logs.

    Parameters
    ----------
    group, stream
        Names.
    create_group
        Whether a missing group is made (``awslogs-create-group``).
    """

    group: str
    stream: str
    create_group: bool = False


class Script(_Frozen):
    """What was scripted to go wrong with a task; see :mod:`featuremart.local.faults`."""

    stuck: bool = False
    start_delay: float = 0.0
    start_failure: str = ""
    lose_exit_code: bool = False
    interrupt_after: float | None = None
    kill_after: float | None = None


class Task(_Frozen):
    """A task as the journal keeps it.

    Parameters
    ----------
    id, arn, cluster
        Identity; ``cluster`` is a name.
    definition_arn, family
        What it was made of.
    container, image, command, environment
        The one container: its name, its image, the arguments of the image's entry point, its variables.
    cpu, memory
        ECS units and MiB.
    stop_timeout
        Seconds between SIGTERM and SIGKILL.
    overrides, tags, group, started_by, capacity_provider
        As the request gave them.
    token, request
        Client token, and the digest of the request that came with it.
    status, desired
        Last and desired status.
    created_at ... stopped_at
        Seconds since 1970; None until it happened.
    stop_code, stopped_reason
        Why it stopped.
    exit_code, container_reason
        How the container ended; an exit code is absent where it never started or was lost.
    version
        Counts the changes.
    """

    id: str
    arn: str
    cluster: str
    definition_arn: str
    family: str
    container: str
    image: str
    command: tuple[str, ...]
    environment: dict[str, str]
    cpu: int
    memory: int
    stop_timeout: int = 30
    log: LogTarget | None = None
    overrides: dict[str, Any] = {}
    tags: dict[str, str] = {}
    group: str = ""
    started_by: str = ""
    capacity_provider: str | None = None
    token: str = ""
    request: str = ""
    script: Script = Script()
    status: Status = "PROVISIONING"
    desired: Literal["RUNNING", "STOPPED"] = "RUNNING"
    created_at: float
    pull_started_at: float | None = None
    started_at: float | None = None
    stopping_at: float | None = None
    stopped_at: float | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    exit_code: int | None = None
    container_reason: str | None = None
    version: int = 1


class WrongOrder(ValueError):
    """A task cannot go back to an earlier state."""


def pending(task: Task, now: float) -> Task:
    """Return the task once it has a place to run."""
    return _moved(task, "PENDING", pull_started_at=now)


def running(task: Task, now: float) -> Task:
    """Return the task once its container runs."""
    return _moved(task, "RUNNING", started_at=now)


def stop_asked(task: Task, now: float, *, code: str, reason: str) -> Task:
    """Return the task once somebody wants it stopped; the first to ask is remembered."""
    if task.desired == "STOPPED":
        return task
    return _changed(task, desired="STOPPED", stopping_at=now, stop_code=code, stopped_reason=reason)


def ended(task: Task, now: float, *, exit_code: int | None, reason: str | None = None) -> Task:
    """Return the task once its container ended.

    Parameters
    ----------
    task, now
        The task and the moment.
    exit_code
        128 + n where a signal n ended it; None where it never ran or nobody saw it end.
    reason
        Of the container.
    """
    asked = stop_asked(task, now, code="EssentialContainerExited", reason=EXITED)
    return _moved(asked, "STOPPED", stopped_at=now, exit_code=exit_code, container_reason=reason)


def failed_to_start(task: Task, now: float, reason: str) -> Task:
    """Return the task where its container could not be started."""
    asked = stop_asked(task, now, code="TaskFailedToStart", reason=reason)
    return _moved(asked, "STOPPED", stopped_at=now, container_reason=reason)


def _moved(task: Task, to: Status, **changes: Any) -> Task:
    if ORDER.index(to) <= ORDER.index(task.status):
        raise WrongOrder(f"a task that is {task.status} cannot become {to}")
    return _changed(task, status=to, **changes)


def _changed(task: Task, **changes: Any) -> Task:
    return task.model_copy(update={**changes, "version": task.version + 1})
