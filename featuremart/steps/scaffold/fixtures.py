"""``mart new fixture``: some real rows of a source, cut for the tests of a model."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
from typing import TYPE_CHECKING, Any

from featuremart import catalog as catalog_room
from featuremart.errors import UsageError, Where, WorkFailed
from featuremart.lake.columns import ColumnType
from featuremart.mart.cells import Parameter
from featuremart.steps.scaffold.files import Written, write_all
from featuremart.steps.scaffold.models import refuse_name
from featuremart.steps.scaffold.tables import TESTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from featuremart.catalog.model import SourceSpec
    from featuremart.lake.days import DayRange
    from featuremart.mart.rest import Rest

_HASHED = (ColumnType.STRING, ColumnType.INT64)


def new_fixture(
    root: Path,
    model: str,
    source: str,
    *,
    days: DayRange | None,
    rows: int,
    where: str | None,
    name: str | None,
    connect: Callable[[], Rest],
) -> Written:
    """Write ``tests/features/<model>/fixtures/<source>.csv``: rows as the source's query makes them.

    Null is an empty cell, times are ISO texts in UTC.

    Parameters
    ----------
    root
        The repository's root.
    model
        Whose tests they are for.
    source
        Where they come from.
    days
        Partition days to take them from; None for a snapshot.
    rows
        How many at the most. Which ones is decided by a hash: mixed, and the same ones each time.
    where
        A condition of SQL on the source's columns, for rows of a certain kind.
    name
        The file's name; the source's where not given.
    connect
        Reaches the warehouse; called when all else is right.

    Raises
    ------
    UsageError
        For what is unknown, there already, or does not go together.
    WorkFailed
        Where the warehouse refuses the query, or has no such rows.
    """
    catalog = catalog_room.read(root)[0]
    model, found = catalog.model(model).name, catalog.source(source)
    if name is not None:
        refuse_name(name, what="a fixture")
    file = f"{TESTS}/{model}/fixtures/{name or source}.csv"
    if (root / file).exists():
        raise UsageError("this file is there already", where=Where(file), next_command="--name ANOTHER")
    if found.is_snapshot is not (days is None):
        instead = "leave the days out" if found.is_snapshot else "--date YYYY-MM-DD"
        state = "has no days" if found.is_snapshot else "has a partition a day"
        raise UsageError(f"{source} {state}", next_command=instead)
    parameters = (
        []
        if days is None
        else [Parameter("first_day", "DATE", days.first), Parameter("last_day", "DATE", days.last)]
    )
    page = connect().query(_query(found, rows, where), parameters, what=f"rows of {source}")
    if not page.rows:
        raise WorkFailed(f"{source} has no such rows", next_command="--date, or another --where")
    return write_all(
        root,
        {file: _text([column.name for column in found.columns], page.rows)},
        next_commands=(f"look at {file} before you commit it: these are real rows",),
    )


def _query(source: SourceSpec, rows: int, where: str | None) -> str:
    columns = ", ".join(f"`{column.name}`" for column in source.columns)
    conditions = [] if source.is_snapshot else ["partition_day BETWEEN @first_day AND @last_day"]
    conditions += [f"({where}\n)"] if where else []
    condition = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    mixed = next(
        (column.name for column in source.columns if column.type in _HASHED and column.required), None
    )
    order = f"FARM_FINGERPRINT(CAST(`{mixed}` AS STRING))" if mixed else "1"
    return f"SELECT {columns}\nFROM (\n{source.sql}\n){condition}\nORDER BY {order}\nLIMIT {rows:d}"


def _text(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[_cell(value) for value in row] for row in sorted(rows, key=repr)])
    return text.getvalue()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case bytes():
            return base64.b64encode(value).decode()
        case dt.datetime() if value.tzinfo is not None:
            return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        case dt.date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
    return str(value)
