"""The ``columns`` of a source's header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.authoring.durations import parse_duration
from featuremart.catalog.model import Known, SourceColumn
from featuremart.catalog.names import RESERVED_COLUMNS, name_problem
from featuremart.catalog.yaml_header import NOTHING, Kind, Value, refuse_unknown_keys
from featuremart.errors import MartError, did_you_mean
from featuremart.lake.columns import ColumnType

KEYS = ("type", "required", "about", "known_at")
_EVENT_TIME = "event_time"
_OTHER_SPELLINGS = {
    "INTEGER": "INT64", "INT": "INT64", "BIGINT": "INT64", "FLOAT": "FLOAT64", "DOUBLE": "FLOAT64",
    "BOOLEAN": "BOOL", "VARCHAR": "STRING", "TEXT": "STRING", "DECIMAL": "NUMERIC",
}  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from featuremart.catalog.findings import Findings


def read_columns(header: Value, findings: Findings) -> tuple[SourceColumn, ...]:
    """Read the columns that a header declares.

    Parameters
    ----------
    header
        The header.
    findings
        Collects what is wrong.

    Returns
    -------
    tuple of SourceColumn
        In order; empty where none can be read.
    """
    value = header.entries.get("columns")
    if value is None or value.kind is not Kind.MAPPING or not value.entries:
        example = (
            "write columns: and below it, indented, a line like carrier: {type: STRING, about: who flies}"
        )
        findings.add(
            value.line if value else header.line, "columns has to list every column of the query", example
        )
        return ()
    event_time = header.entries.get(_EVENT_TIME)
    columns = tuple(
        _column(name, entry, event_time.words if event_time else None, findings)
        for name, entry in value.entries.items()
    )
    _check_times(columns, findings)
    return columns


def _check_times(columns: Iterable[SourceColumn], findings: Findings) -> None:
    stamps = {column.name for column in columns if column.type is ColumnType.TIMESTAMP}
    for column in columns:
        at = column.known.at
        if at is not None and at not in stamps:
            hint = did_you_mean(at, [*stamps, "event_time + 2h"])
            findings.add(column.line, f"{column.name}: known_at names no TIMESTAMP column: {at!r}", hint)


def _column(name: str, value: Value, event_time: str | None, findings: Findings) -> SourceColumn:
    about_name = name_problem(name, what="a column")
    if name in RESERVED_COLUMNS:
        findings.add(value.line, f"column {name} is made by the framework", "leave it out of columns")
    elif about_name:
        findings.add(value.line, *about_name)
    if value.kind is not Kind.MAPPING:
        instead = f"write {name}: {{type: STRING, about: ...}}"
        findings.add(value.line, f"{name}: a column says its type and what it means", instead)
        return SourceColumn(name, ColumnType.STRING, line=value.line)
    refuse_unknown_keys(value, KEYS, f"column {name}", findings)
    if not value.entries.get("about", NOTHING).is_text:
        findings.add(value.line, f"{name}: about is missing", "say what the column means: about: ...")
    return SourceColumn(
        name=name,
        type=_type(name, value, findings),
        required=_required(name, value, findings),
        about=value.entries.get("about", NOTHING).words,
        known=_known(name, value, event_time, findings),
        line=value.line,
    )


def _type(name: str, column: Value, findings: Findings) -> ColumnType:
    value = column.entries.get("type", NOTHING)
    types = tuple(ColumnType)
    if value.words in types:
        return ColumnType(value.words)
    if not value.words:
        findings.add(column.line, f"{name}: type is missing", f"write type: and one of {', '.join(types)}")
        return ColumnType.STRING
    upper = value.words.upper()
    near = _OTHER_SPELLINGS.get(upper, upper)
    hint = f"did you mean {near}?" if near in types else did_you_mean(upper, types, most=len(types))
    findings.add(value.line, f"{name}: there is no type {value.words!r}", hint)
    return ColumnType.STRING


def _required(name: str, column: Value, findings: Findings) -> bool:
    value = column.entries.get("required")
    if value is None:
        return False
    if value.kind is not Kind.TRUTH:
        instead = "write required: true, or leave it out"
        findings.add(value.line, f"{name}: required cannot be {value.words!r}", instead)
    return value.text.lower() == "true"


def _known(name: str, column: Value, event_time: str | None, findings: Findings) -> Known:
    value = column.entries.get("known_at")
    if value is None:
        return Known()
    if event_time is None:
        message = f"{name}: what a source without event_time holds is known when it is extracted"
        findings.add(value.line, message, "leave known_at out")
        return Known()
    wanted = "write known_at: <TIMESTAMP column>, or known_at: event_time + 2h"
    at, plus, delay = (part.strip() for part in value.words.partition("+"))
    if not at:
        findings.add(value.line, f"{name}: known_at names neither a column nor the event_time", wanted)
        return Known()
    column_at = None if at in {_EVENT_TIME, event_time} else at
    if not plus:
        return Known(column_at)
    try:
        return Known(column_at, parse_duration(delay, "known_at"))
    except MartError:
        findings.add(
            value.line, f"{name}: known_at adds no duration: {delay!r}", f"{wanted} (letters: d, h, m, s)"
        )
        return Known(column_at)
