"""A project out of a few lines, and what happens when it runs."""

from __future__ import annotations

import datetime as dt
import os
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from featuremart.workflow import Attempt, Event, load_project, run
from featuremart.workflow.events import TaskOutput

SESSION = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)


@dataclass
class Ran:
    """An attempt with its events."""

    attempt: Attempt
    events: list[Event]

    @property
    def stdout(self) -> list[str]:
        return "".join(event.text for event in self.events if isinstance(event, TaskOutput)).splitlines()

    @property
    def states(self) -> dict[str, str]:
        return {
            task.full_name.partition("+")[2].partition("+")[2]: str(task.state)
            for task in self.attempt.tasks[1:]
        }

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class Files:
    """A directory of workflows."""

    directory: Path
    root: Path
    environment: dict[str, str] = field(
        default_factory=lambda: {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    )

    def write(self, text: str, name: str = "w.dig") -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def load(self, **options):
        return load_project(self.directory, root=self.root, **options)

    def run(
        self, name: str = "w", params: dict | None = None, session: dt.datetime = SESSION, **options
    ) -> Ran:
        project = self.load(strict_operators=False)
        events: list[Event] = []
        options = {"environment": self.environment, "on_event": events.append, **options}
        attempt = run(project, project.workflow(name), session, params or {}, **options)
        return Ran(attempt, events)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Make an empty directory of workflows in an empty repository."""
    directory = tmp_path / "workflows"
    directory.mkdir()
    return Files(directory, tmp_path)
