"""The worker's requirements of a new model: declared by hand, locked with hashes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from featuremart.catalog.modules import FOLDER
from featuremart.catalog.requirements import DECLARED, LOCKED
from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 300.0
_OLDEST_PYTHON = "3.11"


def locked(root: Path, declared: str, announce: Callable[[str], None]) -> str:
    """Return the locked form of requirements.

    A model that declares the same has them locked already: the two then share versions, and nothing is asked of a
    package index. Otherwise ``uv`` locks them.

    Parameters
    ----------
    root
        The repository's root.
    declared
        Text of ``requirements.in``.
    announce
        Told one line before a package index is asked.

    Raises
    ------
    WorkFailed
        Where ``uv`` is not there or fails.
    """
    for path in sorted((root / FOLDER).glob(f"*/{DECLARED}")):
        same = _lines(path.read_text(encoding="utf-8")) == _lines(declared)
        if same and path.with_name(LOCKED).is_file():
            return path.with_name(LOCKED).read_text(encoding="utf-8")
    announce("locking the worker's requirements with uv")
    return _lock(declared)


def _lines(text: str) -> set[str]:
    return {line.partition("#")[0].strip() for line in text.splitlines()} - {""}


def _lock(declared: str) -> str:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.is_file() else shutil.which("uv")
    if uv is None:
        raise WorkFailed("uv, which locks requirements, is not installed", next_command="make setup")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / DECLARED, Path(folder) / LOCKED
        source.write_text(declared, encoding="utf-8")
        command = [
            uv, "pip", "compile", "--quiet", str(source), "--universal", "--python-version", _OLDEST_PYTHON,
            "--generate-hashes", "--no-annotate", "--no-header", "--output-file", str(target),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST, check=False)
        except subprocess.TimeoutExpired as error:
            raise WorkFailed(
                "uv did not lock the requirements within five minutes", next_command="make lock"
            ) from error
        if done.returncode:
            raise WorkFailed(
                f"uv cannot lock the requirements: {done.stderr.strip()}", next_command="make lock"
            )
        return target.read_text(encoding="utf-8")
