"""As-of lookups: the latest row of a second source that had happened, and was known, by the event time."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuremart.batch.dtypes import ARROW
from featuremart.batch.lookups import look_up
from featuremart.catalog.model import Known, Lookup, SourceColumn, SourceSpec
from featuremart.errors import Where, WorkFailed
from featuremart.lake.columns import ColumnType

DAY = "2013-01-05"
THREE_HOURS = (Lookup("weather", ("origin",), dt.timedelta(hours=3)),)


def visibility(weather__visib):
    return weather__visib


def temperature(weather__temp):
    return weather__temp


def wind(weather__wind):
    return weather__wind


def weather(at, origin="EWR", zone="America/New_York", **values):
    import pandas as pd

    return {"hour": pd.Timestamp(at, tz=zone).tz_convert("UTC"), "origin": origin, "wind": 0, **values}


def look(demo, function, flights, reports, **changes):
    table = demo.table("row", [function], lookups=THREE_HOURS, **changes)
    by_day = {}
    for report in reports:
        by_day.setdefault(report["hour"].date().isoformat(), []).append(report)
    output = demo.compute(table, [function], DAY, {"flights": {DAY: flights}, "weather": by_day})
    return output.column(function.__name__).to_pylist()


def test_the_latest_report_of_the_same_origin_is_taken(demo):
    reports = [
        weather(f"{DAY} 08:00", visib=8.0),
        weather(f"{DAY} 09:00", visib=9.0),
        weather(f"{DAY} 09:30", origin="JFK", visib=1.0),
        weather(f"{DAY} 10:00", visib=10.0),
    ]
    assert look(demo, visibility, [demo.flight(1, f"{DAY} 09:59")], reports) == [9.0]


def test_a_report_of_the_very_instant_is_known_and_a_later_one_is_not(demo):
    reports = [weather(f"{DAY} 10:00", visib=10.0), weather(f"{DAY} 10:00:00.000001", visib=99.0)]
    assert look(demo, visibility, [demo.flight(1, f"{DAY} 10:00")], reports) == [10.0]


def test_nothing_older_than_the_tolerance_is_taken(demo):
    flights = [demo.flight(1, f"{DAY} 11:00"), demo.flight(2, f"{DAY} 11:00:00.000001")]
    assert look(demo, visibility, flights, [weather(f"{DAY} 08:00", visib=8.0)]) == [8.0, None]


def test_an_early_flight_sees_the_evening_before(demo):
    assert look(
        demo, visibility, [demo.flight(1, f"{DAY} 00:10")], [weather("2013-01-04 23:00", visib=5.0)]
    ) == [5.0]


def test_a_null_report_is_a_report(demo):
    reports = [weather(f"{DAY} 08:00", visib=8.0), weather(f"{DAY} 09:00", visib=None)]
    assert look(demo, visibility, [demo.flight(1, f"{DAY} 09:10")], reports) == [None]


def test_a_flight_without_origin_finds_nothing(demo):
    reports = [weather(f"{DAY} 08:00", visib=8.0)]
    assert look(demo, visibility, [demo.flight(1, f"{DAY} 09:00", origin=None)], reports) == [None]


def test_a_value_that_is_known_later_is_not_seen_before(demo):
    # wind is known 20 minutes after the reading
    reports = [weather(f"{DAY} 09:00", wind=9), weather(f"{DAY} 10:00", wind=10)]
    flights = [demo.flight(1, f"{DAY} 10:19"), demo.flight(2, f"{DAY} 10:20")]
    assert look(demo, wind, flights, reports, types={"wind": "INT64"}) == [9, 10]


def test_news_that_come_in_late_do_not_replace_later_ones(demo):
    def published(at):
        return demo.local(f"{DAY} {at}")

    reports = [
        weather(f"{DAY} 08:00", temp=8.0, published_at=published("09:30")),
        weather(f"{DAY} 09:00", temp=9.0, published_at=published("09:05")),
        weather(f"{DAY} 09:10", temp=99.0, published_at=None),  # never published
    ]
    flights = [demo.flight(1, f"{DAY} 09:04"), demo.flight(2, f"{DAY} 09:06"), demo.flight(3, f"{DAY} 09:40")]
    assert look(demo, temperature, flights, reports) == [None, 9.0, 9.0]


def test_a_looked_up_column_is_nullable_whatever_its_own_mode(demo):
    seen = []

    def look_at(weather__wind, weather__visib):
        seen.extend([str(weather__wind.dtype), str(weather__visib.dtype), weather__wind.name])
        return weather__wind

    flights = [demo.flight(1, f"{DAY} 10:00")]
    look(demo, look_at, flights, [weather(f"{DAY} 09:00")], types={"look_at": "INT64"})
    assert seen == ["Int64", "float64", "weather__wind"]


def test_two_answers_are_refused(demo):
    reports = [weather(f"{DAY} 09:00", visib=1.0), weather(f"{DAY} 09:00", visib=2.0)]
    with pytest.raises(WorkFailed, match="1 rows repeat origin and hour") as info:
        look(demo, visibility, [demo.flight(1, f"{DAY} 10:00")], reports)
    assert "origin='EWR'" in str(info.value)
    assert "embulk/sources/weather.sql" in str(info.value)


def test_no_reports_at_all_leave_nulls(demo):
    assert look(demo, visibility, [demo.flight(1, f"{DAY} 10:00"), demo.flight(2, f"{DAY} 10:00")], []) == [
        None,
        None,
    ]


HISTORY = SourceSpec(
    name="history",
    where=Where("embulk/sources/history.sql"),
    what="",
    owner="",
    sql="",
    columns=(
        SourceColumn("a", ColumnType.STRING),
        SourceColumn("b", ColumnType.INT64),
        SourceColumn("at", ColumnType.TIMESTAMP, required=True),
        SourceColumn("said_at", ColumnType.TIMESTAMP),
        SourceColumn("now", ColumnType.INT64),
        SourceColumn("soon", ColumnType.INT64, known=Known(delay=dt.timedelta(microseconds=3))),
        SourceColumn("late", ColumnType.INT64, known=Known(at="said_at", delay=dt.timedelta(microseconds=1))),
    ),
    event_time="at",
)
keys = st.tuples(st.sampled_from(["x", "y", None]), st.sampled_from([1, 2, None]))
instants = st.integers(0, 30)


def _batch(rows):
    columns = {
        "a": ColumnType.STRING,
        "b": ColumnType.INT64,
        "at": ColumnType.TIMESTAMP,
        "said_at": ColumnType.TIMESTAMP,
        "now": ColumnType.INT64,
    }
    arrays = [pa.array([row[name] for row in rows], ARROW[kind]) for name, kind in columns.items()]
    arrays += [arrays[-1], arrays[-1]]
    return pa.record_batch(arrays, names=[*columns, "soon", "late"])


@given(
    asked=st.lists(st.tuples(keys, instants), max_size=20),
    told=st.lists(
        st.tuples(keys, instants, st.none() | st.integers(0, 40)),
        max_size=20,
        unique_by=lambda row: (row[0], row[1]),
    ),
    tolerance=st.integers(0, 12),
)
def test_the_law_of_as_of(asked, told, tolerance):
    """Against the definition, asked of every pair of rows."""
    asked = sorted(asked, key=lambda row: row[1])
    left = _batch([{"a": k[0], "b": k[1], "at": at, "said_at": None, "now": None} for k, at in asked])
    right = _batch(
        [{"a": k[0], "b": k[1], "at": at, "said_at": said, "now": n} for n, (k, at, said) in enumerate(told)]
    )
    lookup = Lookup("history", ("a", "b"), dt.timedelta(microseconds=tolerance))
    found = look_up(left, "at", right, HISTORY, lookup, ["now", "soon", "late"])
    known = {
        "now": lambda at, _: at,
        "soon": lambda at, _: at + 3,
        "late": lambda _, said: None if said is None else said + 1,
    }
    for name, when in known.items():
        expected = []
        for key, time in asked:
            usable = [
                (at, n)
                for n, (other, at, said) in enumerate(told)
                if other == key
                and None not in key
                and at <= time
                and time - at <= tolerance
                and when(at, said) is not None
                and when(at, said) <= time
            ]
            expected.append(max(usable)[1] if usable else None)
        assert found[name].to_pylist() == expected, name
