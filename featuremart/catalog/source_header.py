"""From the words of a source's header to a :class:`~featuremart.catalog.model.SourceSpec`, or to what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from featuremart.catalog.model import Refresh, SourceColumn, SourceSpec
from featuremart.catalog.source_columns import read_columns
from featuremart.catalog.yaml_header import NOTHING, Kind, Value, refuse_unknown_keys
from featuremart.errors import MartError, did_you_mean
from featuremart.lake.columns import ColumnType
from featuremart.lake.days import parse_day

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from featuremart.catalog.findings import Findings

KEYS = ("what", "owner", "event_time", "timezone", "first_day", "min_rows", "refresh", "columns")

T = TypeVar("T")


def declared(
    name: str, header: Value, findings: Findings, *, sql: str, sql_line: int, tables_read: tuple[str, ...]
) -> SourceSpec | None:
    """Make a source of its header.

    Parameters
    ----------
    name
        The source's name.
    header
        A mapping.
    findings
        Collects what is wrong.
    sql, sql_line, tables_read
        The query, the line it begins on and what it reads.

    Returns
    -------
    SourceSpec or None
        None where the columns cannot be trusted.
    """
    others = len(findings.problems)
    columns = read_columns(header, findings)
    trusted = len(findings.problems) == others
    refuse_unknown_keys(header, KEYS, "a source", findings)
    source = SourceSpec(
        name=name,
        where=findings.where(header.line),
        what=_text("what", header, findings, example="Flights that left New York, one row a flight."),
        owner=_text("owner", header, findings, example="flight-data@example.com"),
        sql=sql,
        columns=columns,
        event_time=_event_time(header, columns, findings),
        timezone=_timezone(header, findings),
        first_day=_first_day(header, findings),
        min_rows=_read(
            "min_rows", header, findings, _count, 1, wanted="1, or 0 where a partition may be empty"
        ),
        refresh=_read(
            "refresh",
            header,
            findings,
            _refresh,
            Refresh(),
            wanted="on change, always, after 7 days or never",
        ),
        tables_read=tables_read,
        sql_line=sql_line,
    )
    return source if trusted else None


def _text(key: str, header: Value, findings: Findings, *, example: str) -> str:
    value = header.entries.get(key, NOTHING)
    if not value.is_text:
        state = "says nothing" if key in header.entries else "is missing"
        findings.add(value.line or header.line, f"{key} {state}", f"write {key}: {example}")
    return value.words


def _event_time(header: Value, columns: tuple[SourceColumn, ...], findings: Findings) -> str | None:
    value = header.entries.get("event_time")
    if value is None:
        return None
    column = next((column for column in columns if column.name == value.words), None)
    if column is None:
        names = [column.name for column in columns if column.type is ColumnType.TIMESTAMP]
        hint = did_you_mean(value.words, names) or "declare a column of type TIMESTAMP"
        findings.add(value.line, f"event_time names no column: {value.words!r}", hint)
    elif column.type is not ColumnType.TIMESTAMP or not column.required:
        instead = f"write {column.name}: {{type: TIMESTAMP, required: true, about: ...}}"
        findings.add(
            column.line, f"the event time {column.name} has to be a TIMESTAMP that is never null", instead
        )
    elif not column.known.with_event:
        findings.add(
            column.line, f"the event time {column.name} is known at the event time", "leave its known_at out"
        )
    return value.words


def _timezone(header: Value, findings: Findings) -> str:
    value = _of_days("timezone", header, findings, example="America/New_York")
    if value is None:
        return "UTC"
    try:
        return ZoneInfo(value.words).key
    except (ValueError, KeyError, OSError):
        hint = did_you_mean(value.words, available_timezones()) if value.words else "write timezone: UTC"
        findings.add(value.line, f"the tz database has no timezone {value.words!r}", hint)
        return "UTC"


def _first_day(header: Value, findings: Findings) -> dt.date | None:
    if _of_days("first_day", header, findings, example="2013-01-01") is None:
        return None
    return _read(
        "first_day", header, findings, lambda value: parse_day(value.words), None, wanted="YYYY-MM-DD"
    )


def _of_days(key: str, header: Value, findings: Findings, *, example: str) -> Value | None:
    """Return a key that a source has where it has an event time, and only there."""
    value, event_time = header.entries.get(key), header.entries.get("event_time")
    if event_time is not None and value is None:
        findings.add(event_time.line, f"a source with an event_time has a {key}", f"write {key}: {example}")
    if event_time is None and value is not None:
        message = f"{key} is about days, and a source without event_time has none"
        findings.add(value.line, message, f"write event_time: <column>, or leave {key} out")
        return None
    return value


def _read(
    key: str, header: Value, findings: Findings, read: Callable[[Value], T | None], default: T, *, wanted: str
) -> T:
    """Read a key that may be absent; ``read`` returns None, or raises, for what it does not take."""
    value = header.entries.get(key)
    if value is None:
        return default
    try:
        found = read(value)
    except MartError:
        found = None
    if found is None:
        findings.add(value.line, f"{key} cannot be {value.words!r}", f"write {key}: {wanted}")
        return default
    return found


def _count(value: Value) -> int | None:
    return int(value.text) if value.kind is Kind.NUMBER and re.fullmatch(r"[0-9]{1,15}", value.text) else None


def _refresh(value: Value) -> Refresh | None:
    if value.words in {"on change", "always", "never"}:
        return Refresh(value.words)
    match = re.fullmatch(r"after ([1-9][0-9]{0,3}) days?", value.words)
    return Refresh("after", int(match[1])) if match else None
