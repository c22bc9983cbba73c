"""Which run, task and attempt a step belongs to, read from the environment that started it."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RUN = "MART_RUN"
STARTED = "MART_STARTED"
REVISION = "MART_REVISION"
WORKFLOW = "MART_WORKFLOW"


@dataclass(frozen=True)
class Identity:
    """Who makes an output.

    Parameters
    ----------
    run
        The run: one execution of a workflow; the same for all of its steps and their retries.
    task
        The workflow task, or the step's own name where it was typed by a person.
    attempt
        This process: every try of a task is another.
    revision
        Git revision of the code, with ``-dirty`` where it was changed since; ``unknown`` outside of git.
    started
        When the run began, UTC.
    """

    run: str
    task: str
    attempt: str
    revision: str
    started: dt.datetime


def new_run(now: dt.datetime) -> str:
    """Return an id for a run that nobody named: sortable by time, unique by chance."""
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def identify(step: str, environment: Mapping[str, str], root: Path, *, now: dt.datetime) -> Identity:
    """Tell which run, task and attempt this process is.

    ``mart run`` names the run in ``MART_RUN``. A Digdag server passes its own parameters to a ``sh>`` task as
    environment variables: there, session and attempt name the run, and the task its name.

    Parameters
    ----------
    step
        What was typed, for example ``extract flights``.
    environment
        Environment variables.
    root
        The repository's root.
    now
        UTC.
    """
    session, attempt = environment.get("session_uuid"), environment.get("attempt_id")
    from_digdag = f"digdag-{session}-{attempt}" if session and attempt else None
    started = environment.get(STARTED)
    return Identity(
        run=_safe(environment.get(RUN) or from_digdag or new_run(now)),
        task=_safe(environment.get("task_name") or step),
        attempt=secrets.token_hex(8),
        revision=environment.get(REVISION) or revision_of(root),
        started=dt.datetime.fromisoformat(started) if started else now,
    )


def revision_of(root: Path) -> str:
    """Return the git revision that is checked out, with ``-dirty`` where files changed."""
    command = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--match=", "--dirty"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def _safe(text: str) -> str:
    """Make a name fit for an S3 key: task names hold plus signs, carets and spaces."""
    return re.sub(r"[^A-Za-z0-9._-]+", ".", text).strip(".")
