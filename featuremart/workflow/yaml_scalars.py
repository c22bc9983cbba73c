"""Plain scalars of a ``.dig`` file: what they are by their look, and their values.

The patterns are those that a Digdag server uses, which are neither YAML 1.1's nor 1.2's.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from featuremart.workflow.values import Json

_FLOAT = (
    r"[-+]?(?:\.[0-9]+|[1-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_MOMENT = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?"
)
_PATTERNS = tuple(
    (kind, re.compile(pattern), frozenset(first) or frozenset({""}))
    for kind, pattern, first in (
        ("bool", r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO"),
        ("int", r"[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)", "-+0123456789"),
        ("float", _FLOAT, "-+0123456789."),
        ("merge", r"<<", "<"),
        ("null", r"~|null|Null|NULL", "~nN"),
        ("null", r"", ""),
        ("timestamp", _MOMENT, "0123456789"),
    )
)
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?"
    r"(?:[ \t]*(?:Z|([-+])(\d\d?)(?::?(\d\d))?))?)?"
)


def kind_of_plain(text: str) -> str:
    """Tell what an unquoted scalar is: ``str``, ``int``, ``bool`` and so on."""
    for kind, pattern, first in _PATTERNS:
        if text[:1] in first and pattern.fullmatch(text):
            return kind
    return "str"


def _integer(text: str) -> Json:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    for prefix, base in (("0b", 2), ("0x", 16), ("0", 8)):
        if digits.startswith(prefix) and digits != "0":
            return sign * int(digits.removeprefix(prefix), base)
    return sign * int(digits)


def _float(text: str) -> Json:
    digits = text.replace("_", "").lower()
    if digits.endswith(("inf", "nan")):
        # JSON has no such numbers: Digdag writes them as text
        return "NaN" if digits.endswith("nan") else f"{'-' if digits.startswith('-') else ''}Infinity"
    sign = -1.0 if digits.startswith("-") else 1.0
    total = 0.0
    for part in digits.lstrip("+-").split(":"):
        total = total * 60 + float(part)
    return sign * total


def _timestamp(text: str) -> Json:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    months = int(year) * 12 + int(month) - 1  # a 13th month or a 30th of February runs over, as in Java
    start = dt.datetime(months // 12, months % 12 + 1, 1, tzinfo=dt.UTC)
    offset = dt.timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
    moment = start + dt.timedelta(
        days=int(day) - 1,
        hours=int(hour or 0),
        minutes=int(minute or 0),
        seconds=int(second or 0),
        milliseconds=round(float(f"0.{fraction or 0}") * 1000),
    )
    moment += offset if sign == "-" else -offset
    return round((moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(milliseconds=1))


SCALARS: dict[str, Callable[[str], Json]] = {
    "str": str,
    "bool": lambda text: text.lower() in {"yes", "true", "on"},
    "int": _integer,
    "float": _float,
    "null": lambda _: None,
    "timestamp": _timestamp,
    "binary": lambda text: base64.b64encode(base64.b64decode(text)).decode(),
    "merge": str,
}
"""What makes a value of a scalar's text, by kind."""
