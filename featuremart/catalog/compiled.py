"""The analyser's machine code: compiled once from its WebAssembly (half a minute), then read back in a moment.

What is read back is run as it stands, so it has to be what this user wrote: the folder and the file belong to the
user and nobody else may write there, and the file's name holds the digest of its content. A file that is not so is
made again; a folder that is not so is refused.
"""

from __future__ import annotations

import hashlib
import os
import platform
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from featuremart.errors import TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmtime import Engine, Module

CACHE_VARIABLE = "XDG_CACHE_HOME"
_LONGEST_COMPILATION = 600.0


def cache_folder() -> Path:
    """Return where compiled code is kept: the user's cache, or where ``XDG_CACHE_HOME`` says."""
    home = Path(os.environ.get(CACHE_VARIABLE, ""))
    return (home if home.is_absolute() else Path.home() / ".cache") / "featuremart"


def load_module(
    engine: Engine, wasm: Path, version: str, folder: Path, announce: Callable[[str], None]
) -> Module:
    """Return a WebAssembly module as machine code, compiling it where no good copy is kept.

    Parameters
    ----------
    engine
        What is to run it.
    wasm
        The WebAssembly.
    version
        Of the WebAssembly and of the compiler: another version is another file.
    folder
        Where compiled code is kept.
    announce
        Told one line before the long compilation.

    Raises
    ------
    UsageError
        Where others may write into the folder, or this user may not.
    TransientError
        Where another process has been compiling for ten minutes.
    """
    from filelock import FileLock, Timeout

    _prepare(folder)
    name = f"{wasm.stem}-{version}-{sys.platform}-{platform.machine()}"
    found = _kept(engine, folder, name)
    if found is not None:
        return found
    try:
        with FileLock(folder / f"{name}.lock", timeout=_LONGEST_COMPILATION, mode=0o600):
            return _kept(engine, folder, name) or _compile(engine, wasm, folder, name, announce)
    except Timeout as error:
        raise TransientError(
            f"another process has been compiling {wasm.name} for too long", next_command="ps"
        ) from error


def _prepare(folder: Path) -> None:
    """Make the folder; refuse one that anybody else could write into."""
    remedy = f"set {CACHE_VARIABLE} to a folder of yours"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = folder.stat()
    except OSError as error:
        raise UsageError(
            f"the cache folder {folder} cannot be made: {error.strerror}", next_command=remedy
        ) from error
    if not _is_ours(state):
        message = f"others may write into the cache folder {folder}: what it holds is not to be run"
        raise UsageError(message, next_command=f"chmod go-w {folder}, or {remedy}")


def _is_ours(state: os.stat_result) -> bool:
    return state.st_uid == os.getuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _kept(engine: Engine, folder: Path, name: str) -> Module | None:
    """Read a module back; None where none is kept, or none that is whole and ours."""
    from wasmtime import Module, WasmtimeError

    for path in sorted(folder.glob(f"{name}-*.cwasm")):
        try:
            state = path.lstat()
            if stat.S_ISREG(state.st_mode) and _is_ours(state) and path.name == _file_name(name, path):
                return Module.deserialize_file(engine, str(path))
        except (WasmtimeError, FileNotFoundError):
            # made for a processor that had more than this one, or replaced by another process just now
            continue
    return None


def _file_name(name: str, content: Path) -> str:
    with content.open("rb") as stream:
        return f"{name}-{hashlib.file_digest(stream, 'sha256').hexdigest()}.cwasm"


def _compile(engine: Engine, wasm: Path, folder: Path, name: str, announce: Callable[[str], None]) -> Module:
    """Compile, keep the result under its name in one move, and drop what was kept before."""
    from wasmtime import Module

    announce(f"compiling the SQL analyser for this machine, once: about half a minute ({folder})")
    module = Module.from_file(engine, wasm)
    handle, made = tempfile.mkstemp(dir=folder, prefix=f"{name}-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(module.serialize())
        old = list(folder.glob(f"{name}-*.cwasm"))
        path = folder / _file_name(name, Path(made))
        Path(made).replace(path)
        for other in old:
            if other != path:
                other.unlink(missing_ok=True)
    except OSError as error:
        Path(made).unlink(missing_ok=True)
        message = f"the compiled SQL analyser cannot be kept in {folder}: {error.strerror}"
        raise UsageError(message, next_command=f"make room there, or set {CACHE_VARIABLE}") from error
    return module
