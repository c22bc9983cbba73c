"""Every workflow that loads does here what it did on a real server."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from featuremart.workflow import Clock, Sessions, load_project, run
from tests.workflow.recorded import (
    RECORDINGS,
    SPEED,
    Recording,
    Seen,
    faster_environment,
    recorded_errors,
    recorded_values,
    recordings,
)

BEFORE_ON_THE_SERVER = {"require_failed": ("failing_child",)}
"""What the server had run in the same session before: it ran the cases in the order of their names."""

CASES = recordings("cases") + [case for case in recordings("cases-invalid") if "startStatus" in case.content["server"]]


@pytest.fixture(scope="module")
def project_of(tmp_path_factory: pytest.TempPathFactory):
    """Give each case the project that it was recorded in, in a folder of its own."""
    together = tmp_path_factory.mktemp("together") / "project"
    shutil.copytree(RECORDINGS / "cases", together)

    def make(case: Recording) -> Path:
        if case.file.parent.name == "cases":
            return together
        alone = tmp_path_factory.mktemp(case.name) / "project"
        alone.mkdir()
        shutil.copy(case.file, alone)
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
        run(project, before, session_time, case.params(side, scratch), clock=Clock(SPEED), **common)
    params = case.params(side, scratch)
    attempt = run(project, case.name, session_time, params, on_event=events.append, clock=Clock(SPEED), **common)
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
