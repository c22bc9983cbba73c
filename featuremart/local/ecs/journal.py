"""What the ECS server knows about tasks, kept so that it survives a kill: one folder a task."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from pydantic import ValidationError

from featuremart.local.ecs.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REMEMBERED_FOR = 3600.0
"""Seconds after which a stopped task is forgotten, as in the cloud."""
_FILE = "task.json"


class Journal:
    """Folders of tasks.

    Parameters
    ----------
    folder
        ``.mart/ecs/tasks``; is made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def folder_of(self, task_id: str) -> Path:
        """Return the folder of a task: its state, output, exit code and temporary files."""
        return self._folder / task_id

    def write(self, task: Task) -> None:
        """Write a task's state whole or not at all.

        Raises
        ------
        OSError
            Where the disk is full.
        """
        folder = self.folder_of(task.id)
        folder.mkdir(exist_ok=True)
        beside = folder / f"{_FILE}.new"
        beside.write_text(task.model_dump_json(), encoding="utf-8")
        beside.replace(folder / _FILE)

    def read(self) -> Iterator[Task]:
        """Yield every task that is remembered; a folder that no task was written to is removed."""
        for folder in sorted(self._folder.iterdir()):
            try:
                yield Task.model_validate_json((folder / _FILE).read_bytes())
            except (OSError, ValidationError):
                shutil.rmtree(folder, ignore_errors=True)

    def forget(self, task: Task) -> None:
        """Remove a task's folder."""
        shutil.rmtree(self.folder_of(task.id), ignore_errors=True)


def is_old(task: Task) -> bool:
    """Whether a task stopped so long ago that it is forgotten."""
    return task.stopped_at is not None and time.time() - task.stopped_at > REMEMBERED_FOR
