"""Run commands as processes that can be told to stop, with everything they started.

Digdag's own kill is only a mark: the running ``sh>`` goes on to its end, and what it started is nobody's. That is
not followed here. A person who presses Ctrl-C waits in front of the terminal, and a step that is left running
would go on to write to the lake and to cost money. So every command leads a process group of its own; on a stop
the group gets SIGTERM, on which a step stops what it launched in the cloud, and SIGKILL when its time is over.
"""

from __future__ import annotations

import codecs
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_CHUNK = 65536


class Stopped(Exception):
    """A command was not started, because everything is being stopped."""


class Processes:
    """The commands that run at the moment."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._groups: set[int] = set()
        self._stopping: signal.Signals | None = None

    def run(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        on_text: Callable[[str], None],
    ) -> int:
        """Run a command to its end.

        Parameters
        ----------
        command
            Program and arguments.
        folder
            To run in.
        environment
            All of its variables.
        on_text
            Is given what it writes, standard output and standard error in one, line by line.

        Returns
        -------
        int
            Exit code; of a command that a signal ended 128 plus the signal, as a shell has it.

        Raises
        ------
        Stopped
            Where everything is being stopped.
        OSError
            Where it cannot be started.
        """
        with self._lock:
            if self._stopping is not None:
                raise Stopped
            process = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._groups.add(process.pid)
        with process:
            if process.stdout is not None:
                _read_lines(process.stdout.fileno(), on_text)
            code = process.wait()
            with self._lock:
                self._groups.discard(process.pid)
                if self._stopping is not None:
                    _signal(process.pid, signal.SIGKILL)  # what it left behind has had its time, too
        return code if code >= 0 else 128 - code

    def stop(self, *, kill: bool) -> None:
        """Send SIGTERM, or SIGKILL, to everything that runs; nothing can be started from now on."""
        wanted = signal.SIGKILL if kill else signal.SIGTERM
        with self._lock:
            if self._stopping in {wanted, signal.SIGKILL}:
                return
            self._stopping = wanted
            for group in self._groups:
                _signal(group, wanted)


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return  # it has ended by itself, with all that it started


def _read_lines(descriptor: int, on_text: Callable[[str], None]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    while chunk := os.read(descriptor, _CHUNK):
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in lines:
            on_text(line + "\n")
    rest += decoder.decode(b"", final=True)
    if rest:
        on_text(rest)
