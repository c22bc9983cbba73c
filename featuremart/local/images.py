"""What stands for a container image on this machine: the words that the image's entry point is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from featuremart.local.home import Home

EMBULK = "embulk"
WORKER = "worker-"
"""An image is named ``embulk`` or ``worker-<model>``; a registry before it and a tag after it make no difference."""


class ImageMissing(Exception):
    """Nothing here stands for an image."""


def short_name(image: str) -> str:
    """Return an image's name without registry, tag and digest."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]


def entry_point(image: str, home: Home) -> list[str]:
    """Return the program and first arguments of an image; a task's command follows them.

    Raises
    ------
    ImageMissing
        Where ``mart images`` has not made it.
    """
    name = short_name(image)
    if name == EMBULK:
        return _embulk_command(home.embulk / "command.json")
    if name.startswith(WORKER):
        python = home.venvs / name.removeprefix(WORKER) / "bin" / "python"
        if not python.exists():
            raise ImageMissing(f"{python} does not exist")
        # the environment itself and not the name that points to it: it stays the same while the task runs
        return [str(python.parent.parent.resolve() / "bin" / "python"), "-m", "featuremart.batch"]
    raise ImageMissing(f"no image is called {name!r}")


def _embulk_command(file: Path) -> list[str]:
    """Read the words that the Embulk build left."""
    try:
        words = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ImageMissing(f"{file} does not exist") from None
    except ValueError as error:
        raise ImageMissing(f"{file} is not JSON: {error}") from None
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise ImageMissing(f"{file} is no list of words")
    return words


def models(root: Path) -> list[str]:
    """Return the names of the models of a repository: the packages under ``features/``, in order."""
    return sorted(file.parent.name for file in (root / "features").glob("*/__init__.py"))
