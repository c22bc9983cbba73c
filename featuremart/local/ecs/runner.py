"""Run one task: start its container, watch it, send its output to the logs, stop it, say how it ended."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from featuremart.local import processes
from featuremart.local.ecs import container
from featuremart.local.ecs import task as states
from featuremart.local.ecs.logs import LogShipper, NoLog
from featuremart.local.images import ImageMissing, entry_point

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_logs import CloudWatchLogsClient

    from featuremart.local.ecs.task import Task
    from featuremart.local.home import Home

_POLL = 0.1
_LOOK_AT_MEMORY_EVERY = 0.5
_LOGS_WITHIN = 5.0
"""Seconds that the end of a task waits for the logs: they never decide how it ended."""
_MIB = 2**20


@dataclass(frozen=True)
class Surroundings:
    """What all tasks of a server share.

    Parameters
    ----------
    home
        Images, working directory.
    region, aws_endpoint
        What a task is told about AWS.
    logs
        CloudWatch Logs.
    changed
        Called with a task at each change of its state.
    """

    home: Home
    region: str
    aws_endpoint: str
    logs: CloudWatchLogsClient
    changed: Callable[[Task], None]


class Runner:
    """Runs one task in a thread of its own.

    Parameters
    ----------
    task
        As it is known; a task that runs already is watched again.
    folder
        Of the task.
    surroundings
        Of the server.
    """

    def __init__(self, task: Task, folder: Path, surroundings: Surroundings) -> None:
        self.task = task
        self._folder = folder
        self._around = surroundings
        self._lock = threading.Lock()
        self._stop_asked = threading.Event()
        if task.desired == "STOPPED":
            self._stop_asked.set()
        self._out_of_memory = False
        self._shipper = LogShipper(surroundings.logs, task.log, folder / "output") if task.log else None
        self._thread = threading.Thread(target=self._live, name=task.id, daemon=True)

    def start(self) -> None:
        """Begin: start the task, or find it again."""
        self._thread.start()

    def stop(self, *, code: str, reason: str) -> None:
        """Ask the task to end; returns at once."""
        self._change(lambda task, now: states.stop_asked(task, now, code=code, reason=reason))
        self._stop_asked.set()

    def tag(self, tags: dict[str, str]) -> None:
        """Add tags, or give them other values."""
        self._change(lambda task, _: task.model_copy(update={"tags": task.tags | tags}))

    def join(self, within: float) -> bool:
        """Wait until the task is STOPPED, and say whether it is."""
        self._thread.join(within)
        return not self._thread.is_alive()

    def _change(self, step: Callable[[Task, float], Task]) -> None:
        with self._lock:
            before = self.task
            self.task = step(before, time.time())
            if self.task is not before:
                self._around.changed(self.task)

    def _live(self) -> None:
        try:
            if self._was_started():
                if self.task.status != "RUNNING":
                    self._change(states.running)
                self._watch(_find_container(self._folder))
            else:
                self._begin()
        except Exception:  # whatever happens here, nobody may wait for this task for ever
            logging.getLogger(__name__).exception("task %s", self.task.id)
            self._kill_command(None)
            self._change(
                lambda task, now: states.ended(task, now, exit_code=None, reason="the ECS server failed")
            )

    def _was_started(self) -> bool:
        """Whether another server started the container before us, even if it was killed before it said so."""
        return self.task.status == "RUNNING" or (self._folder / "output").exists()

    def _begin(self) -> None:
        script = self.task.script
        if script.stuck:
            self._stop_asked.wait()
        if self._ended_before_start():
            return
        if self.task.status == "PROVISIONING":
            self._change(states.pending)
        self._stop_asked.wait(script.start_delay)
        if self._ended_before_start():
            return
        try:
            shim = self._start_container()
        except _NotStarted as error:
            reason = str(error)
            self._change(lambda task, now: states.failed_to_start(task, now, reason))
            return
        self._change(states.running)
        self._watch(shim)

    def _ended_before_start(self) -> bool:
        if self._stop_asked.is_set():
            self._change(lambda task, now: states.ended(task, now, exit_code=None))
        return self._stop_asked.is_set()

    def _start_container(self) -> psutil.Process:
        task = self.task
        if task.script.start_failure:
            raise _NotStarted(task.script.start_failure)
        try:
            command = [*entry_point(task.image, self._around.home), *task.command]
        except ImageMissing as error:
            raise _NotStarted(f"CannotPullContainerError: {error}: run mart images") from error
        try:
            if self._shipper:
                self._shipper.open()
        except NoLog as error:
            raise _NotStarted(
                f"ResourceInitializationError: failed to validate logger args: {error}"
            ) from error
        (self._folder / "tmp").mkdir(exist_ok=True)
        line = [
            sys.executable,
            "-I",
            "-S",
            container.__file__,
            str(self._folder),
            str(self._around.home.root),
        ]
        pid = processes.spawn(
            [*line, *command],
            environment=_environment(task, self._folder, self._around),
            log=self._folder / "output",
            blocked=(signal.SIGTERM,),
        )
        return psutil.Process(pid)

    def _watch(self, shim: psutil.Process | None) -> None:
        """Stay with the container until it ended, and say how."""
        began = time.monotonic()
        look_at_memory = began
        kill_at: float | None = None
        while shim is not None and not processes.wait(shim, within=_POLL):
            now = time.monotonic()
            if self._shipper:
                self._shipper.ship()
            if now >= look_at_memory:
                look_at_memory = now + _LOOK_AT_MEMORY_EVERY
                self._mind_memory(shim)
            self._play(now - began, shim)
            if self._stop_asked.is_set() and kill_at is None:
                kill_at = now + self.task.stop_timeout
                with suppress(psutil.Error):
                    shim.terminate()
            if kill_at is not None and now > kill_at:
                self._kill_command(shim)
        self._end(self._read_exit())

    def _play(self, seconds: float, shim: psutil.Process) -> None:
        """Do what was scripted for this moment of the task's life."""
        script = self.task.script
        if script.interrupt_after is not None and seconds >= script.interrupt_after:
            self.stop(code="SpotInterruption", reason=states.SPOT_INTERRUPTED)
        if script.kill_after is not None and seconds >= script.kill_after:
            self._kill_command(shim)

    def _mind_memory(self, shim: psutil.Process) -> None:
        """Kill the container where its processes together hold more than the task has."""
        used = 0
        with suppress(psutil.Error):
            for process in shim.children(recursive=True):
                used += process.memory_info().rss
        if used > self.task.memory * _MIB:
            self._out_of_memory = True
            self._kill_command(shim)

    def _kill_command(self, shim: psutil.Process | None) -> None:
        """Kill all of a container but the process that writes down how it ended."""
        processes.kill_task(self._folder, but=shim.pid if shim else None)

    def _read_exit(self) -> dict[str, object]:
        with suppress(OSError, ValueError):
            found: dict[str, object] = json.loads((self._folder / container.EXIT_FILE).read_text())
            return found
        return {}

    def _end(self, end: dict[str, object]) -> None:
        """Clear away what is left, then say that the task is STOPPED: whoever hears it finds all of its log."""
        self._kill_command(None)
        if self._shipper:
            self._shipper.finish(within=_LOGS_WITHIN)
        shutil.rmtree(self._folder / "tmp", ignore_errors=True)
        not_started = end.get("not_started")
        if not_started:
            reason = f"CannotStartContainerError: {not_started}"
            self._change(lambda task, now: states.failed_to_start(task, now, reason))
            return
        code = end.get("exit_code")
        exit_code = code if isinstance(code, int) and not self.task.script.lose_exit_code else None
        why = states.OUT_OF_MEMORY if self._out_of_memory else None
        self._change(lambda task, now: states.ended(task, now, exit_code=exit_code, reason=why))


class _NotStarted(Exception):
    """The container could not be started; the text is ECS's reason."""


def _environment(task: Task, folder: Path, around: Surroundings) -> dict[str, str]:
    """Return all variables of a task: this user's paths, what Fargate gives a task, what the definition says."""
    given = {
        "AWS_ENDPOINT_URL": around.aws_endpoint,
        "AWS_REGION": around.region,
        "AWS_DEFAULT_REGION": around.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_EC2_METADATA_DISABLED": "true",
        # this user's own profiles may hold real credentials, or other endpoints
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONPATH": around.home.python_path,
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(folder / "tmp"),
    }
    return processes.plain_environment(given | task.environment | {processes.TASK: str(folder)})


def _find_container(folder: Path) -> psutil.Process | None:
    """Return the process that looks after a task's command, None where it is gone."""
    found = {process.pid: process for process, _ in processes.with_words((container.__file__, str(folder)))}
    for process in found.values():
        with suppress(psutil.Error):
            # a child that it has just forked has the same words until it becomes the command
            if process.ppid() not in found:
                return process
    return None
