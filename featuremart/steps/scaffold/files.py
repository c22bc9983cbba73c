"""Write several files, all of them or none."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Written:
    """What was written.

    Parameters
    ----------
    created, changed
        Paths relative to the repository's root.
    next_commands
        What to type next.
    """

    created: tuple[str, ...]
    changed: tuple[str, ...]
    next_commands: tuple[str, ...] = ()


def write_all(root: Path, contents: Mapping[str, str], *, next_commands: tuple[str, ...] = ()) -> Written:
    """Write files in one step: whatever stops this, the repository is as before or as wanted.

    Parameters
    ----------
    root
        The repository's root.
    contents
        Path relative to it -> whole text.
    next_commands
        Handed on to the result.

    Raises
    ------
    WorkFailed
        Where they cannot be written; nothing is changed then.
    """
    before = {name: _read(root / name) for name in contents}
    folders: list[Path] = []
    staged: dict[str, Path] = {}
    done: list[str] = []
    try:
        for name, text in contents.items():
            folders += _make_folders((root / name).parent)
            staged[name] = _stage(root / name, text.encode())
        for name, path in staged.items():
            path.replace(root / name)
            done.append(name)
    except BaseException as error:
        _undo(root, before, staged, done, folders)
        if isinstance(error, OSError):
            raise WorkFailed(f"nothing was written: {error.strerror}: {error.filename}") from error
        raise
    return Written(
        created=tuple(sorted(name for name, content in before.items() if content is None)),
        changed=tuple(sorted(name for name, content in before.items() if content is not None)),
        next_commands=next_commands,
    )


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the ones that were not there, the deepest first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _stage(target: Path, content: bytes) -> Path:
    """Write the content beside its target, so that only a move is left to do."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        path.chmod(target.stat().st_mode if target.is_file() else 0o666 & ~_umask())
    except BaseException:
        path.unlink()
        raise
    return path


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _undo(
    root: Path,
    before: Mapping[str, bytes | None],
    staged: Mapping[str, Path],
    done: list[str],
    folders: list[Path],
) -> None:
    for name in done:
        content = before[name]
        if content is None:
            (root / name).unlink()
        else:
            (root / name).write_bytes(content)
    for name, path in staged.items():
        if name not in done:
            path.unlink(missing_ok=True)
    for folder in sorted(folders, key=lambda path: -len(path.parts)):
        with suppress(OSError):  # somebody else has put a file there meanwhile
            folder.rmdir()
