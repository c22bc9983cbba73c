"""Run a workflow here, and the other workflows that it requires."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from featuremart.errors import UsageError
from featuremart.workflow import values
from featuremart.workflow.attempt import AttemptRun
from featuremart.workflow.cancellation import Cancellation
from featuremart.workflow.clock import Clock
from featuremart.workflow.operators.request import Required, Requirement, Services, TaskFailed
from featuremart.workflow.processes import Processes
from featuremart.workflow.report import Reporter, Secrets
from featuremart.workflow.scope import Session, start_params
from featuremart.workflow.sla import Sla
from featuremart.workflow.values import ConfigError
from featuremart.workflow.yaml_file import shown
from featuremart.workflow.zones import zone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

    from featuremart.workflow.events import Attempt, Event
    from featuremart.workflow.project import Project, Workflow
    from featuremart.workflow.values import Config

PROJECT_ID = 1
"""What ``${project_id}`` is here, where there is one project."""


@dataclass
class _Entry:
    attempt_id: int
    retry_attempt_name: str | None
    done: threading.Event = field(default_factory=threading.Event)
    success: bool = False


class Sessions:
    """The attempts that were made in this process, by workflow and session: what ``require>`` finds done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, dt.datetime], list[_Entry]] = {}

    def begin(
        self, workflow: str, session_time: dt.datetime, retry_attempt_name: str | None, attempt_id: int
    ) -> tuple[_Entry, bool]:
        """Note a new attempt, or find the one that is there already.

        Returns
        -------
        entry, is_new
            As on a server, a session's second attempt needs a name that no other has.
        """
        with self._lock:
            entries = self._entries.setdefault((workflow, session_time), [])
            for entry in reversed(entries):
                if retry_attempt_name is None or entry.retry_attempt_name == retry_attempt_name:
                    return entry, False
            entries.append(_Entry(attempt_id, retry_attempt_name))
            return entries[-1], True


@dataclass(frozen=True)
class _Run:
    """What all attempts of one run share.

    Parameters
    ----------
    ancestors
        The sessions that wait for this attempt; one that asked for them would wait for itself.
    """

    project: Project
    tell: Callable[[Event], None]
    cancellation: Cancellation
    environment: Mapping[str, str]
    scratch: Path
    secrets: Callable[[str], str | None]
    clock: Clock
    sessions: Sessions
    grace: float
    processes: Processes = field(default_factory=Processes)
    hidden: Secrets = field(default_factory=Secrets)
    ancestors: tuple[tuple[str, dt.datetime], ...] = ()


def run(
    project: Project,
    workflow: Workflow,
    session_time: dt.datetime,
    params: Config | None = None,
    *,
    on_event: Callable[[Event], None] | None = None,
    cancellation: Cancellation | None = None,
    environment: Mapping[str, str] | None = None,
    scratch: Path | None = None,
    secrets: Callable[[str], str | None] | None = None,
    clock: Clock | None = None,
    sessions: Sessions | None = None,
    attempt_id: int | None = None,
    retry_attempt_name: str | None = None,
    grace: float = 10.0,
) -> Attempt:
    """Run a workflow to its end.

    Parameters
    ----------
    project
        With the workflow.
    workflow
        One of the project's.
    session_time
        Of the session, with a time zone; see :mod:`featuremart.workflow.sessions` for that of a partition day.
    params
        Start parameters.
    on_event
        Takes the events, one at a time.
    cancellation
        A request to stop; Ctrl-C counts as one as well.
    environment
        Variables that commands start with; by default those of this process, with this Python's folder in front.
    scratch
        Folder for the scripts of commands; by default one that is gone afterwards.
    secrets
        Finds ``${secret:key}``; by default there are none.
    clock
        The time; a faster one for tests.
    sessions
        What was run before in this process; by default nothing.
    attempt_id
        Number of the attempt; by default one that no other has.
    retry_attempt_name
        Of an attempt that is not the session's first one.
    grace
        Seconds that commands are given to end when they are stopped.

    Returns
    -------
    Attempt
        What it ended as. That a task failed is no exception.

    Raises
    ------
    UsageError
        Where the workflow cannot be started.
    """
    lock = threading.Lock()

    def tell(event: Event) -> None:
        if on_event is not None:
            with lock:
                on_event(event)

    stopping = Cancellation()
    unlisten = cancellation.listen(stopping.request) if cancellation is not None else None
    try:
        with _scratch_folder(scratch) as folder:
            return _attempt(
                _Run(
                    project=project,
                    tell=tell,
                    cancellation=stopping,
                    environment=command_environment() if environment is None else environment,
                    scratch=folder,
                    secrets=secrets or (lambda _: None),
                    clock=clock or Clock(),
                    sessions=sessions or Sessions(),
                    grace=grace,
                ),
                workflow,
                session_time,
                params or {},
                attempt_id or _new_attempt_id(),
                retry_attempt_name,
            )
    finally:
        if unlisten is not None:
            unlisten()


def command_environment() -> dict[str, str]:
    """Return the variables that commands start with.

    ``python`` and ``mart`` are those that run now, also where their folder is not on the path; and Python writes
    its lines as they come, so that a live display shows them.
    """
    folder = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{path}", "PYTHONUNBUFFERED": "1"}


def _attempt(
    shared: _Run,
    workflow: Workflow,
    session_time: dt.datetime,
    params: Config,
    attempt_id: int,
    retry_attempt_name: str | None,
) -> Attempt:
    session = _session(shared.project, workflow, session_time, params, attempt_id, retry_attempt_name)
    try:
        sla = (
            Sla.of(values.nested_or_empty(workflow.file.config, "sla"))
            if "sla" in workflow.file.config
            else None
        )
    except ConfigError as error:
        raise UsageError(
            str(error), where=workflow.file.place.under("sla").where, next_command="mart check"
        ) from error
    entry, _ = shared.sessions.begin(workflow.name, session.time, retry_attempt_name, attempt_id)
    reporter = Reporter(session, params, shared.clock, shared.hidden, shared.tell)
    attempt = AttemptRun(
        workflow,
        start_params(params, workflow.schedule, session.time, workflow.timezone),
        sla,
        _services(replace(shared, ancestors=(*shared.ancestors, (workflow.name, session.time))), session),
        reporter,
        shared.cancellation,
        shared.grace,
    )
    try:
        status = attempt.run()
        entry.success = status == "success"
    except BaseException:
        # an error of this program, not of the workflow: nothing may go on behind it
        shared.cancellation.request()
        raise
    finally:
        entry.done.set()
    return reporter.attempt_finished(attempt.table.rows, status)


def _session(
    project: Project,
    workflow: Workflow,
    session_time: dt.datetime,
    params: Config,
    attempt_id: int,
    retry_attempt_name: str | None,
) -> Session:
    time_there = session_time.astimezone(zone(workflow.timezone)).replace(microsecond=0)
    name = f"{shown(project.directory, project.root)}/{workflow.name}/{time_there.isoformat()}"
    digest = hashlib.sha256(name.encode()).digest()
    return Session(
        workflow=workflow.name,
        time=time_there,
        timezone=workflow.timezone,
        uuid=str(uuid.UUID(bytes=digest[:16], version=4)),
        session_id=int.from_bytes(digest[16:22], "big"),
        attempt_id=attempt_id,
        project_id=PROJECT_ID,
        retry_attempt_name=retry_attempt_name,
        params=params,
    )


def _services(shared: _Run, session: Session) -> Services:
    return Services(
        project=shared.project,
        session=session,
        processes=shared.processes,
        environment=shared.environment,
        scratch=shared.scratch,
        secrets=shared.secrets,
        hide=shared.hidden.hide,
        requires=lambda requirement: _require(shared, requirement),
        clock=shared.clock,
    )


def _require(shared: _Run, wanted: Requirement) -> Required:
    workflow = shared.project.workflow(wanted.workflow)
    session_time = wanted.session_time.astimezone(zone(workflow.timezone))
    key = (workflow.name, session_time)
    if key in shared.ancestors:
        raise TaskFailed(f"{workflow.name} requires itself: it would wait for its own end")
    name, attempt_id = wanted.retry_attempt_name, _new_attempt_id()
    entry, is_new = shared.sessions.begin(workflow.name, session_time, name, attempt_id)
    if not is_new:
        entry.done.wait()
        again = wanted.rerun_on == "all" or (wanted.rerun_on == "failed" and not entry.success)
        if again:
            name = str(uuid.uuid4())
            entry, is_new = shared.sessions.begin(workflow.name, session_time, name, attempt_id)
    if is_new:
        _attempt(shared, workflow, session_time, wanted.params, attempt_id, name)
    session = _session(shared.project, workflow, session_time, {}, entry.attempt_id, name)
    return Required(session.session_id, entry.attempt_id, entry.success, is_new)


def _new_attempt_id() -> int:
    return time.time_ns() // 1000  # JavaScript counts exactly up to 2**53


@contextmanager
def _scratch_folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="mart-workflow-") as folder:
        yield Path(folder).resolve()
