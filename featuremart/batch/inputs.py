"""Which partitions of which sources one partition of a table reads. Pure and light: a plan asks it too."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from featuremart.lake.days import DayRange, Partition, partition_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featuremart.catalog.model import SourceSpec, TableSpec


def day_bounds(day: dt.date, timezone: str) -> tuple[dt.datetime, dt.datetime]:
    """Return the instants ``[start, end)`` of a day in a time zone, in UTC; 23 or 25 hours apart on some."""
    zone = ZoneInfo(timezone)
    start = dt.datetime.combine(day, dt.time.min, zone)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, zone)
    return start.astimezone(dt.UTC), end.astimezone(dt.UTC)


def days_read(
    table: TableSpec, sources: Mapping[str, SourceSpec], partition: Partition
) -> dict[str, tuple[Partition, ...]]:
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
        Source name -> its partitions in order of days, its own source first. A day before a source's first
        day does not exist.
    """
    own = sources[table.source]
    if partition is None:
        return {own.name: (None,)}
    window = DayRange(partition, partition).reaching_back(max(table.window_days - 1, 0))
    read: dict[str, tuple[Partition, ...]] = {own.name: _existing(own, window)}
    start, end = day_bounds(partition, own.timezone)
    for lookup in table.lookups:
        other = sources[lookup.source]
        zone = ZoneInfo(other.timezone)
        first = (start - lookup.tolerance).astimezone(zone).date()
        last = (end - dt.timedelta(microseconds=1)).astimezone(zone).date()
        days = {*read.get(other.name, ()), *_existing(other, DayRange(first, last))}
        read[other.name] = tuple(sorted(days, key=partition_label))
    return read


def _existing(source: SourceSpec, days: DayRange) -> tuple[dt.date, ...]:
    return tuple(day for day in days if source.first_day is None or day >= source.first_day)
