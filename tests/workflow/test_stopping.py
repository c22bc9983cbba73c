"""A run that is stopped leaves no process behind and no task open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from featuremart.workflow import Cancellation
from featuremart.workflow.events import TaskFinished, TaskOutput
from featuremart.workflow.state import DONE

STUBBORN = """
+first: {echo>: first}
+group:
  _parallel: true
  +stubborn:
    sh>: |
      trap '' TERM
      (trap '' TERM; sleep 60; echo never) > ${dir}/silent 2>&1 &
      echo $! >> ${dir}/pids
      sleep 60 &
      echo $! >> ${dir}/pids
      echo $$$$ >> ${dir}/pids
      echo ready
      while true; do sleep 1; done
  +polite:
    sh>: |
      trap 'echo "put away"; exit 0' TERM
      echo $$$$ >> ${dir}/pids
      echo ready
      while true; do sleep 0.05; done
  +waiting: {wait>: 1h}
+last: {echo>: never}
"""


class StopWhenReady:
    """A listener that asks to stop once so many tasks have said that they are ready."""

    def __init__(self, count: int, requests: int = 1) -> None:
        self.cancellation = Cancellation()
        self.missing = count
        self.requests = requests
        self.events = []

    def __call__(self, event) -> None:
        self.events.append(event)
        if isinstance(event, TaskOutput) and event.text == "ready\n":
            self.missing -= 1
            for _ in range(self.requests if self.missing == 0 else 0):
                self.cancellation.request()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def survivors(folder: Path, seconds: float = 10) -> list[int]:
    pids = [int(line) for line in (folder / "pids").read_text().split()]
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


@pytest.mark.parametrize("requests", [1, 2])
def test_a_stopped_run_leaves_no_process_and_no_open_task(files, requests: int) -> None:
    files.write(STUBBORN)
    listener = StopWhenReady(2, requests)
    started = time.monotonic()

    ran = files.run(
        params={"dir": str(files.root)},
        on_event=listener,
        cancellation=listener.cancellation,
        grace=0.5 if requests == 1 else 60,
    )

    assert survivors(files.root) == []
    assert ran.attempt.status == "killed"
    assert ran.attempt.exit_code == 1
    assert time.monotonic() - started < 30
    assert {task.state for task in ran.attempt.tasks} <= DONE
    states = {task.full_name: str(task.state) for task in ran.attempt.tasks}
    assert states.pop("+w+first") == "success"
    assert set(states.values()) == {"canceled"}
    assert {event.task.full_name for event in listener.events if isinstance(event, TaskFinished)} == {
        *states,
        "+w+first",
    }
    said = [event.text for event in listener.events if isinstance(event, TaskOutput)]
    assert "never\n" not in said
    assert ("put away\n" in said) or requests == 2


def test_a_required_workflow_is_stopped_with_the_one_that_asked(files) -> None:
    files.write("+t:\n  sh>: echo $$$$ >> ${dir}/pids; echo ready; sleep 60\n", "target.dig")
    files.write("+r:\n  require>: target\n  session_time: ${session_time}\n  params: {dir: '${dir}'}\n")
    listener = StopWhenReady(1)

    ran = files.run(params={"dir": str(files.root)}, on_event=listener, cancellation=listener.cancellation)

    assert survivors(files.root) == []
    assert [str(task.state) for task in ran.attempt.tasks] == ["canceled", "canceled"]


def test_a_run_that_was_stopped_before_it_began_starts_nothing(files) -> None:
    files.write("+t:\n  sh>: touch ${dir}/started\n")
    cancellation = Cancellation()
    cancellation.request()

    ran = files.run(params={"dir": str(files.root)}, cancellation=cancellation)

    assert ran.attempt.status == "killed"
    assert not (files.root / "started").exists()


@pytest.mark.parametrize("signals", ["cancel_on_signals(cancellation)", "nullcontext()"])
def test_control_c_stops_the_commands(files, signals: str) -> None:
    """Once with the signal turned into a request, once with the exception that Python makes of it."""
    files.write(STUBBORN)
    script = f"""
        import datetime as dt, sys
        from contextlib import nullcontext
        from pathlib import Path
        from featuremart.workflow import Cancellation, cancel_on_signals, load_project, run
        from featuremart.workflow.events import TaskOutput

        def show(event):
            if isinstance(event, TaskOutput):
                print(event.text, end="", flush=True)

        project = load_project(Path(sys.argv[1]) / "workflows")
        cancellation = Cancellation()
        with {signals}:
            attempt = run(project, project.workflow("w"), dt.datetime(2026, 1, 15, tzinfo=dt.UTC), {{"dir": sys.argv[1]}},
                          on_event=show, cancellation=cancellation, grace=0.5)
        print(attempt.status)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(files.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = 0
        while ready < 2:
            ready += process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGINT)
        said = process.stdout.read()

    assert said.splitlines()[-1] == "killed"
    assert process.returncode == 0
    assert survivors(files.root) == []
