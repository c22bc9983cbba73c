"""Every recording of a real Digdag server is what happens here.

``NORMALISATIONS`` is the only place where a text is changed before it is compared, on both sides alike.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from featuremart.errors import ProblemsFound
from featuremart.workflow import Attempt, Clock, Event, Sessions, Task, load_project, run
from featuremart.workflow.events import TaskOutput, TaskStarted
from featuremart.workflow.project import find_workflows

RECORDINGS = Path(__file__).parent / "recordings"
SCHEDULES = json.loads((RECORDINGS / "golden" / "schedules.json").read_text())
SPEED = 4
"""How much faster than recorded time passes: the clock of the runner and the `sleep` of the cases alike."""

_FRAMES = (
    r'(?:\n+(?:\tfrom )?[ ]*File "[^"\n]*(?:<RUNNER>|runner\.py)"'
    r"(?:, line \d+, in [^\n]+\n[^\n]*(?:\n[ ~^]+(?=\n))?)?)+"
)
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
        _FRAMES,
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
        own = [
            event
            for event in started
            if event.workflow == self.attempt.workflow and not set("%@") & set(event.task.full_name)
        ]
        return sorted([event.task.full_name, self.plain(event.description).split("\n")[0]] for event in own)

    @property
    def tasks(self) -> list[dict[str, Any]]:
        return [self.task(task) for task in self.attempt.tasks]

    @property
    def errors(self) -> list[tuple[str, str]]:
        return [
            (task.full_name, without_blank_lines(self.plain(task.message))) for task in self.attempt.errors
        ]

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


BEFORE_ON_THE_SERVER = {"require_failed": ("failing_child",)}
"""What the server had run in the same session before: it ran the cases in the order of their names."""

CASES = recordings("cases") + [
    case for case in recordings("cases-invalid") if "startStatus" in case.content["server"]
]


@pytest.fixture(scope="module")
def project_of(tmp_path_factory: pytest.TempPathFactory):
    """Give each case the project that it was recorded in, in a folder of its own."""
    together = tmp_path_factory.mktemp("together") / "project"
    shutil.copytree(RECORDINGS / "cases", together)

    def make(case: Recording) -> Path:
        file = RECORDINGS / case.content["file"]
        if file.parent.name == "cases":
            return together
        alone = tmp_path_factory.mktemp(case.name) / "project"
        alone.mkdir()
        shutil.copy(file, alone)
        return alone

    return make


def run_case(case: Recording, side: str, directory: Path, scratch: Path) -> Seen:
    project = load_project(directory, strict_operators=False)
    sessions = Sessions()
    events = []
    if side == "local":
        tz = ZoneInfo(project.workflows[case.name].timezone)
        session_time = dt.datetime.fromisoformat(case.content["sessionOption"]).replace(tzinfo=tz)
    else:
        session_time = dt.datetime.fromisoformat(case.content["sessionTime"])
    common = {
        "environment": faster_environment(scratch.parent / "bin"),
        "scratch": directory / ".digdag" / "tmp",
        "sessions": sessions,
    }
    for before in BEFORE_ON_THE_SERVER.get(case.name, ()) if side == "server" else ():
        run(
            project,
            project.workflow(before),
            session_time,
            case.params(side, scratch),
            clock=Clock(SPEED),
            **common,
        )
    params = case.params(side, scratch)
    workflow = project.workflow(case.name)
    attempt = run(
        project, workflow, session_time, params, on_event=events.append, clock=Clock(SPEED), **common
    )
    return Seen(attempt, events, {str(scratch): "<SCRATCH>", directory.name + "/": "<PROJECT>/"})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_workflow_runs_as_recorded(case: Recording, project_of, tmp_path: Path) -> None:
    directory = project_of(case)
    seen = {}
    for side in ("local", "server"):
        scratch = tmp_path / side
        scratch.mkdir()
        same = side == "server" and runs_alike(case, directory)
        seen[side] = seen["local"] if same else run_case(case, side, directory, scratch)

    local, server = case.content["local"], case.content["server"]
    stdout = recorded_values("\n".join(local.get("stdout", []))).split("\n") if local.get("stdout") else []
    unordered = case.content.get("stdoutUnordered")
    assert (sorted if unordered else list)(seen["local"].stdout) == (sorted if unordered else list)(stdout)
    assert seen["local"].errors == recorded_errors(local["stderr"])
    # `digdag run` ends with 1 as soon as a task carries an error, also one that a retry made good
    assert bool(seen["local"].attempt.errors) == bool(local["exitCode"])

    assert seen["server"].tasks == recorded_values(server["tasks"])
    assert seen["server"].attempt.status == server["status"]
    assert seen["server"].attempt.exit_code == (0 if server["success"] else 1)
    assert seen["server"].log_first_lines == recorded_values(server["logFirstLines"])


def runs_alike(case: Recording, directory: Path) -> bool:
    """Tell whether a case was given the same on both sides, so that one run can be compared with both."""
    timezone = load_project(directory, strict_operators=False).workflows[case.name].timezone
    as_text = all(isinstance(value, str) for value in case.content["params"].values())
    return as_text and timezone == "UTC" and case.name not in BEFORE_ON_THE_SERVER


REFUSED = [case for case in recordings("cases-invalid") if case.content["server"]["push"]["status"] != 200]
IN_A_REFUSAL: tuple[tuple[str, str, str], ...] = (
    (
        r"^Validating project failed\nworkflow <PROJECT>/\w+\.dig ",
        "",
        "the frame of all problems of a project",
    ),
    (r"^(?:io\.[\w.]+: )?Validating workflow failed\n", "", "the frame of all problems of a workflow"),
    (r"^org\.[\w.]+: it\.[\w.]+: ", "", "names of Java classes"),
    (
        r"^Expected \[.*ZoneId.*\] for key 'timezone' but got \"(.*)\" \(string\)$",
        r"Unknown time zone name: \1",
        "Java's name of a type",
    ),
    (r"^this is no YAML: ", "", "an introduction of ours"),
    (
        r"\n? in 'string', line \d+, column \d+:\n(?:    .*\n)+",
        "\n",
        "where it is: compared with the line of the problem",
    ),
    (
        r"\\t\(TAB\)' (that cannot start any token)\.[^\n]*",
        r"\\t' \1",
        "what to do instead is another field here",
    ),
    (
        r"^while scanning an alias(?:.|\n)*/\(47\)\n*$|^found undefined alias '/5'$",
        "not an alias",
        "`*/5`: one parser stops at the slash, the other looks for it",
    ),
)
LINES = {
    "after_later_task": [3],
    "after_unknown": [5],
    "after_without_parallel": [4],
    "bad_cron": [3],
    "bad_error_block": [3],
    "bad_indent": [3],
    "bad_parallel": [2],
    "bad_schedule": [3],
    "bad_timezone": [1],
    "disable_expr": [4],
    "export_not_map": [1],
    "group_disabled_typo": [2],
    "group_unknown_key": [2, 3],
    "meta_key": [1],
    "name_colon": [1],
    "name_slash": [1],
    "name_space": [1],
    "name_unicode": [1],
    "no_operator": [2],
    "null_group": [1],
    "only_comment": [1],
    "operator_and_subtasks": [3],
    "tabs": [2],
    "task_without_plus": [1],
    "top_level_list": [1],
    "top_level_operator": [1],
    "top_level_string": [1],
    "two_operators": [3],
    "unclosed_quote": [3],
    "unquoted_colon": [2],
    "unquoted_star": [2],
}
"""Where each problem stands; the server names a line only where the YAML is wrong."""


def refusal(message: str) -> list[str]:
    """Return the problems that a server's message tells of."""
    for pattern, replacement, _reason in IN_A_REFUSAL:
        message = re.sub(pattern, replacement, message)
    task, keys, listed = message.partition(" contains invalid keys: ")
    if keys:
        # the server tells of all keys of a task at once, here each has its own line
        return [f"{task} contains the invalid key '{key}'" for key in re.findall(r"(?:^|, )'(\w+)'", listed)]
    return [", ".join(message.rstrip("\n").split("\n"))]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_workflow_is_refused_as_recorded(case: Recording, project_of) -> None:
    directory = project_of(case)

    with pytest.raises(ProblemsFound) as refused:
        load_project(directory, strict_operators=False)

    body = case.content["server"]["push"]["body"]
    expected = body.get("message") or body["<HTML error page>"]
    problems = refused.value.problems
    assert [refusal(problem.message) for problem in problems] == [[message] for message in refusal(expected)]
    assert [problem.where.file for problem in problems] == [f"project/{case.name}.dig"] * len(problems)
    assert [problem.where.line for problem in problems] == LINES[case.name]
    lines_of_the_parser = re.findall(r"in 'string', line (\d+)", expected)
    assert not lines_of_the_parser or LINES[case.name] == [int(lines_of_the_parser[-1])]
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "schedule_from"),
    [(name, moment) for name, moments in SCHEDULES["schedules"].items() for moment in moments],
)
def test_the_next_session_is_the_recorded_one(name: str, schedule_from: str, tmp_path: Path) -> None:
    shutil.copy(RECORDINGS / "cases-schedules" / f"{name}.dig", tmp_path)
    recorded = SCHEDULES["schedules"][name][schedule_from]

    workflows, problems = find_workflows(tmp_path, tmp_path)

    if "error" in recorded:
        assert [problem.message for problem in problems] == [recorded["error"]]
        return
    assert problems == []
    session = workflows[name].schedule.first(dt.datetime.fromisoformat(schedule_from))
    assert {
        "nextScheduleTime": session.time.isoformat(),
        "nextRunTime": session.run_time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    } == recorded
