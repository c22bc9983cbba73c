"""Start a process that outlives us, find it again, stop it.

A process is known by words that its command line or environment holds, not by its number alone: a number may
belong to somebody else by the time that it is read again.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import psutil

_POLL = 0.02
_KILLED_WITHIN = 10.0
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "JAVA_HOME")
"""What a server or task gets of the environment of whoever starts it: no credentials, no settings."""

TASK = "FEATUREMART_LOCAL_TASK"
"""Variable that every process of an ECS task inherits: none is overlooked, whoever its parent became."""


def plain_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return a small environment: paths and language of this user, and what is added.

    Parameters
    ----------
    extra
        Added to it; wins.
    """
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | dict(extra)


def spawn(
    arguments: list[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    blocked: tuple[signal.Signals, ...] = (),
) -> int:
    """Start a process in a session of its own, its output appended to a file.

    ``posix_spawn`` and not ``subprocess``: nothing in this process waits for it, and it stays when we end.

    Parameters
    ----------
    arguments
        The program, with its full path, and its arguments.
    environment
        All of its environment.
    log
        File for its standard output and error.
    blocked
        Signals that it does not get until it unblocks them.

    Returns
    -------
    int
        Its process id.
    """
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(
        arguments[0],
        arguments,
        environment,
        file_actions=actions,
        setsid=True,
        setsigmask=blocked,
        setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGTERM),  # Python ignores the first
    )


def with_words(words: Iterable[str]) -> Iterator[tuple[psutil.Process, list[str]]]:
    """Yield the processes whose command line holds all the given words, with that line."""
    import psutil

    wanted = set(words)
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            line = process.cmdline()
            if wanted <= set(line):
                yield process, line


def of_task(folder: Path) -> Iterator[psutil.Process]:
    """Yield the processes of a task, or of all tasks below a folder.

    Parameters
    ----------
    folder
        The task's, or one above it.
    """
    import psutil

    wanted = str(folder)
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            value = process.environ().get(TASK, "")
            if value == wanted or value.startswith(f"{wanted}{os.sep}"):
                yield process


def kill_task(folder: Path, *, but: int | None = None) -> None:
    """Kill the processes of a task, or of all tasks below a folder, until a look finds none.

    Parameters
    ----------
    folder
        The task's, or one above it.
    but
        Number of a process that is left alone.
    """
    # what was being started during one look is found by the next
    deadline = time.monotonic() + _KILLED_WITHIN
    while time.monotonic() < deadline:
        found = [process for process in of_task(folder) if process.pid != but]
        if not found:
            return
        kill(found)


def wait(process: psutil.Process, *, within: float) -> bool:
    """Wait for a process to end, and say whether it did.

    A process that ended and that nobody has asked for its end (a zombie) has ended: where the first process of
    a machine does not ask, as in many containers, it stays in the list of processes for ever.
    """
    import psutil

    try:
        process.wait(within)
    except psutil.TimeoutExpired:
        with suppress(psutil.NoSuchProcess):
            return process.status() == psutil.STATUS_ZOMBIE
    return True


def is_gone(pid: int) -> bool:
    """Whether a process that we started has ended."""
    import psutil

    try:
        return wait(psutil.Process(pid), within=0)
    except psutil.NoSuchProcess:
        return True


def stop(processes: Iterable[psutil.Process], *, within: float) -> None:
    """Ask processes to end, wait, and kill those that do not.

    Parameters
    ----------
    processes
        May have ended already.
    within
        Seconds between asking and killing.
    """
    import psutil

    asked = list(processes)
    for process in asked:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    kill(_remaining(asked, within))


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill processes, and wait until they are gone."""
    import psutil

    killed = list(processes)
    for process in killed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _remaining(killed, _KILLED_WITHIN)


def _remaining(processes: list[psutil.Process], within: float) -> list[psutil.Process]:
    """Wait for all to end, and return those that have not in time."""
    deadline = time.monotonic() + within
    remaining = processes
    while remaining and time.monotonic() < deadline:
        remaining = [process for process in remaining if not wait(process, within=_POLL)]
    return remaining
