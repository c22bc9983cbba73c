"""The error of a declaration that cannot be, and the questions that several declarations ask."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from featuremart.errors import UsageError

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class DeclarationError(UsageError):
    """An argument of ``Model``, ``FeatureTable``, ``@check`` and the like is wrong.

    Parameters
    ----------
    message
        The cause, in one sentence.
    argument
        Name of the argument, empty where it is about several.
    instead
        What to write instead.
    """

    def __init__(self, message: str, *, argument: str = "", instead: str = "") -> None:
        super().__init__(message, next_command=instead or None)
        self.argument = argument
        self.instead = instead


def need_text(value: Any, argument: str, *, example: str) -> str:
    """Return a text that says something, or refuse it."""
    if not isinstance(value, str) or not value.strip():
        raise DeclarationError(
            f"{argument} is a text, not {value!r}", argument=argument, instead=f'write {argument}="{example}"'
        )
    return value


def need_name(value: Any, argument: str, *, example: str) -> str:
    """Return a lower-case identifier, or refuse it."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise DeclarationError(
            f"{argument} is a name in lower case, not {value!r}",
            argument=argument,
            instead=f'write it like "{example}"',
        )
    return value


def need_names(value: Any, argument: str, *, example: str) -> tuple[str, ...]:
    """Return a list of different names as a tuple, or refuse it."""
    wanted = f'write {argument}=["{example}"]'
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise DeclarationError(
            f"{argument} is a list of names, not {value!r}", argument=argument, instead=wanted
        )
    names = tuple(need_name(name, argument, example=example) for name in value)
    if not names:
        raise DeclarationError(f"{argument} is empty", argument=argument, instead=wanted)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DeclarationError(
            f"{argument} names {twice[0]} twice", argument=argument, instead="name each column once"
        )
    return names


def need_count(value: Any, argument: str, *, least: int) -> int:
    """Return a whole number that is large enough, or refuse it."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise DeclarationError(
            f"{argument} is a whole number from {least} on, not {value!r}",
            argument=argument,
            instead=f"write {argument}={least} or more",
        )
    return value


def need_bool(value: Any, argument: str) -> bool:
    """Return True or False, or refuse the value."""
    if not isinstance(value, bool):
        raise DeclarationError(
            f"{argument} is True or False, not {value!r}", argument=argument, instead=f"write {argument}=True"
        )
    return value
