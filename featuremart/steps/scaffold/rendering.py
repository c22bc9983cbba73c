"""Texts from ``templates/``. A placeholder is ``%{name}``: a dollar sign is Digdag's, an at sign is Python's."""

from __future__ import annotations

import string
from importlib.resources import files
from typing import ClassVar


class _Template(string.Template):
    delimiter: ClassVar[str] = "%"


def render(name: str, **values: object) -> str:
    """Fill in a template.

    Parameters
    ----------
    name
        Its file's name without ``.txt``.
    values
        Value of each placeholder.

    Raises
    ------
    KeyError
        Where a placeholder has no value.
    """
    text = (files(__package__) / "templates" / f"{name}.txt").read_text(encoding="utf-8")
    return _Template(text).substitute(values)


def indented(text: str, by: int) -> str:
    """Return a text with every line that is not empty moved to the right."""
    return "".join(" " * by + line if line.strip() else line for line in text.splitlines(keepends=True))
