"""The recordings of a real Digdag server, and how a run here is compared with them.

``NORMALISATIONS`` is the only place where a text is changed before it is compared, on both sides alike.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featuremart.workflow.events import Attempt, Event, Task, TaskOutput, TaskStarted

RECORDINGS = Path(__file__).parent / "recordings"
SPEED = 4
"""How much faster than recorded time passes: the clock of the runner and the `sleep` of the cases alike."""

NORMALISATIONS: tuple[tuple[str, str, str], ...] = (
    (
        r"(\(SyntaxError)(?:.|\n)*?\)( \(config\)|$)",
        r"\1)\2",
        "GraalJS words a syntax error with the line of its own function, QuickJS otherwise",
    ),
    (
        r"(?:com\.fasterxml\.jackson\.core\.JsonParseException: )?Unrecognized token '(\w+)'(?:.|\n)*\(config\)",
        r"no JSON: \1 (config)",
        "the words of Java's JSON parser",
    ),
    (
        r"Parameter '\w+' is no JSON. Unrecognized token \"(\w+)\".* \(config\)",
        r"no JSON: \1 (config)",
        "the same in the words of Python's",
    ),
    (
        r"\[reference type, class com\.google\.common\.base\.Optional<int><\[simple type, class int\]>\]",
        "integer (int) type",
        "Java's name of a type",
    ),
    (
        r'(?:\n+(?:\tfrom )?[ ]*File "[^"\n]*(?:<RUNNER>|runner\.py)"'
        r"(?:, line \d+, in [^\n]+\n[^\n]*(?:\n[ ~^]+(?=\n))?)?)+",
        '\n  File "<RUNNER>"',
        "how many frames a traceback has in the runner of py> is that program's own matter",
    ),
    (r"digdag-(sh|py)-[^/\s]+/", r"digdag-\1-<RANDOM>/", "a random name"),
    (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<UUID>", "a random number"),
    (r"((?:Session|attempt) id|projectId): \d+", r"\1: <ID>", "a number that the server counts up"),
)


def normalised(text: str) -> str:
    """Apply every normalisation."""
    for pattern, replacement, _reason in NORMALISATIONS:
        text = re.sub(pattern, replacement, text)
    return text


@dataclass(frozen=True)
class Recording:
    """One golden."""

    name: str
    content: dict[str, Any]

    @property
    def file(self) -> Path:
        return RECORDINGS / self.content["file"]

    def params(self, side: str, scratch: Path) -> dict[str, Any]:
        params = {**self.content["params"], "scratch": str(scratch)}
        return {key: str(value) for key, value in params.items()} if side == "local" else params


def recordings(folder: str) -> list[Recording]:
    """List the goldens of the cases of a folder."""
    names = sorted(path.stem for path in (RECORDINGS / folder).glob("*.dig"))
    found = [RECORDINGS / "golden" / f"{name}.json" for name in names]
    return [Recording(path.stem, json.loads(path.read_text())) for path in found if path.exists()]


def faster_environment(folder: Path) -> dict[str, str]:
    """Return an environment in which `sleep` is as much faster as the runner's clock."""
    folder.mkdir(exist_ok=True)
    script = folder / "sleep"
    script.write_text(
        f"#!/bin/sh\nn=$(( $1 * 100 / {SPEED} ))\n"
        f'exec {shutil.which("sleep")} "$(( n / 100 )).$(printf %02d $(( n % 100 )))"\n'
    )
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@dataclass
class Seen:
    """What a run here did, in the words of a golden."""

    attempt: Attempt
    events: list[Event]
    replacements: dict[str, str]

    def plain(self, text: str) -> str:
        for found, placeholder in self.replacements.items():
            text = text.replace(found, placeholder)
        return normalised(text)

    @property
    def stdout(self) -> list[str]:
        written = "".join(event.text for event in self.events if isinstance(event, TaskOutput))
        return self.plain(written).removesuffix("\n").split("\n") if written else []

    @property
    def log_first_lines(self) -> list[list[str]]:
        """Return what tasks said that they do; not of names with % or @, whose log files the recording lacks."""
        started = [event for event in self.events if isinstance(event, TaskStarted) and event.retry == 0]
        own = [event for event in started if event.workflow == self.attempt.workflow and not set("%@") & set(event.task.full_name)]
        return sorted([event.task.full_name, self.plain(event.description).split("\n")[0]] for event in own)

    @property
    def tasks(self) -> list[dict[str, Any]]:
        return [self.task(task) for task in self.attempt.tasks]

    @property
    def errors(self) -> list[tuple[str, str]]:
        return [(task.full_name, without_blank_lines(self.plain(task.message))) for task in self.attempt.errors]

    def task(self, task: Task) -> dict[str, Any]:
        shown = {
            "index": task.index,
            "fullName": task.full_name,
            "operator": task.operator,
            "isGroup": task.is_group,
            "parent": task.parent,
            "upstreams": list(task.upstreams),
            "state": str(task.state),
            "config": task.config,
            "ran": task.ran,
        }
        more = {
            "exportParams": task.export_params,
            "storeParams": task.store_params,
            "stateParams": task.state_params,
            "error": task.error,
        }
        return self.values({**shown, **{key: value for key, value in more.items() if value}})

    def values(self, value: Any) -> Any:
        placeholders = {"stacktrace": "<STACKTRACE>", "wait_start_time_millis": "<MILLIS>"}
        if isinstance(value, dict):
            return {key: placeholders.get(key) or self.values(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.values(item) for item in value]
        return self.plain(value) if isinstance(value, str) else value


def recorded_values(value: Any) -> Any:
    """Normalise the texts of a golden."""
    if isinstance(value, dict):
        return {key: recorded_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [recorded_values(item) for item in value]
    return normalised(value) if isinstance(value, str) else value


def recorded_errors(stderr: list[str]) -> list[tuple[str, str]]:
    """Read what `digdag run` printed at its end: the failed tasks with their messages."""
    blocks = re.split(r"^  \* ", "\n".join(stderr), flags=re.MULTILINE)[1:]
    found = []
    for block in blocks:
        name, _, message = block.partition(":\n")
        found.append((name, without_blank_lines(normalised(message.removeprefix("    ")))))
    return found


def without_blank_lines(text: str) -> str:
    """Leave out the lines that a golden leaves out of `stderr`."""
    return "\n".join(line for line in text.split("\n") if line)
