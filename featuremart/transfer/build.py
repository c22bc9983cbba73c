"""Build Embulk with the mart's plugins, from ``embulk/pom.xml`` by Maven, into ``.mart/embulk``."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

from featuremart.errors import UsageError, WorkFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COMMAND = "command.json"
"""The words that start Embulk; the configuration's URI follows them."""
JAVA = 17
"""The oldest Java that runs it."""
ARCHIVE = "classes.jsa"
"""Where :mod:`featuremart.transfer.rehearse` leaves the classes that a transfer needs, ready to be mapped."""
_JAR = "embulk.jar"
_STAMP = "built-from.sha256"
_LOG = "build.log"
_SHOWN = 12
_FLAGS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
)
"""A transfer is short and waits for networks: start-up counts, the optimising compiler does not."""
_MEMORY = "-Xmx1g"


def build(root: Path, *, target: Path | None = None, say: Callable[[str], None] = lambda _: None) -> Path:
    """Build Embulk, unless what stands there was built from the same sources.

    Parameters
    ----------
    root
        The repository, with ``embulk/pom.xml``.
    target
        Where to; ``.mart/embulk`` of the repository where not given.
    say
        Told what is done, a line at a time.

    Returns
    -------
    Path
        The file with the words that start Embulk.

    Raises
    ------
    UsageError
        Where Java or Maven are missing or too old.
    WorkFailed
        Where the build fails, with Maven's own errors.
    """
    from filelock import FileLock

    folder = (target or root / ".mart" / "embulk").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "build.lock"):
        stamp = _fingerprint(root / "embulk", folder)
        if _is_built(folder, stamp):
            say("Embulk: nothing to build, its sources are unchanged")
            return folder / COMMAND
        java, maven = _find_java(), _find_maven()
        say(
            "Embulk: building it and its plugins by Maven (the first time, some minutes: it loads the libraries)"
        )
        began = time.monotonic()
        _run_maven(maven, root, folder)
        _write_command(java, folder)
        (folder / _STAMP).write_text(stamp, encoding="utf-8")
        say(f"Embulk: built in {time.monotonic() - began:.0f} s")
    return folder / COMMAND


def _sources(embulk: Path) -> Iterator[Path]:
    for file in sorted(embulk.rglob("*")):
        inside = file.relative_to(embulk).parts
        if (
            file.is_file()
            and "target" not in inside
            and (inside[0] in {"main", "plugins"} or file.name == "pom.xml")
        ):
            yield file


def _fingerprint(embulk: Path, folder: Path) -> str:
    """Hash all that the build depends on, and where it goes: the words name the place."""
    if not (embulk / "pom.xml").is_file():
        raise UsageError(f"{embulk} has no pom.xml", next_command="cd into the repository of your mart")
    digest = hashlib.sha256(f"{folder}\0{_FLAGS}\0{_MEMORY}\0".encode())
    for file in _sources(embulk):
        digest.update(f"{file.relative_to(embulk).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _is_built(folder: Path, stamp: str) -> bool:
    try:
        same = (folder / _STAMP).read_text(encoding="utf-8") == stamp
    except FileNotFoundError:
        return False
    return same and (folder / _JAR).is_file() and (folder / COMMAND).is_file()


def _find_java() -> str:
    java = shutil.which("java")
    if java is None:
        raise UsageError(
            f"there is no Java: Embulk needs a JDK {JAVA} or newer",
            next_command=_install(f"openjdk-{JAVA}-jdk-headless"),
        )
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    if match is None or int(match[1]) < JAVA:
        found = match[1] if match else "of an unknown version"
        raise UsageError(
            f"Java {found} is too old: Embulk's plugins need a JDK {JAVA} or newer",
            next_command=_install(f"openjdk-{JAVA}-jdk-headless"),
        )
    return java


def _find_maven() -> str:
    maven = shutil.which("mvn")
    if maven is None:
        raise UsageError("there is no Maven: it builds Embulk", next_command=_install("maven"))
    return maven


def _install(package: str) -> str:
    return f"apt-get install {package}   # or your system's own way"


def _run_maven(maven: str, root: Path, folder: Path) -> None:
    shutil.rmtree(folder / "lib", ignore_errors=True)
    (folder / _STAMP).unlink(missing_ok=True)
    line = [maven, "--batch-mode", "--no-transfer-progress", "--file", str(root / "embulk" / "pom.xml")]
    line += [f"-Dmart.embulk={folder}", "-DskipTests", "package"]
    log = folder / _LOG
    with log.open("w", encoding="utf-8") as out:
        ended = subprocess.run(
            line, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
        )
    if ended.returncode != 0:
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [text for text in said if text.startswith("[ERROR]")] or said[-_SHOWN:]
        shown = "\n".join(f"    {text}" for text in errors[:_SHOWN])
        raise WorkFailed(
            f"Maven could not build Embulk (exit code {ended.returncode}); all it said is in {log}:\n{shown}",
            next_command="mvn --file embulk/pom.xml package",
        )


def _write_command(java: str, folder: Path) -> None:
    (folder / ARCHIVE).unlink(missing_ok=True)
    # No archive, or one of another build, is no error: the classes are loaded from their jars then.
    words = [java, *_FLAGS, _MEMORY, f"-XX:SharedArchiveFile={folder / ARCHIVE}", "-jar", str(folder / _JAR)]
    (folder / COMMAND).write_text(json.dumps(words, indent=1) + "\n", encoding="utf-8")
