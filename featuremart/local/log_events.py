"""Keep moto's CloudWatch Logs on disk, so that the log of a task can be read after ``mart down``."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS put (
    region TEXT NOT NULL, log_group TEXT NOT NULL, stream TEXT NOT NULL, newest INTEGER NOT NULL, events TEXT NOT NULL
);
"""
_KEPT_FOR = 13 * 86_400_000
"""Milliseconds; CloudWatch Logs takes no event that is older than 14 days, so an older one could not come back."""


def keep(file: Path) -> None:
    """Put the events of the last time into moto's Logs, and have each new one written down before it is answered.

    Parameters
    ----------
    file
        SQLite file; is made where it is missing.
    """
    from moto.logs import models

    backends = models.logs_backends["123456789012"]
    backend_class: Any = models.LogsBackend
    journal = sqlite3.connect(file, check_same_thread=False)
    journal.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + _SCHEMA)
    with journal:
        journal.execute("DELETE FROM put WHERE newest < ?", (int(time.time() * 1000) - _KEPT_FOR,))
    for region, group, stream, events in journal.execute("SELECT region, log_group, stream, events FROM put"):
        backend = backends[region]
        backend.ensure_log_group(group)
        backend.ensure_log_stream(group, stream)
        backend.put_log_events(group, stream, json.loads(events))

    put, lock = backend_class.put_log_events, threading.Lock()

    def put_and_write_down(
        self: Any, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> Any:
        answer = put(self, log_group_name, log_stream_name, log_events)
        if log_events:
            row = (
                self.region_name,
                log_group_name,
                log_stream_name,
                log_events[-1]["timestamp"],
                json.dumps(log_events),
            )
            with lock, journal:
                journal.execute("INSERT INTO put VALUES (?, ?, ?, ?, ?)", row)
        return answer

    backend_class.put_log_events = put_and_write_down
