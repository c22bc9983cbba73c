"""``mart new model``: a package with its declaration and its worker's requirements."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from featuremart import catalog
from featuremart.catalog.modules import FOLDER
from featuremart.catalog.names import name_problem
from featuremart.catalog.requirements import DECLARED, LOCKED
from featuremart.errors import UsageError, Where
from featuremart.steps.scaffold.files import Written, write_all
from featuremart.steps.scaffold.rendering import render
from featuremart.steps.scaffold.requirements import locked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_EXAMPLE_OWNER = "team@example.com"


def new_model(
    root: Path, name: str, *, owner: str | None, predicts: str | None, announce: Callable[[str], None]
) -> Written:
    """Write a model without tables.

    Parameters
    ----------
    root
        The repository's root.
    name
        Its name: the package's.
    owner
        Who answers for it; the git user where not given.
    predicts
        What it predicts, in a few words; to be filled in where not given.
    announce
        Told one line before anything that takes long.

    Raises
    ------
    UsageError
        For a name that is taken or cannot be one.
    WorkFailed
        Where its requirements cannot be locked, or the files not be written.
    """
    refuse_name(name, what="a model")
    folder = f"{FOLDER}/{name}"
    if (root / folder).exists():
        raise UsageError(
            f"the model {name} is there already",
            where=Where(folder),
            next_command=f"mart new table {name} NAME",
        )
    wanted = one_line(predicts or f"say what {name} predicts", option="--predicts")
    declared = render("worker_requirements")
    contents = {
        f"{folder}/__init__.py": render(
            "model",
            headline=_sentence(wanted),
            owner=one_line(owner or git_user(root), option="--owner"),
            predicts=wanted,
        ),
        f"{folder}/{DECLARED}": declared,
        f"{folder}/{LOCKED}": locked(root, declared, announce),
    }
    sources = sorted(catalog.read(root)[0].sources)
    example = sources[0] if sources else "SOURCE"
    return write_all(root, contents, next_commands=(f"mart new table {name} NAME --source {example}",))


def refuse_name(name: str, *, what: str) -> None:
    """Refuse what cannot be a name of Python and SQL."""
    wrong = name_problem(name, what=what)
    if wrong is not None:
        message, instead = wrong
        raise UsageError(message, next_command=instead)


def one_line(text: str, *, option: str) -> str:
    """Return a text that can stand in a quoted string of one line, or refuse it."""
    words = " ".join(text.split())
    if not words or any(character in words for character in '"\\') or not words.isprintable():
        raise UsageError(
            f"{option} {text!r} is no plain text", next_command="leave out quotes and backslashes"
        )
    return words


def git_user(root: Path) -> str:
    """Return the address of who works here, as git has it; an example where git has none."""
    command = ["git", "-C", str(root), "config", "user.email"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or _EXAMPLE_OWNER


def _sentence(words: str) -> str:
    text = words[0].upper() + words[1:]
    return text if text.endswith(".") else f"{text}."
