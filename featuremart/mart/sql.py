"""Names and values as GoogleSQL text.

A script in a transaction carries its values as literals: they are days, digests and names that this package
made or checked. What a person wrote travels as a query parameter.
"""

from __future__ import annotations

import datetime as dt
import re

from featuremart.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:.-]*")
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"})


def table_name(project: str, dataset: str, table: str) -> str:
    """Return a table's full name in backticks.

    Raises
    ------
    UsageError
        For a name that BigQuery does not allow either: nothing in it may end the quotes.
    """
    parts = (project, dataset, table)
    for part in parts:
        if not _NAME.fullmatch(part):
            raise UsageError(f"{part!r} is no name of a project, dataset or table")
    return f"`{'.'.join(parts)}`"


def column(name: str) -> str:
    """Return a column's name in backticks, so that a reserved word may be one."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise UsageError(f"{name!r} is no name of a column")
    return f"`{name}`"


def columns(names: list[str] | tuple[str, ...]) -> str:
    """Return columns' names, separated by commas."""
    return ", ".join(column(name) for name in names)


def literal(value: str | int | dt.date | dt.datetime) -> str:
    """Return a value as a literal of its type: STRING, INT64, DATE or TIMESTAMP.

    Parameters
    ----------
    value
        A datetime must know its zone.
    """
    if isinstance(value, str):
        return f"'{value.translate(_ESCAPES)}'"
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP '{value.astimezone(dt.UTC).isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    return str(int(value))


def day_in(days: list[dt.date], name: str = "partition_day") -> str:
    """Return the condition that a DATE column holds one of some days, which BigQuery prunes by.

    Parameters
    ----------
    days
        At least one.
    name
        The column.
    """
    ordered = sorted(set(days))
    if len(ordered) == (ordered[-1] - ordered[0]).days + 1:
        return f"{column(name)} BETWEEN {literal(ordered[0])} AND {literal(ordered[-1])}"
    return f"{column(name)} IN ({', '.join(literal(day) for day in ordered)})"
