"""What a person or a program sees of a running workflow: a live table, plain lines, or a line of JSON an event."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import click

from featuremart.workflow import events

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    from featuremart.workflow.events import Event, Task

_MARKS = {
    "success": "[green]done[/]",
    "error": "[red]failed[/]",
    "canceled": "[yellow]stopped[/]",
    "blocked": "[dim]blocked[/]",
}


def short(task: str) -> str:
    """Return a task's name without the workflow's: ``+flight_delay+extract+flights`` is ``extract+flights``."""
    return task.strip("+").partition("+")[2] or task.strip("+")


class JsonLines:
    """One JSON object a line, for programs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, event: Event) -> None:
        """Print one event."""
        click.echo(json.dumps(event.as_json(), default=str))


@dataclass
class PlainLines:
    """One line an event, for logs: the task's name before everything that it says."""

    _began: dict[str, float] = field(default_factory=dict, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, event: Event) -> None:
        """Print one event, or nothing for those that tell a log's reader nothing."""
        if isinstance(event, events.TaskStarted) and event.task.operator:
            self._began[event.task.full_name] = time.monotonic()
            click.echo(f"{short(event.task.full_name)}: {event.description}")
        elif isinstance(event, events.TaskOutput):
            click.echo(f"{short(event.task)}| {event.text.rstrip()}")
        elif isinstance(event, events.TaskRetrying):
            click.echo(
                f"{short(event.task.full_name)}: try {event.retry + 1} in {event.seconds:.0f} s: {event.message}"
            )
        elif isinstance(event, events.TaskFinished) and event.task.operator:
            seconds = time.monotonic() - self._began.get(event.task.full_name, time.monotonic())
            click.echo(f"{short(event.task.full_name)}: {event.task.state} after {seconds:.1f} s")


@dataclass
class _Row:
    state: str = "waiting"
    began: float | None = None
    seconds: float | None = None
    said: str = ""


@dataclass
class LiveTable:
    """A table that follows the run: one row a task that does something, with its time and last line.

    Parameters
    ----------
    console
        A terminal.
    """

    console: Console
    _rows: dict[str, _Row] = field(default_factory=dict, init=False)
    _live: Live | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        from rich.live import Live

        self._live = Live(
            get_renderable=self._draw, console=self.console, refresh_per_second=8, transient=False
        )
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take one event into the table; what a failed task said is printed above it."""
        if isinstance(event, events.AttemptStarted):
            self._add(event.attempt.tasks)
        elif isinstance(event, events.TasksAdded):
            self._add(event.tasks)
        elif isinstance(event, events.TaskStarted) and event.task.operator:
            row = self._rows.setdefault(event.task.full_name, _Row())
            row.state, row.began, row.seconds = "running", time.monotonic(), None
        elif isinstance(event, events.TaskOutput):
            self._rows.setdefault(event.task, _Row()).said = event.text.strip()
        elif isinstance(event, events.TaskRetrying):
            row = self._rows.setdefault(event.task.full_name, _Row())
            row.state, row.said = f"try {event.retry + 1} in {event.seconds:.0f} s", event.message or row.said
        elif isinstance(event, events.TaskFinished | events.TaskBlocked):
            self._end(event.task)

    def _add(self, tasks: tuple[Task, ...]) -> None:
        for task in tasks:
            if task.operator:
                self._rows.setdefault(task.full_name, _Row())

    def _end(self, task: Task) -> None:
        row = self._rows.get(task.full_name)
        if row is None:
            return
        row.state = str(task.state)
        row.seconds = time.monotonic() - row.began if row.began is not None else None

    def _draw(self) -> Table:
        from rich.markup import escape
        from rich.spinner import Spinner
        from rich.table import Table

        table = Table(box=None, pad_edge=False, expand=True)
        table.add_column("task", no_wrap=True)
        table.add_column("", width=10, no_wrap=True)
        table.add_column("time", justify="right", width=8)
        table.add_column("says", ratio=1, no_wrap=True, overflow="ellipsis")
        now = time.monotonic()
        for name, row in self._rows.items():
            mark: Any = _MARKS.get(row.state, row.state)
            if row.state == "running":
                mark = Spinner("dots", text="running")
            spent = (
                row.seconds if row.seconds is not None else now - row.began if row.began is not None else None
            )
            table.add_row(
                escape(short(name)), mark, "" if spent is None else f"{spent:.1f} s", escape(row.said)
            )
        return table
