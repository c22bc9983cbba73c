"""The workers' virtual environments: what each model's image would hold, made from its own locked requirements."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

from featuremart.errors import UsageError, Where, WorkFailed
from featuremart.local import processes

if TYPE_CHECKING:
    from pathlib import Path

    from featuremart.local.home import Home

_MADE = ".made"
_DONE = "made-of"
_LINES_SHOWN = 20
_LOCK_WITHIN = 900.0


def make_worker(model: str, home: Home) -> bool:
    """Make a model's virtual environment, unless the one that is there was made of the same.

    It is made beside, complete, and then takes the name ``.mart/venvs/<model>`` in one move. A task that
    runs in the one before keeps it until the next change.

    Parameters
    ----------
    model
        Name of the model; ``features/<model>/requirements.txt`` pins and hashes all that it gets.
    home
        Of the local environment.

    Returns
    -------
    bool
        Whether it was made.

    Raises
    ------
    UsageError
        Where the model has no locked requirements.
    WorkFailed
        Where they cannot be installed, with what uv says.
    """
    from filelock import FileLock

    where = Where(f"features/{model}/requirements.txt")
    try:
        requirements = (home.root / where.file).read_bytes()
    except FileNotFoundError:
        raise UsageError(
            "the model has no locked requirements", where=where, next_command="make lock"
        ) from None
    digest = hashlib.sha256(f"{sys.executable} {sys.version}\n".encode() + requirements).hexdigest()
    made = home.venvs / _MADE / f"{model}-{digest[:16]}"
    link = home.venvs / model
    try:
        made.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(made.parent / f"{model}.lock", timeout=_LOCK_WITHIN):
            if link.is_symlink() and link.resolve() == made.resolve() and (made / _DONE).exists():
                return False
            _make(made, home.root / where.file, where)
            _point(link, made)
            _remove_others(model, made)
    except OSError as error:
        raise WorkFailed(
            f"{home.venvs} cannot be written: {error.strerror or error}", next_command=f"df -h {home.root}"
        ) from error
    return True


def _make(folder: Path, requirements: Path, where: Where) -> None:
    """Make a virtual environment whole, or leave nothing."""
    if (folder / _DONE).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    uv = _uv()
    try:
        # relocatable: its scripts do not hold the path it was made at
        _run([uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, str(folder)], where)
        _run(
            [uv, "pip", "sync", "--quiet", "--require-hashes", "--allow-empty-requirements",
             "--python", str(folder / "bin" / "python"), str(requirements)],
            where,
        )  # fmt: skip
        (folder / _DONE).write_bytes(requirements.read_bytes())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _run(arguments: list[str], where: Where) -> None:
    done = subprocess.run(arguments, check=False, capture_output=True, text=True)
    if done.returncode:
        said = "\n".join(f"    {line}" for line in done.stderr.strip().splitlines()[-_LINES_SHOWN:])
        raise WorkFailed(
            f"the locked requirements cannot be installed; uv says:\n{said}",
            where=where,
            next_command="make lock, or mart images again once the package index answers",
        )


def _uv() -> str:
    """Return the path of uv: it is installed with the development requirements."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if not found:
        raise UsageError("uv is not installed: it makes the workers' environments", next_command="make setup")
    return found


def _point(link: Path, made: Path) -> None:
    """Let the model's name mean the new environment, in one move."""
    beside = link.with_name(f".{link.name}.{uuid.uuid4().hex}")
    beside.symlink_to(made.relative_to(link.parent), target_is_directory=True)
    beside.replace(link)


def _remove_others(model: str, keep: Path) -> None:
    """Remove the environments that the model had before, but those that a process runs in."""
    for folder in keep.parent.glob(f"{model}-*"):
        if (
            folder != keep
            and folder.is_dir()
            and not any(processes.with_words([str(folder / "bin" / "python")]))
        ):
            shutil.rmtree(folder, ignore_errors=True)
