"""Which partitions of which sources a partition of a table reads. Pure: declarations in, days out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

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


def inputs_of(
    table: TableSpec, sources: Mapping[str, SourceSpec], partition: Partition
) -> dict[str, Partitions]:
    """Return what one partition of a table reads.

    Parameters
    ----------
    table
        The table.
    sources
        Declarations of the sources that it reads.
    partition
        The partition day, None for a snapshot table.

    Returns
    -------
    dict of str to tuple
        Source name -> its partitions, in order of days. Days before a source's first day do not exist.
    """
    own = sources[table.source]
    if partition is None:
        return {own.name: (None,)}
    reach = max(table.window_days - 1, 0)
    read: dict[str, Partitions] = {
        own.name: _existing(own, DayRange(partition, partition).reaching_back(reach))
    }
    start, end = _bounds(partition, own.timezone)
    for lookup in table.lookups:
        other = sources[lookup.source]
        zone = ZoneInfo(other.timezone)
        first = (start - lookup.tolerance).astimezone(zone).date()
        last = (end - dt.timedelta(microseconds=1)).astimezone(zone).date()
        days = _existing(other, DayRange(first, last))
        read[other.name] = tuple(sorted({*read.get(other.name, ()), *days}, key=str))
    return read


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
            for name, partitions in inputs_of(table, sources, partition).items():
                needed.setdefault(name, set()).update(partitions)
    return {name: tuple(sorted(partitions, key=str)) for name, partitions in needed.items()}


def _bounds(day: dt.date, timezone: str) -> tuple[dt.datetime, dt.datetime]:
    """Return the instants at which a day begins and ends in a time zone; 23 or 25 hours apart on some."""
    zone = ZoneInfo(timezone)
    begin = dt.datetime.combine(day, dt.time.min, zone)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, zone)
    return begin.astimezone(dt.UTC), end.astimezone(dt.UTC)


def _existing(source: SourceSpec, days: DayRange) -> Partitions:
    return tuple(day for day in days if source.first_day is None or day >= source.first_day)
