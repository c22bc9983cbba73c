"""Durations as people write them: ``30m``, ``3h``, ``1d12h``."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from featuremart.authoring.refusal import DeclarationError

_DURATION = re.compile(r"(?:(\d+)d)? ?(?:(\d+)h)? ?(?:(\d+)m)? ?(?:(\d+)s)?")


def parse_duration(value: Any, argument: str = "duration") -> dt.timedelta:
    """Read a duration.

    Parameters
    ----------
    value
        Whole days, hours, minutes and seconds in this order, each with its letter: ``2d``, ``3h``, ``1h 30m``.
    argument
        Name of the argument, for the message.

    Returns
    -------
    datetime.timedelta
        Longer than nothing.

    Raises
    ------
    DeclarationError
        Where the value is no such text, or no time at all.

    Examples
    --------
    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        try:
            found = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        except OverflowError:
            found = dt.timedelta(0)
        if found:
            return found
    raise DeclarationError(
        f"{argument} is a duration, not {value!r}",
        argument=argument,
        instead=f'write {argument}="3h" (letters: d, h, m, s)',
    )


def format_duration(duration: dt.timedelta) -> str:
    """Write a duration as :func:`parse_duration` reads it.

    Parameters
    ----------
    duration
        Whole seconds, longer than nothing.

    Examples
    --------
    >>> format_duration(dt.timedelta(seconds=5400))
    '1h30m'
    """
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return "".join(
        f"{count}{unit}" for count, unit in zip((days, hours, minutes, seconds), "dhms", strict=True) if count
    )
