"""What happens in an attempt, told as it happens, and what it ended as.

Every event is a frozen dataclass with :meth:`Event.as_json`, so that a live display, plain lines and JSON lines
can be drawn from the same stream.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from featuremart.workflow.state import FAILED, State

if TYPE_CHECKING:
    import datetime as dt

    from featuremart.errors import Where
    from featuremart.workflow.values import Config


@dataclass(frozen=True)
class Task:
    """A task of an attempt, as it is at one moment.

    Parameters
    ----------
    index
        Position in the attempt's list.
    full_name
        ``+workflow+group+task``.
    operator
        The key that names what it does, such as ``sh>``; None for a group.
    is_group
        Whether it only holds others.
    parent
        Index, None for the workflow itself.
    upstreams
        Indexes of the tasks that had to succeed first.
    state
        What has become of it.
    config
        Its keys.
    ran
        Whether it was started.
    export_params, store_params, state_params
        What it exported, stored, and kept from try to try.
    error
        ``message`` and ``stacktrace``; empty without an error.
    where
        Where it is written.
    started_at, finished_at
        None where it did not start or end.
    """

    index: int
    full_name: str
    operator: str | None
    is_group: bool
    parent: int | None
    upstreams: tuple[int, ...]
    state: State
    config: Config
    ran: bool
    export_params: Config
    store_params: Config
    state_params: Config
    error: Config
    where: Where
    started_at: dt.datetime | None
    finished_at: dt.datetime | None

    @property
    def message(self) -> str:
        """The message of its error, empty without one."""
        return str(self.error.get("message", ""))


@dataclass(frozen=True)
class Attempt:
    """One attempt at running a workflow for a session.

    Parameters
    ----------
    workflow
        Name.
    session_time, session_uuid, attempt_id
        As its tasks saw them.
    params
        Start parameters.
    status
        ``running``, ``success``, ``error`` or ``killed``.
    tasks
        In the order in which they came into being.
    started_at, finished_at
        Of the attempt.
    """

    workflow: str
    session_time: dt.datetime
    session_uuid: str
    attempt_id: int
    params: Config
    status: str
    tasks: tuple[Task, ...]
    started_at: dt.datetime
    finished_at: dt.datetime | None

    @property
    def success(self) -> bool:
        """Whether it did what it should; a try that a retry made good does not count against it."""
        return self.status == "success"

    @property
    def errors(self) -> tuple[Task, ...]:
        """The tasks that carry an error, among them those that a retry of their group made good."""
        return tuple(task for task in self.tasks if task.error and task.state in FAILED)

    @property
    def exit_code(self) -> int:
        """0 for success, 1 for anything else."""
        return 0 if self.success else 1


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Parameters
    ----------
    time
        When.
    workflow
        In which workflow; ``require>`` runs others than the one that was started.
    """

    time: dt.datetime
    workflow: str

    @property
    def name(self) -> str:
        """What kind of event it is: ``task_started``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower()

    def as_json(self) -> dict[str, Any]:
        """Return it as an object of plain values, for a line of JSON."""
        return {"event": self.name, **_plain(self)}


@dataclass(frozen=True)
class AttemptStarted(Event):
    """An attempt began, with the tasks that stand in its file."""

    attempt: Attempt


@dataclass(frozen=True)
class TasksAdded(Event):
    """A task made others: of ``_do``, ``_error``, ``call>``, a retry of its group and so on."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class TaskStarted(Event):
    """A task began, or began again after a retry.

    Parameters
    ----------
    task
        The task.
    description
        Its operator and what stands behind it, evaluated: ``sh>: echo 1``.
    retry
        0 for the first try.
    """

    task: Task
    description: str
    retry: int


@dataclass(frozen=True)
class TaskOutput(Event):
    """A task wrote something.

    Parameters
    ----------
    task
        Full name.
    text
        A line with its newline; without one where the output ended so.
    """

    task: str
    text: str


@dataclass(frozen=True)
class TaskRetrying(Event):
    """A task or group failed and will be tried again.

    Parameters
    ----------
    task
        The task.
    retry
        1 for the first retry.
    seconds
        Until then.
    message
        Why it failed; empty for a group, whose tasks have told.
    """

    task: Task
    retry: int
    seconds: float
    message: str


@dataclass(frozen=True)
class TaskFinished(Event):
    """A task ended: its state says how."""

    task: Task


@dataclass(frozen=True)
class TaskBlocked(Event):
    """A task will not run, because one that it waits for failed."""

    task: Task


@dataclass(frozen=True)
class AttemptFinished(Event):
    """An attempt ended."""

    attempt: Attempt


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value
