"""Which days of which sources a partition reads."""

from __future__ import annotations

import datetime as dt

import pytest

from featuremart.batch.inputs import days_read
from featuremart.catalog.model import Docstring, Lookup, SourceSpec, TableKind, TableSpec
from featuremart.errors import UsageError, Where
from featuremart.lake.days import DayRange
from featuremart.steps.partitions import reads_of, table_partitions

NEW_YORK = "America/New_York"
D = dt.date
FIRST = D(2013, 1, 1)


def source(
    name: str, *, first: dt.date | None = FIRST, timezone: str = NEW_YORK, days: bool = True
) -> SourceSpec:
    return SourceSpec(
        name,
        Where(f"embulk/sources/{name}.sql"),
        "",
        "",
        "",
        (),
        event_time="at" if days else None,
        timezone=timezone,
        first_day=first,
    )


def table(
    kind: TableKind, *, window: int = 0, lookups: tuple[Lookup, ...] = (), reads: str = "flights"
) -> TableSpec:
    return TableSpec(
        "m",
        "t",
        Where("features/m/t.py"),
        "features.m.t",
        kind,
        reads,
        ("k",),
        (),
        (),
        Docstring(""),
        "o",
        window_days=window,
        lookups=lookups,
    )


SOURCES = {
    "flights": source("flights"),
    "weather": source("weather", timezone="UTC"),
    "planes": source("planes", first=None, days=False),
}


def test_a_row_table_reads_its_own_day() -> None:
    assert days_read(table(TableKind.ROW), SOURCES, D(2013, 3, 1)) == {"flights": (D(2013, 3, 1),)}


def test_a_window_ends_with_its_day_and_is_clipped_to_the_source_s_first_day() -> None:
    read = days_read(table(TableKind.WINDOW, window=28), SOURCES, D(2013, 3, 1))["flights"]
    assert (read[0], read[-1], len(read)) == (D(2013, 2, 2), D(2013, 3, 1), 28)
    assert days_read(table(TableKind.WINDOW, window=28), SOURCES, D(2013, 1, 2))["flights"] == (
        D(2013, 1, 1),
        D(2013, 1, 2),
    )


def test_a_lookup_reads_the_days_of_its_own_time_zone_that_the_tolerance_reaches() -> None:
    spec = table(TableKind.ROW, lookups=(Lookup("weather", ("origin",), dt.timedelta(hours=3)),))
    # 2013-03-10 in New York has 23 hours: 05:00 UTC to 04:00 UTC of the next day.
    assert days_read(spec, SOURCES, D(2013, 3, 10))["weather"] == (D(2013, 3, 10), D(2013, 3, 11))
    wider = table(TableKind.ROW, lookups=(Lookup("weather", ("origin",), dt.timedelta(hours=6)),))
    assert days_read(wider, SOURCES, D(2013, 3, 10))["weather"] == (
        D(2013, 3, 9),
        D(2013, 3, 10),
        D(2013, 3, 11),
    )


def test_a_snapshot_has_one_partition_whatever_days_are_named() -> None:
    spec = table(TableKind.SNAPSHOT, reads="planes")
    assert table_partitions(spec, SOURCES["planes"], DayRange(D(2013, 1, 1), D(2013, 1, 3))) == (None,)
    assert days_read(spec, SOURCES, None) == {"planes": (None,)}


def test_a_range_reads_the_union_of_what_its_days_read() -> None:
    tables = [table(TableKind.WINDOW, window=3), table(TableKind.SNAPSHOT, reads="planes")]
    read = reads_of(tables, SOURCES, DayRange(D(2013, 2, 10), D(2013, 2, 11)))
    assert read == {"flights": tuple(D(2013, 2, day) for day in (8, 9, 10, 11)), "planes": (None,)}


def test_days_before_the_source_begins_and_no_days_at_all_are_refused() -> None:
    with pytest.raises(UsageError, match="begins at 2013-01-01"):
        table_partitions(table(TableKind.ROW), SOURCES["flights"], DayRange(D(2012, 12, 31), D(2013, 1, 2)))
    with pytest.raises(UsageError, match="a partition a day"):
        table_partitions(table(TableKind.ROW), SOURCES["flights"], None)
