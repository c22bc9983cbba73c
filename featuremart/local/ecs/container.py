"""The process between the ECS server and a task's command, as a container runtime's is.

It starts the command, passes SIGTERM on to it, and writes down how it ended, also when the server was killed
meanwhile. Standard library only: it is started with ``python -I -S`` and takes a few milliseconds.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

EXIT_FILE = "exit.json"


def main(folder: Path, directory: str, command: list[str]) -> None:
    """Run a command to its end and write how it ended.

    Parameters
    ----------
    folder
        Of the task; gets ``exit.json``.
    directory
        Working directory of the command.
    command
        Program and arguments.
    """
    child: subprocess.Popen[bytes] | None = None
    asked = False

    def pass_on(number: int, frame: object) -> None:
        del frame
        nonlocal asked
        asked = True
        if child is not None:
            child.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    # The server starts us with it blocked, so that none comes before we can pass it on.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    try:
        child = subprocess.Popen(command, cwd=directory, start_new_session=True)
    except OSError as error:
        _write(folder, {"not_started": f"{error.strerror}: {error.filename or command[0]}"})
        return
    if asked:
        child.terminate()
    code = child.wait()
    _write(folder, {"exit_code": code if code >= 0 else 128 - code})


def _write(folder: Path, end: dict[str, object]) -> None:
    beside = folder / f"{EXIT_FILE}.new"
    beside.write_text(json.dumps(end))
    beside.replace(folder / EXIT_FILE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
