"""Run an attempt: start each task when its turn has come, take in its end, stop everything when asked to.

One thread, that of the caller, owns the tasks' states. Each task runs in a thread of its own and only sends
messages; between messages the owner sleeps.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from featuremart.workflow import values
from featuremart.workflow.processes import Stopped
from featuremart.workflow.scope import session_variables, visible_params
from featuremart.workflow.state import State
from featuremart.workflow.task_run import Outcome, Try, run_try
from featuremart.workflow.transitions import Transitions

if TYPE_CHECKING:
    import datetime as dt

    from featuremart.workflow.cancellation import Cancellation
    from featuremart.workflow.operators.request import Services
    from featuremart.workflow.project import Workflow
    from featuremart.workflow.report import Reporter
    from featuremart.workflow.sla import Sla
    from featuremart.workflow.state import Row
    from featuremart.workflow.values import Config

_SECONDS_TO_DIE = 5.0


@dataclass(frozen=True)
class _Announced:
    index: int
    description: str


@dataclass(frozen=True)
class _Wrote:
    index: int
    text: str


@dataclass(frozen=True)
class _Ended:
    index: int
    outcome: Outcome | BaseException


_Message: TypeAlias = _Announced | _Wrote | _Ended | None


class _Canceled(Exception):
    """A stop was asked for."""


class AttemptRun:
    """One attempt, from its first task to its end.

    Parameters
    ----------
    workflow
        What is run.
    params
        The attempt's parameters.
    sla
        When it is late, None for never.
    services
        What its tasks work with.
    reporter
        Is told of everything.
    cancellation
        The request to stop.
    grace
        Seconds between SIGTERM and SIGKILL.
    """

    def __init__(
        self,
        workflow: Workflow,
        params: Config,
        sla: Sla | None,
        services: Services,
        reporter: Reporter,
        cancellation: Cancellation,
        grace: float,
    ) -> None:
        self.params = params
        self.sla = sla
        self.services = services
        self.reporter = reporter
        self.cancellation = cancellation
        self.grace = grace
        self.clock = services.clock
        self.transitions = Transitions(workflow.tasks, reporter, self.clock)
        self.table = self.transitions.table
        self.messages: SimpleQueue[_Message] = SimpleQueue()
        self.running: set[int] = set()
        self.late_at: dt.datetime | None = None

    def run(self) -> str:
        """Run to the end.

        Returns
        -------
        str
            ``success``, ``error`` or ``killed``.
        """
        if self.sla is not None:
            self.late_at = self.sla.trigger(self.clock.now(), self.services.session.tz)
        self.reporter.attempt_started(self.table.rows)
        unlisten = self.cancellation.listen(lambda: self.messages.put(None))
        try:
            self._run_to_end()
        except KeyboardInterrupt:
            self.cancellation.request()
            self._stop()
            return "killed"
        except _Canceled:
            self._stop()
            return "killed"
        except BaseException:
            self.services.processes.stop(kill=True)
            raise
        finally:
            unlisten()
        return "success" if self.transitions.root.state == State.SUCCESS else "error"

    def _run_to_end(self) -> None:
        while True:
            if self.cancellation.requested:
                raise _Canceled
            for row in self.transitions.progress():
                self._start(row)
            if self.transitions.done:
                return
            deadline = min(filter(None, (self.transitions.next_try(), self.late_at)), default=None)
            if deadline is None and not self.running:
                raise AssertionError("the attempt has not ended, but nothing in it can go on")
            while not self._has_news(deadline):
                pass
            if self.sla is not None and self.late_at is not None and self.late_at <= self.clock.now():
                self.late_at = None
                self.transitions.add_sla_tasks(self.sla)

    def _has_news(self, deadline: dt.datetime | None) -> bool:
        """Sleep until a message or the deadline; tell whether tasks may have waited for that."""
        timeout = None if deadline is None else self.clock.real_seconds_until(deadline)
        try:
            message = self.messages.get(timeout=timeout)
        except Empty:
            return True
        self._handle(message)
        return not isinstance(message, _Announced | _Wrote) or timeout == 0

    def _handle(self, message: _Message) -> None:
        match message:
            case _Announced(index, description):
                self.reporter.task_started(self.table.rows[index], description)
            case _Wrote(index, text):
                self.reporter.output(self.table.rows[index], text)
            case _Ended(index, outcome):
                self.running.discard(index)
                if isinstance(outcome, BaseException):
                    if not isinstance(outcome, Stopped):
                        raise outcome
                elif not self.cancellation.requested:
                    self.transitions.ended(self.table.rows[index], outcome)

    def _start(self, row: Row) -> None:
        self.running.add(row.index)
        seen = visible_params(self.table, row, self.params)
        values.merge(seen, session_variables(self.services.session, seen, row.full_name))
        index = row.index
        begin = Try(
            full_name=row.full_name,
            place=row.place,
            local=_without_blocks(row.config),
            seen=_without_blocks(seen),
            state_params=row.state_params,
            announce=lambda description: self.messages.put(_Announced(index, description)),
            write=lambda text: self.messages.put(_Wrote(index, text)),
            services=self.services,
        )
        threading.Thread(target=self._work, args=(index, begin), name=row.full_name, daemon=True).start()

    def _work(self, index: int, begin: Try) -> None:
        try:
            outcome: Outcome | BaseException = run_try(begin)
        except BaseException as error:  # noqa: BLE001 (it is raised again by the thread that owns the attempt)
            outcome = error
        self.messages.put(_Ended(index, outcome))

    def _stop(self) -> None:
        killed = False
        deadline = time.monotonic() + self.grace
        self.services.processes.stop(kill=False)
        while self.running:
            if not killed and (self.cancellation.urgent or time.monotonic() >= deadline):
                self.services.processes.stop(kill=True)
                killed, deadline = True, time.monotonic() + _SECONDS_TO_DIE
            try:
                self._handle(self.messages.get(timeout=max(deadline - time.monotonic(), 0)))
            except KeyboardInterrupt:
                self.cancellation.request()
            except Empty:
                if killed:
                    break  # SIGKILL cannot be refused: what is left is no process, and ends with this one
        self.transitions.cancel_rest()


def _without_blocks(config: Config) -> Config:
    # an expression in them may name what only is there when their time comes
    return {key: value for key, value in config.items() if key not in {"_check", "_error"}}
