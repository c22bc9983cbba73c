"""What an operator is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from featuremart.workflow.clock import Clock
    from featuremart.workflow.processes import Processes
    from featuremart.workflow.project import Project
    from featuremart.workflow.scope import Session
    from featuremart.workflow.values import Config
    from featuremart.workflow.yaml_file import Place


class Requires(Protocol):
    """Runs the other workflow of a ``require>``, or finds it run already."""

    def __call__(self, request: Requirement) -> Required:
        """Run it, or wait for its end."""


@dataclass(frozen=True)
class Requirement:
    """Which other workflow is asked for.

    Parameters
    ----------
    workflow
        Name.
    session_time
        Of the session.
    retry_attempt_name
        None for the session's first attempt.
    params
        Start parameters.
    rerun_on
        ``none``, ``failed`` or ``all``: which earlier attempts do not count.
    """

    workflow: str
    session_time: dt.datetime
    retry_attempt_name: str | None
    params: Config
    rerun_on: str


@dataclass(frozen=True)
class Required:
    """What became of another workflow.

    Parameters
    ----------
    session_id, attempt_id
        Of the attempt that counts.
    success
        Whether it succeeded.
    started
        Whether it was started for this, rather than found.
    """

    session_id: int
    attempt_id: int
    success: bool
    started: bool


@dataclass(frozen=True)
class Services:
    """What operators work with, the same for all tasks of an attempt.

    Parameters
    ----------
    project
        Of the workflow.
    session
        Of the attempt.
    processes
        Runs commands.
    environment
        Variables that commands start with.
    scratch
        Folder for the scripts of commands.
    secrets
        Finds a secret by its key, None where there is none.
    hide
        Is told of each secret that was read, so that no log shows it.
    requires
        Runs other workflows.
    clock
        The time.
    """

    project: Project
    session: Session
    processes: Processes
    environment: Mapping[str, str]
    scratch: Path
    secrets: Callable[[str], str | None]
    hide: Callable[[str], None]
    requires: Requires
    clock: Clock


@dataclass(frozen=True)
class TaskRequest:
    """One task to run.

    Parameters
    ----------
    full_name
        Its name.
    config
        Everything it sees, evaluated, with ``_type`` and ``_command``.
    local
        Of that its own keys.
    state_params
        What it kept from the try before.
    place
        Where it stands.
    write
        Takes its output.
    services
        To work with.
    """

    full_name: str
    config: Config
    local: Config
    state_params: Config
    place: Place
    write: Callable[[str], None]
    services: Services


@dataclass(frozen=True)
class Result:
    """What a task that succeeded leaves behind.

    Parameters
    ----------
    subtasks
        The tasks that it made, as a group; empty for none.
    place
        Where that group stands; None for where the task does.
    child_places
        Where the tasks stand that the operator named itself.
    export_params
        For the tasks that it made.
    store_params
        For all tasks that come after it.
    state_params
        What is noted about it, None to leave that as it was.
    """

    subtasks: Config = field(default_factory=dict)
    place: Place | None = None
    child_places: Mapping[str, Place] = field(default_factory=dict)
    export_params: Config = field(default_factory=dict)
    store_params: Config = field(default_factory=dict)
    state_params: Config | None = None


class Later(Exception):
    """The task has not ended: try again after some seconds.

    Parameters
    ----------
    seconds
        Until then.
    state_params
        What to keep until then.
    cause
        Why, where it failed.
    """

    def __init__(self, seconds: float, state_params: Config, cause: str = "") -> None:
        super().__init__(cause)
        self.seconds = seconds
        self.state_params = state_params
        self.cause = cause


class TaskFailed(Exception):
    """A task failed in a way that it names itself, as ``fail>`` does: the message stands alone."""


class CommandFailed(Exception):
    """A task's work failed: Digdag writes ``(runtime)`` behind the message."""
