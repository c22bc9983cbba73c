"""Tell of an attempt: make events of what happens to its tasks, with no secret in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.workflow.definition import operator_key
from featuremart.workflow.events import (
    Attempt,
    AttemptFinished,
    AttemptStarted,
    Event,
    Task,
    TaskBlocked,
    TaskFinished,
    TaskOutput,
    TaskRetrying,
    TasksAdded,
    TaskStarted,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from featuremart.workflow.clock import Clock
    from featuremart.workflow.scope import Session
    from featuremart.workflow.state import Row
    from featuremart.workflow.values import Config

_SHORTEST_LINE_TO_HIDE = 4


class Secrets:
    """The secrets that were read, so that they are shown nowhere."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def hide(self, secret: str) -> None:
        """Hide a secret, and each line of one that has several, from now on."""
        lines = {line for line in secret.splitlines() if len(line) >= _SHORTEST_LINE_TO_HIDE}
        self._known |= {secret, *lines} - {""}

    def masked(self, text: str) -> str:
        """Return a text without them."""
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


class Reporter:
    """Makes the events of one attempt.

    Parameters
    ----------
    session
        Of the attempt.
    params
        Its start parameters.
    clock
        The time.
    secrets
        To hide.
    tell
        Takes the events.
    """

    def __init__(
        self, session: Session, params: Config, clock: Clock, secrets: Secrets, tell: Callable[[Event], None]
    ) -> None:
        self.session = session
        self.params = params
        self.clock = clock
        self.secrets = secrets
        self.tell = tell
        self.started_at = clock.now()
        self._announced: set[tuple[int, int]] = set()
        self._blocked: set[int] = set()

    def masked(self, error: Config) -> Config:
        """Return an error without secrets."""
        return {
            key: self.secrets.masked(text) if isinstance(text, str) else text for key, text in error.items()
        }

    def attempt_started(self, rows: Sequence[Row]) -> None:
        """Tell that the attempt began."""
        self.tell(AttemptStarted(*self._head(), self._attempt("running", rows, None)))

    def attempt_finished(self, rows: Sequence[Row], status: str) -> Attempt:
        """Tell that the attempt ended, and return what it ended as."""
        attempt = self._attempt(status, rows, self.clock.now())
        self.tell(AttemptFinished(*self._head(), attempt))
        return attempt

    def tasks_added(self, rows: Sequence[Row]) -> None:
        """Tell of new tasks."""
        self.tell(TasksAdded(*self._head(), tuple(task_of(row) for row in rows)))

    def task_started(self, row: Row, description: str) -> None:
        """Tell that a try began; that one which had not ended goes on is no news."""
        if (row.index, row.retries) not in self._announced:
            self._announced.add((row.index, row.retries))
            self.tell(TaskStarted(*self._head(), task_of(row), self.secrets.masked(description), row.retries))

    def output(self, row: Row, text: str) -> None:
        """Tell what a task wrote."""
        self.tell(TaskOutput(*self._head(), row.full_name, self.secrets.masked(text)))

    def retrying(self, row: Row, seconds: float, message: str) -> None:
        """Tell that a task will be tried again."""
        self.tell(
            TaskRetrying(*self._head(), task_of(row), row.retries, seconds, self.secrets.masked(message))
        )

    def finished(self, row: Row) -> None:
        """Tell that a task ended."""
        self.tell(TaskFinished(*self._head(), task_of(row)))

    def blocked(self, row: Row) -> None:
        """Tell, once, that a task will not run."""
        if row.index not in self._blocked:
            self._blocked.add(row.index)
            self.tell(TaskBlocked(*self._head(), task_of(row)))

    def _head(self) -> tuple[dt.datetime, str]:
        return self.clock.now(), self.session.workflow

    def _attempt(self, status: str, rows: Sequence[Row], finished_at: dt.datetime | None) -> Attempt:
        return Attempt(
            workflow=self.session.workflow,
            session_time=self.session.time,
            session_uuid=self.session.uuid,
            attempt_id=self.session.attempt_id,
            params=self.params,
            status=status,
            tasks=tuple(task_of(row) for row in rows),
            started_at=self.started_at,
            finished_at=finished_at,
        )


def task_of(row: Row) -> Task:
    """Return a task as it is now."""
    return Task(
        index=row.index,
        full_name=row.full_name,
        operator=operator_key(row.config),
        is_group=row.is_group,
        parent=row.parent,
        upstreams=tuple(row.upstreams),
        state=row.state,
        config={**row.config, "_export": row.export} if row.export else row.config,
        ran=row.started_at is not None,
        export_params=row.exported(),
        store_params=row.store_params,
        state_params=row.state_params,
        error=row.error,
        where=row.place.where,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
