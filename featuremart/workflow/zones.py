"""Time zones as Digdag names them."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from featuremart.errors import did_you_mean
from featuremart.workflow.values import ConfigError

_OFFSET = re.compile(r"(?:(?:UTC|GMT|UT)(?=[+-]))?([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?")
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_STEP = 7 * 24 * 3600


@cache
def zone(name: str) -> dt.tzinfo:
    """Find a time zone by its name, or by its distance from UTC such as ``+09:00``.

    Raises
    ------
    ConfigError
        Where there is none of that name.
    """
    if name == "Z":
        return dt.UTC
    match = _OFFSET.fullmatch(name)
    if match:
        sign, hours, minutes, seconds = match.groups()
        distance = dt.timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
        if distance <= dt.timedelta(hours=18):  # Java's limit
            return dt.timezone(-distance if sign == "-" else distance)
    elif re.fullmatch(r"[A-Za-z][A-Za-z0-9~/._+-]+", name):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    hint = did_you_mean(name, available_timezones())
    raise ConfigError(f"Unknown time zone name: {name}", "timezone", hint)


@cache
def transitions(name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """List when a zone's distance from UTC changes, for the JavaScript engine, which knows no zones.

    Returns
    -------
    moments
        Milliseconds since 1970 of each change between 1900 and 2100.
    offsets
        Seconds east of UTC; one more than there are moments: before, between and after them.
    """
    tz = zone(name)

    def offset(second: int) -> int:
        moment = _EPOCH + dt.timedelta(seconds=second)
        distance = moment.astimezone(tz).utcoffset()
        return round(distance.total_seconds()) if distance else 0

    start = round((dt.datetime(_FIRST_YEAR, 1, 1, tzinfo=dt.UTC) - _EPOCH).total_seconds())
    end = round((dt.datetime(_LAST_YEAR, 1, 1, tzinfo=dt.UTC) - _EPOCH).total_seconds())
    moments: list[int] = []
    offsets = [offset(start)]
    if isinstance(tz, dt.timezone):
        return (), tuple(offsets)
    for before in range(start, end, _STEP):
        low, high = before, before + _STEP
        if offset(high) == offsets[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offsets[-1] else (low, middle)
        moments.append(high * 1000)
        offsets.append(offset(high))
    return tuple(moments), tuple(offsets)


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
