"""The tasks of an attempt while it runs: their states, and the questions that are asked of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from featuremart.workflow import values
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from featuremart.workflow.definition import TaskDefinition
    from featuremart.workflow.values import Config
    from featuremart.workflow.yaml_file import Place

MOST_TASKS = 1000
"""How many tasks an attempt may have, as on a Digdag server."""


class State(StrEnum):
    """What has become of a task; the names are Digdag's."""

    BLOCKED = "blocked"
    READY = "ready"
    RETRY_WAITING = "retry_waiting"
    GROUP_RETRY_WAITING = "group_retry_waiting"
    RUNNING = "running"
    PLANNED = "planned"
    GROUP_ERROR = "group_error"
    SUCCESS = "success"
    ERROR = "error"
    CANCELED = "canceled"


DONE = frozenset({State.SUCCESS, State.GROUP_ERROR, State.ERROR, State.CANCELED})
FINAL = DONE | {State.BLOCKED}
"""The states that a task of an ended attempt can have; blocked are those that never came to run."""
FAILED = frozenset({State.GROUP_ERROR, State.ERROR})
WAITING = frozenset({State.RETRY_WAITING, State.GROUP_RETRY_WAITING})
_PROGRESSING = frozenset({State.READY, State.RUNNING, State.PLANNED}) | WAITING
_CHILDREN_MAY_RUN = frozenset({State.PLANNED, State.SUCCESS})


@dataclass(eq=False)
class Row:
    """One task of a running attempt.

    Parameters
    ----------
    index
        Position in the attempt's list; also the order in which tasks came into being.
    full_name, is_group, place
        As of its definition.
    config
        Its keys without ``_export``.
    export
        Its ``_export``.
    parent
        Index, None for the workflow itself.
    upstreams
        Indexes.
    is_initial
        Whether a retry of its group makes it anew.
    state
        Now.
    failed_late
        The state that it ends in once its ``_error`` tasks have ended.
    export_params, store_params
        What its operator exported and stored.
    state_params
        What it keeps from try to try.
    error
        Message and stack trace, empty where there is none.
    retries
        How often it was tried again after a failure.
    polled
        Whether it goes on with a try that had not ended, rather than beginning one.
    retry_at
        When it is tried again.
    started_at, finished_at
        None where it did not run or end.
    """

    index: int
    full_name: str
    config: Config
    export: Config
    is_group: bool
    parent: int | None
    upstreams: list[int]
    place: Place
    is_initial: bool
    state: State = State.BLOCKED
    failed_late: State | None = None
    export_params: Config = field(default_factory=dict)
    store_params: Config = field(default_factory=dict)
    state_params: Config = field(default_factory=dict)
    error: Config = field(default_factory=dict)
    retries: int = 0
    polled: bool = False
    retry_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None

    def exported(self) -> Config:
        """Return what its children see: its ``_export`` and what its operator exported."""
        exported = values.copy_config(self.export)
        values.merge(exported, self.export_params)
        return exported

    def merged(self) -> Config:
        """Return its ``_export`` with its own keys on top."""
        merged = values.copy_config(self.export)
        values.merge(merged, self.config)
        return merged


class TaskTable:
    """All tasks of an attempt."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._children: dict[int, list[Row]] = defaultdict(list)

    def add(
        self,
        tasks: Sequence[TaskDefinition],
        parent: Row | None,
        *,
        initial: bool,
        after: Sequence[int] = (),
        limited: bool = True,
    ) -> Row:
        """Add tasks that were made together.

        Parameters
        ----------
        tasks
            The first one becomes the parent's child, the others stand below it.
        parent
            None for the tasks of the workflow itself.
        initial
            Whether a retry of a group makes them anew.
        after
            Upstreams of the first one.
        limited
            Whether there can be too many.

        Returns
        -------
        Row
            The first one.

        Raises
        ------
        ConfigError
            Where there would be too many, or an ``_export`` is no object.
        """
        base = len(self.rows)
        if limited and base + len(tasks) > MOST_TASKS:
            raise ConfigError(f"Too many tasks. Limit: {MOST_TASKS}, Current: {base}, Adding: {len(tasks)}")
        made = [
            Row(
                index=base + task.index,
                full_name=task.full_name,
                config={key: value for key, value in task.config.items() if key != "_export"},
                export=values.nested_or_empty(task.config, "_export"),
                is_group=task.is_group,
                parent=(parent.index if parent else None) if task.parent is None else base + task.parent,
                upstreams=[base + up for up in task.upstreams],
                place=task.place,
                is_initial=initial,
            )
            for task in tasks
        ]
        made[0].upstreams.extend(after)
        for row in made:
            self._append(row)
        return made[0]

    def add_copies(self, group: Row) -> list[Row]:
        """Make the tasks of a group anew, for a retry; not those that other tasks had made."""
        copies: dict[int, Row] = {}
        for row in self.below(group):
            if not row.is_initial or "^sub" in row.full_name.removeprefix(group.full_name):
                continue
            copies[row.index] = copy = Row(
                index=len(self.rows),
                full_name=row.full_name,
                config=row.config,
                export=row.export,
                is_group=row.is_group,
                parent=copies[row.parent].index if row.parent in copies else row.parent,
                upstreams=[copies[up].index for up in row.upstreams if up in copies],
                place=row.place,
                is_initial=False,
            )
            self._append(copy)
        return list(copies.values())

    def children(self, row: Row) -> list[Row]:
        """List the direct children."""
        return self._children[row.index]

    def _append(self, row: Row) -> None:
        self.rows.append(row)
        if row.parent is not None:
            self._children[row.parent].append(row)

    def below(self, row: Row) -> list[Row]:
        """List children and their children, in the order in which they came into being."""
        inside = {row.index}
        found = []
        for other in self.rows:
            if other.parent in inside:
                inside.add(other.index)
                found.append(other)
        return found

    def depth_first(self, row: Row) -> Iterator[Row]:
        """Go through children and their children, each followed by its own."""
        stack = list(reversed(self.children(row)))
        while stack:
            child = stack.pop()
            yield child
            stack.extend(reversed(self.children(child)))

    def parents(self, row: Row) -> list[Row]:
        """List the groups around a task, the workflow itself first."""
        found: list[Row] = []
        while row.parent is not None:
            row = self.rows[row.parent]
            found.insert(0, row)
        return found

    def may_start(self, row: Row) -> bool:
        """Tell whether a blocked task's turn has come."""
        if row.state != State.BLOCKED or row.parent is None:
            return False
        return self.rows[row.parent].state in _CHILDREN_MAY_RUN and self._upstreams_succeeded(row)

    def is_settled(self, row: Row) -> bool:
        """Tell whether nothing below a task can still happen."""
        return not any(
            child.state in _PROGRESSING or (child.state == State.BLOCKED and self._upstreams_succeeded(child))
            for child in self.children(row)
        )

    def has_failed_child(self, row: Row) -> bool:
        """Tell whether a child failed; of several of one name, made by retries, the last one counts."""
        latest = {child.full_name: child for child in self.children(row)}
        return any(child.state in FAILED for child in latest.values())

    def _upstreams_succeeded(self, row: Row) -> bool:
        return all(self.rows[up].state == State.SUCCESS for up in row.upstreams)
