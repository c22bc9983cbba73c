"""What a task's end means for the others: the transitions of a Digdag server, without its clockwork.

Nothing here waits or runs anything; :mod:`featuremart.workflow.attempt` does that and asks what comes next.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from featuremart.workflow import values
from featuremart.workflow.definition import compile_tasks
from featuremart.workflow.retry import Retry
from featuremart.workflow.state import DONE, FAILED, WAITING, Row, State, TaskTable
from featuremart.workflow.task_run import Failed, NotYet, Outcome, Succeeded, error_config
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featuremart.workflow.clock import Clock
    from featuremart.workflow.definition import TaskDefinition
    from featuremart.workflow.operators.request import Result
    from featuremart.workflow.report import Reporter
    from featuremart.workflow.sla import Sla
    from featuremart.workflow.values import Config
    from featuremart.workflow.yaml_file import Place


class Transitions:
    """The states of an attempt's tasks and how they follow from each other.

    Parameters
    ----------
    tasks
        Those that stand in the workflow's file.
    reporter
        Is told of every change.
    clock
        The time.
    """

    def __init__(self, tasks: tuple[TaskDefinition, ...], reporter: Reporter, clock: Clock) -> None:
        self.reporter = reporter
        self.clock = clock
        self.table = TaskTable()
        self.root = self.table.add(tasks, None, initial=True)
        self.root.state = State.PLANNED if self.root.is_group else State.READY

    @property
    def done(self) -> bool:
        """Whether the attempt has ended."""
        return self.root.state in DONE

    def progress(self) -> list[Row]:
        """Go on as far as that is possible without running anything.

        Returns
        -------
        list of Row
            The tasks that are to be run now; they count as running from here on.
        """
        starting: list[Row] = []
        changed = True
        while changed:
            changed = False
            for row in list(self.table.rows):
                if row.state == State.READY and not row.is_group:
                    row.state = State.RUNNING
                    row.started_at = row.started_at or self.clock.now()
                    starting.append(row)
                elif self._progress_row(row):
                    changed = True
        return starting

    def _progress_row(self, row: Row) -> bool:
        if self.table.may_start(row):
            row.state = State.PLANNED if row.is_group else State.READY
        elif row.state in WAITING and row.retry_at is not None and row.retry_at <= self.clock.now():
            row.state, row.retry_at = State.READY, None
        elif row.state == State.READY and row.is_group:
            self.reporter.tasks_added(self.table.add_copies(row))
            row.state = State.PLANNED
        elif row.state == State.PLANNED and self.table.is_settled(row):
            self._settle(row)
            # the end of the last of a group's tasks is its own end, and so on up
            while row.parent is not None and row.state in DONE:
                row = self.table.rows[row.parent]
                if row.state == State.PLANNED and self.table.is_settled(row):
                    self._settle(row)
        else:
            return False
        return True

    def next_try(self) -> dt.datetime | None:
        """Return when the next task is tried again, None where none waits for that."""
        return min((row.retry_at for row in self.table.rows if row.retry_at is not None), default=None)

    def ended(self, row: Row, outcome: Outcome) -> None:
        """Take in how a try of a task ended."""
        match outcome:
            case Succeeded(result):
                self._succeeded(row, result)
            case Failed(error):
                self._failed(row, error)
            case NotYet(later):
                row.state = State.RETRY_WAITING
                row.state_params = later.state_params
                row.retry_at = self.clock.now() + _seconds(later.seconds)
                row.polled = not later.cause
                if later.cause:
                    row.retries += 1
                    self.reporter.retrying(row, later.seconds, later.cause)

    def _succeeded(self, row: Row, result: Result) -> None:
        try:
            made = self._add_subtasks(row, result)
            check = self._add_block(row, "_check", "^check", after=[made.index] if made else [])
        except ConfigError as error:
            self._failed(row, error_config(error, row.place))
            return
        row.export_params, row.store_params = result.export_params, result.store_params
        if result.state_params is not None:
            row.state_params = result.state_params
        row.state = State.PLANNED
        if made is None and check is None:
            self._finish(row, State.SUCCESS)

    def _failed(self, row: Row, error: Config) -> None:
        row.error = self.reporter.masked(error)
        if self._add_error_tasks(row, row.error, {}):
            row.state, row.failed_late = State.PLANNED, State.ERROR
        else:
            self._finish(row, State.ERROR)

    def _finish(self, row: Row, state: State) -> None:
        row.state = state
        row.finished_at = self.clock.now()
        self.reporter.finished(row)
        if state in FAILED:
            self._report_blocked(row)

    def _report_blocked(self, row: Row) -> None:
        for below in self.table.below(row):
            if below.state == State.BLOCKED:
                self.reporter.blocked(below)

    # The end of a group, and of a task with tasks of its own

    def _settle(self, row: Row) -> None:
        if row.failed_late is not None:
            self._finish(row, row.failed_late)
        elif not self.table.has_failed_child(row):
            self._finish(row, State.SUCCESS)
        elif not self._retry_group(row):
            self._fail_group(row)

    def _retry_group(self, row: Row) -> bool:
        done = values.optional_integer(row.state_params, "retry_count") or 0
        try:
            retry = Retry.of(row.merged())
        except ConfigError:
            return False  # as on a server, a group's `_retry` that cannot be read is none
        if done >= retry.limit:
            return False
        seconds = retry.seconds_before(done)
        self._report_blocked(row)
        row.state = State.GROUP_RETRY_WAITING
        row.state_params = {**row.state_params, "retry_count": done + 1}
        row.retry_at = self.clock.now() + _seconds(seconds)
        row.polled = False
        row.retries += 1
        self.reporter.retrying(row, seconds, "")
        return True

    def _fail_group(self, row: Row) -> None:
        added = False
        if row is self.root:
            alert: Config = {"_type": "notify", "_command": "Workflow session attempt failed"}
            self._add(row, f"{row.full_name}^failure-alert", alert, row.place, limited=False)
            added = True
        error, stored = self._errors_below(row)
        if self._add_error_tasks(row, error, stored) or added:
            row.failed_late = State.GROUP_ERROR
        else:
            self._finish(row, State.GROUP_ERROR)

    def _errors_below(self, row: Row) -> tuple[Config, Config]:
        error: Config = {}
        stored: Config = {}
        for below in self.table.depth_first(row):
            values.merge(error, below.error)
            values.merge(stored, below.store_params)
        return error, stored

    # Tasks that come into being

    def _add(
        self,
        parent: Row,
        full_name: str,
        config: Config,
        place: Place,
        *,
        child_places: Mapping[str, Place] | None = None,
        after: list[int] | None = None,
        initial: bool = False,
        limited: bool = True,
    ) -> Row:
        tasks = compile_tasks(full_name, config, place, child_places)
        first = self.table.add(tasks, parent, initial=initial, after=after or [], limited=limited)
        self.reporter.tasks_added(self.table.rows[first.index :])
        return first

    def _add_subtasks(self, row: Row, result: Result) -> Row | None:
        if not result.subtasks:
            return None
        return self._add(
            row,
            f"{row.full_name}^sub",
            result.subtasks,
            result.place or row.place,
            child_places=result.child_places,
            initial=True,
        )

    def _add_block(self, row: Row, key: str, suffix: str, after: list[int]) -> Row | None:
        block = values.nested_or_empty(row.merged(), key)
        if not block:
            return None
        return self._add(row, row.full_name + suffix, block, row.place.under(key), after=after)

    def _add_error_tasks(self, row: Row, error: Config, stored: Config) -> bool:
        try:
            block = values.copy_config(values.nested_or_empty(row.merged(), "_error"))
            if not block:
                return False
            export = values.nested_or_empty(block, "_export")
            values.merge(export, stored)
            block["_export"] = {**export, "error": error}
            self._add(row, f"{row.full_name}^error", block, row.place.under("_error"))
        except ConfigError as broken:
            # nothing is left that could be told of it but the log; the task's own error stands
            self.reporter.output(row, f"_error was left out: {broken}\n")
            return False
        return True

    def add_sla_tasks(self, sla: Sla) -> None:
        """Add the tasks of a workflow that is late."""
        name = f"{self.root.full_name}^sla"
        place = self.root.place.under("sla")
        alarm = {"_command": "SLA violation"}
        try:
            if sla.alert:
                self._add(self.root, f"{name}^alert", {"_type": "notify", **alarm}, place)
            if sla.fail:
                self._add(self.root, f"{name}^fail", {"_type": "fail", **alarm}, place)
            self._add(self.root, name, sla.tasks, place)
        except ConfigError as error:
            self.reporter.output(self.root, f"sla was left out: {error}\n")

    def cancel_rest(self) -> None:
        """End all tasks that have not ended."""
        for row in self.table.rows:
            if row.state not in DONE:
                row.retry_at = None
                self._finish(row, State.CANCELED)


def _seconds(number: float) -> dt.timedelta:
    return dt.timedelta(seconds=number)
