"""``mart new source``: a query on one warehouse table, with a header that declares its columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from featuremart.catalog.names import RESERVED_COLUMNS, name_problem
from featuremart.catalog.sources import FOLDER
from featuremart.catalog.warehouse import how_to_get, load_schemas, schema_file, schema_text
from featuremart.errors import UsageError, Where, did_you_mean
from featuremart.lake.columns import ColumnType
from featuremart.lake.days import parse_day
from featuremart.steps.scaffold.files import Written, write_all
from featuremart.steps.scaffold.models import git_user, one_line, refuse_name
from featuremart.steps.scaffold.rendering import render

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from featuremart.catalog.warehouse import TableSchema, WarehouseColumn


@dataclass(frozen=True)
class Days:
    """How the days of a source follow.

    Parameters
    ----------
    event_time
        A TIMESTAMP column of the warehouse table.
    timezone
        IANA name: a day is one there.
    first_day
        Nothing is earlier.
    """

    event_time: str
    timezone: str
    first_day: dt.date

    @classmethod
    def parse(cls, event_time: str | None, timezone: str | None, first_day: str | None) -> Days | None:
        """Read the three options; None where none is given.

        Raises
        ------
        UsageError
            Where one is given without the others, or is none.
        """
        given = {"--event-time": event_time, "--timezone": timezone, "--first-day": first_day}
        missing = [option for option, value in given.items() if value is None]
        if len(missing) == len(given):
            return None
        if event_time is None or timezone is None or first_day is None:
            raise UsageError(
                f"a source with days needs {' and '.join(missing)}",
                next_command="leave all three out for a snapshot",
            )
        try:
            ZoneInfo(timezone)
        except (ValueError, KeyError, OSError):
            hint = did_you_mean(timezone, available_timezones())
            raise UsageError(f"the tz database has no timezone {timezone!r}", next_command=hint) from None
        return cls(event_time, timezone, parse_day(first_day))


def new_source(
    root: Path,
    name: str,
    *,
    table: str,
    days: Days | None,
    owner: str | None,
    fetch: Callable[[str], TableSchema],
) -> Written:
    """Write a source that reads one warehouse table.

    Parameters
    ----------
    root
        The repository's root.
    name
        Its name: the file's.
    table
        ``dataset.table``.
    days
        How its days follow; None for a snapshot.
    owner
        Who answers for it; the git user where not given.
    fetch
        Asks the warehouse for a table's schema; called where none is committed, and what it returns is.

    Raises
    ------
    UsageError
        For a name that is taken or cannot be one, and for what is no column, timezone or table.
    """
    refuse_name(name, what="a source")
    file = f"{FOLDER}/{name}.sql"
    if (root / file).exists():
        raise UsageError(f"the source {name} is there already", where=Where(file))
    schema_path = schema_file(table)
    schemas, problems = load_schemas(root)
    broken = next((problem for problem in problems if problem.where.file == schema_path), None)
    if broken is not None:
        raise UsageError(broken.message, where=broken.where, next_command=broken.instead)
    known = table in schemas
    schema = schemas[table] if known else fetch(table)
    contents = {file: _text(table, schema, days, one_line(owner or git_user(root), option="--owner"))}
    if not known:
        contents[schema_path] = schema_text(schema)
    kind = "snapshot" if days is None else "row"
    return write_all(
        root,
        contents,
        next_commands=(
            f"edit {file}",
            "mart check",
            f"mart new table MODEL NAME --source {name} --kind {kind}",
        ),
    )


def _text(table: str, schema: TableSchema, days: Days | None, owner: str) -> str:
    chosen = [(column, _column_name(column)) for column in schema if _fits(column)]
    names = [name for _, name in chosen]
    left_out = [
        column.name for column in schema if not _fits(column) or names.count(_column_name(column)) > 1
    ]
    chosen = [(column, name) for column, name in chosen if names.count(name) == 1]
    if not chosen:
        raise UsageError(
            f"{table} has no column of a type that a source can have", next_command=how_to_get(table)
        )
    event = _event_column(table, schema, days)
    declared = [
        _declared(column, name, required=column.mode == "REQUIRED" or column is event)
        for column, name in chosen
    ]
    selected = [
        column.name if column.name == name else f"`{column.name}` AS {name}" for column, name in chosen
    ]
    where, header = "", ""
    if days is not None and event is not None:
        event_name = _column_name(event)
        header = (
            f"event_time: {event_name}\ntimezone: {days.timezone}\nfirst_day: {days.first_day}\nmin_rows: 1\n"
        )
        selected.append(f"DATE(`{event.name}`, '{days.timezone}') AS partition_day")
        where = _where(event.name, days.timezone)
    comment = f"-- Left out, as a source cannot have them: {', '.join(left_out)}\n" if left_out else ""
    return render(
        "source",
        table=table,
        owner=owner if re.fullmatch(r"[\w.+-]+@[\w.-]+", owner) else _quoted(owner),
        days=header,
        columns="".join(declared),
        selected=",\n".join(f"  {column}" for column in selected),
        comment=comment,
        where=where,
    )


def _where(column: str, timezone: str) -> str:
    """Return a condition on the event time itself, so that a partitioned table is read in these days only."""
    return (
        "-- The days as instants, so that only their own partitions of the table are read.\n"
        f"WHERE `{column}` >= TIMESTAMP(@first_day, '{timezone}')\n"
        f"  AND `{column}` < TIMESTAMP(DATE_ADD(@last_day, INTERVAL 1 DAY), '{timezone}')\n"
    )


def _fits(column: WarehouseColumn) -> bool:
    return column.type in set(ColumnType) and column.mode != "REPEATED"


def _column_name(column: WarehouseColumn) -> str:
    """Return the name that a source gives a column: BigQuery's own where it can be one."""
    name = column.name
    if name_problem(name, what="") is None and name not in RESERVED_COLUMNS:
        return name
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    plain = re.sub(r"[^a-z0-9]+", "_", words).strip("_") or "column"
    plain = plain if plain[0].isalpha() else f"c_{plain}"
    return (
        plain if name_problem(plain, what="") is None and plain not in RESERVED_COLUMNS else f"{plain}_value"
    )


def _declared(column: WarehouseColumn, name: str, *, required: bool) -> str:
    about = " ".join(column.description.split()) or f"say what {name} means"
    mode = "required: true, " if required else ""
    return f"  {name}: {{type: {column.type}, {mode}about: {_quoted(about)}}}\n"


def _quoted(text: str) -> str:
    """Return a text as YAML within a comment of SQL: neither of the two may end in it."""
    plain = "".join(character for character in text if character.isprintable()).replace("*/", "* /")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _event_column(table: str, schema: TableSchema, days: Days | None) -> WarehouseColumn | None:
    if days is None:
        return None
    times = {
        column.name: column for column in schema if column.type == ColumnType.TIMESTAMP and _fits(column)
    }
    if days.event_time not in times:
        hint = did_you_mean(days.event_time, times) or "it has none: leave --event-time out"
        raise UsageError(f"{table} has no TIMESTAMP column {days.event_time!r}", next_command=hint)
    return times[days.event_time]
