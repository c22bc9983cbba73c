"""Which partitions of which sources a partition of a table reads. Pure: declarations in, days out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.batch.inputs import days_read
from featuremart.catalog.model import SourceSpec, TableKind, TableSpec
from featuremart.errors import UsageError
from featuremart.lake.days import DayRange, Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Partitions = tuple[Partition, ...]


def table_partitions(table: TableSpec, source: SourceSpec, days: DayRange | None) -> Partitions:
    """Return the partitions of a table that a range of days names.

    Parameters
    ----------
    table
        The table.
    source
        The source it is computed from.
    days
        The range; not needed for a snapshot table, which has one partition whatever the range.

    Raises
    ------
    UsageError
        Where a table with days is named without any, or with days before its source begins.
    """
    if table.kind is TableKind.SNAPSHOT:
        return (None,)
    return source_days(source, days, for_what=table.id)


def source_days(source: SourceSpec, days: DayRange | None, *, for_what: str) -> Partitions:
    """Return the days of a source that a range names, refusing those before its first day."""
    if days is None:
        raise UsageError(f"{for_what} has a partition a day: name the days", next_command="--date YYYY-MM-DD")
    if source.first_day is not None and days.first < source.first_day:
        raise UsageError(
            f"source {source.name} begins at {source.first_day}: there is no {for_what} for {days.first}",
            next_command=f"--from {source.first_day}, or first_day in {source.where.file}",
        )
    return tuple(days)


def reads_of(
    tables: Iterable[TableSpec], sources: Mapping[str, SourceSpec], days: DayRange | None
) -> dict[str, Partitions]:
    """Return all partitions of all sources that some tables read for a range of days.

    Parameters
    ----------
    tables
        The tables.
    sources
        Declarations of all sources.
    days
        Partition days of the tables.
    """
    needed: dict[str, set[Partition]] = {}
    for table in tables:
        for partition in table_partitions(table, sources[table.source], days):
            for name, partitions in days_read(table, sources, partition).items():
                needed.setdefault(name, set()).update(partitions)
    return {name: tuple(sorted(partitions, key=str)) for name, partitions in needed.items()}
