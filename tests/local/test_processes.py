"""Processes are found by what they say of themselves, and are gone when they are said to be."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from featuremart.local import processes


@pytest.fixture
def unasked():
    """Return a process whose parent never asks for its end, as the first process of many containers."""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, time; print(subprocess.Popen(['sleep', '1000']).pid, flush=True); time.sleep(1000)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        yield psutil.Process(int(parent.stdout.readline()))
        parent.kill()


def test_a_process_that_nobody_asks_for_has_ended_all_the_same(unasked):
    began = time.monotonic()
    processes.stop([unasked], within=20)
    assert time.monotonic() - began < 10
    assert unasked.status() == psutil.STATUS_ZOMBIE


def test_a_process_that_ignores_the_asking_is_killed():
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, text=True) as stubborn:
        stubborn.stdout.readline()
        processes.stop([psutil.Process(stubborn.pid)], within=0.1)
        assert not psutil.pid_exists(stubborn.pid)


def test_a_process_that_runs_has_not_ended(unasked):
    assert not processes.wait(unasked, within=0.05)


def test_a_spawned_process_gets_only_what_it_is_given(tmp_path):
    log = tmp_path / "log"
    for _ in range(2):
        pid = processes.spawn(["/usr/bin/env"], environment={"A": "1"}, log=log)
        assert processes.wait(psutil.Process(pid), within=10)
    assert log.read_text() == "A=1\nA=1\n", "output is appended"
    assert log.stat().st_mode & 0o077 == 0, "a log is its owner's alone"


def test_the_plain_environment_holds_no_credentials(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("TMPDIR", "/somewhere")
    environment = processes.plain_environment({"HOME": "/home/task", "X": "1"})
    assert environment["TMPDIR"] == "/somewhere"
    assert (environment["HOME"], environment["X"]) == ("/home/task", "1")
    assert "AWS_SECRET_ACCESS_KEY" not in environment
