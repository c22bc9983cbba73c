"""A copy of this repository with servers of its own and nothing made yet, for benchmarks of whole commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
SHARED = ("embulk", "venvs", "datasets")
"""What `mart images` and `mart demo data` made once: the same for every copy."""


@dataclass(frozen=True)
class MartCopy:
    """A repository to run ``mart`` in.

    Parameters
    ----------
    root
        Its folder.
    """

    root: Path

    def mart(self, *words: str) -> float:
        """Run one command and return the seconds that it took.

        Raises
        ------
        SystemExit
            Where it failed, with the end of what it said.
        """
        command = [str(Path(sys.executable).with_name("mart")), *words]
        environment = {**os.environ, "MART_ROOT": str(self.root), "PYTHONPATH": str(self.root)}
        began = time.perf_counter()
        ended = subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - began
        if ended.returncode:
            sys.exit(f"mart {' '.join(words)} failed:\n{(ended.stdout + ended.stderr)[-3000:]}")
        (self.root / f"{'-'.join(words)}.log".replace("/", "_")).write_text(ended.stdout, encoding="utf-8")
        return seconds


@contextmanager
def mart_copy() -> Iterator[MartCopy]:
    """Make a copy with running servers and a filled warehouse; stop and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="mart-bench-") as folder:
        root = Path(folder)
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in listed.stdout.split("\0"):
            if name and (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, root / name)
        (root / ".mart").mkdir()
        for name in SHARED:
            (ROOT / ".mart" / name).mkdir(parents=True, exist_ok=True)
            (root / ".mart" / name).symlink_to(ROOT / ".mart" / name, target_is_directory=True)
        copy = MartCopy(root)
        try:
            copy.mart("images")
            copy.mart("up")
            copy.mart("demo", "data")
            yield copy
        finally:
            copy.mart("down")
