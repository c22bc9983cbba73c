"""A copy of this repository with servers of its own, in which whole commands run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from featuremart.cli.main import invoke

REPOSITORY = Path(__file__).parents[2]
COPIED = ("mart.toml", "features", "workflows", "embulk/sources", "embulk/warehouse", "requirements-data.txt")
MADE_ONCE = ("embulk", "venvs", "datasets")
"""What `mart images` and `mart demo data` make is the same for every copy."""


@dataclass(frozen=True)
class Mart:
    """A repository to run ``mart`` in."""

    root: Path

    def start(self, *words: str, quiet: bool = False) -> subprocess.Popen[str]:
        """Start one command; what it says on standard error belongs to the rest unless it shall be quiet."""
        command = [str(Path(sys.executable).with_name("mart")), *words]
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**os.environ, "MART_ROOT": str(self.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.STDOUT,
            text=True,
        )

    def __call__(self, *words: str, quiet: bool = False) -> tuple[int, str]:
        """Run one command; return its exit code and all that it said."""
        process = self.start(*words, quiet=quiet)
        said, _ = process.communicate(timeout=280)
        return process.returncode, said

    def ok(self, *words: str, quiet: bool = False) -> str:
        """Run one command that must end well."""
        code, said = self(*words, quiet=quiet)
        assert code == 0, said
        return said

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in a file of the repository; it must stand there."""
        file = self.root / name
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def restore(self, name: str) -> None:
        """Put a file back as it stands in the repository that this one is a copy of."""
        shutil.copy(REPOSITORY / name, self.root / name)

    def value(self, sql: str) -> str:
        """Return the one value of a query."""
        return self.ok("query", sql, "--format", "csv", quiet=True).splitlines()[-1]


@pytest.fixture(scope="session")
def mart(tmp_path_factory: pytest.TempPathFactory) -> Mart:
    """Make a mart with the real data in its warehouse, and nothing made of it yet."""
    os.environ.pop("MART_ROOT", None)
    assert invoke(["images"]) == 0
    root = tmp_path_factory.mktemp("mart")
    for name in COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    (root / ".mart").mkdir()
    for name in MADE_ONCE:
        (REPOSITORY / ".mart" / name).mkdir(parents=True, exist_ok=True)
        (root / ".mart" / name).symlink_to(REPOSITORY / ".mart" / name, target_is_directory=True)
    made = Mart(root)
    try:
        made.ok("up")
        made.ok("demo", "data")
        yield made
    finally:
        made.ok("down")
