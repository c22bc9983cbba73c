"""Row tables: one row of the table for each row of the source."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from featuremart.catalog.model import Check, Lookup
from featuremart.errors import WorkFailed

DAY = "2013-01-05"


def miles(distance):
    return distance * 1.5


def is_long(miles):
    return miles > 160


def seats_or_none(seats):
    return seats


def test_features_get_series_of_declared_dtypes_on_one_range_index(demo):
    seen = {}

    def look(distance, seats, origin, departure, flight_id):
        for series in (distance, seats, origin, departure, flight_id):
            seen[series.name] = (str(series.dtype), type(series.index).__name__)
        return distance

    rows = [demo.flight(1, f"{DAY} 10:00", seats=None), demo.flight(2, f"{DAY} 09:00", origin=None)]
    demo.compute(demo.table("row", [look], types={"look": "INT64"}), [look], DAY, {"flights": {DAY: rows}})
    assert seen == {
        "distance": ("int64", "RangeIndex"),
        "seats": ("Int64", "RangeIndex"),
        "origin": ("str", "RangeIndex"),
        "departure": ("datetime64[us, UTC]", "RangeIndex"),
        "flight_id": ("str", "RangeIndex"),
    }


def test_a_day_without_nulls_has_the_same_dtypes(demo):
    seen = []

    def look(seats):
        seen.append(str(seats.dtype))
        return seats

    table = demo.table("row", [look], types={"look": "INT64"})
    for seats in (None, 5):
        demo.compute(table, [look], DAY, {"flights": {DAY: [demo.flight(1, f"{DAY} 10:00", seats=seats)]}})
    assert seen == ["Int64", "Int64"]


def test_rows_come_sorted_by_event_time_then_keys_whatever_the_file(demo):
    rows = [
        demo.flight(3, f"{DAY} 10:00"),
        demo.flight(2, f"{DAY} 10:00"),
        demo.flight(1, f"{DAY} 09:00"),
        demo.flight(9, f"{DAY} 08:00"),
    ]
    table = demo.table("row", [miles])
    output = demo.compute(table, [miles], DAY, {"flights": {DAY: rows}})
    assert output.column("flight_id").to_pylist() == ["F9", "F1", "F2", "F3"]
    assert output.column("miles").to_pylist() == [163.5, 151.5, 153.0, 154.5]
    assert output.equals(demo.compute(table, [miles], DAY, {"flights": {DAY: rows[::-1]}}))


def test_the_output_has_the_declared_columns(demo):
    functions = [is_long, miles]
    table = demo.table("row", functions, types={"is_long": "BOOL"}, checks={"miles": Check(nulls=False)})
    output = demo.compute(table, functions, DAY, {"flights": {DAY: [demo.flight(7, f"{DAY} 23:59")]}})
    assert output.to_pylist() == [
        {
            "partition_day": dt.date(2013, 1, 5),
            "flight_id": "F7",
            "departure": demo.local(f"{DAY} 23:59"),
            "available_at": demo.local(f"{DAY} 23:59"),
            "is_long": True,
            "miles": 160.5,
        }
    ]
    assert [(field.name, str(field.type), field.nullable) for field in output.schema] == [
        ("partition_day", "date32[day]", False),
        ("flight_id", "string", False),
        ("departure", "timestamp[us, tz=UTC]", False),
        ("available_at", "timestamp[us, tz=UTC]", False),
        ("is_long", "bool", True),
        ("miles", "double", False),
    ]


def test_rejected_features_are_computed_only_where_another_takes_them(demo):
    calls = []

    def half(distance):
        calls.append("half")
        return distance / 2

    def quarter(half):
        calls.append("quarter")
        return half / 2

    def never(distance):
        calls.append("never")
        return distance

    functions = [quarter, half, never]
    table = demo.table("row", functions, rejected=("half", "never"))
    output = demo.compute(table, functions, DAY, {"flights": {DAY: [demo.flight(4, f"{DAY} 10:00")]}})
    assert output.schema.names[-1] == "quarter"
    assert output.column("quarter").to_pylist() == [26.0]
    assert calls == ["half", "quarter"]


def test_a_function_that_writes_into_its_parameters_changes_nothing_for_others(demo):
    def first(distance):
        distance.iloc[0] = -1
        return distance

    def second(distance):
        return distance

    functions = [first, second]
    table = demo.table("row", functions, types={"first": "INT64", "second": "INT64"})
    output = demo.compute(table, functions, DAY, {"flights": {DAY: [demo.flight(1, f"{DAY} 10:00")]}})
    assert output.column("second").to_pylist() == [101]


def test_a_day_without_rows_calls_nothing_and_gives_typed_nothing(demo):
    def broken(distance):
        raise AssertionError("never called")

    table = demo.table("row", [broken])
    output = demo.compute(table, [broken], DAY, {"flights": {DAY: []}})
    assert output.num_rows == 0
    assert str(output.schema.field("broken").type) == "double"


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2013-03-10", "2013-03-10T05:00Z", "2013-03-11T03:59:59.999999Z"),  # 23 hours
        ("2013-11-03", "2013-11-03T04:00Z", "2013-11-04T04:59:59.999999Z"),  # 25 hours
        ("2013-07-01", "2013-07-01T04:00Z", "2013-07-02T03:59:59.999999Z"),
    ],
)
def test_a_day_is_the_sources_own_also_when_clocks_change(demo, day, first, last):
    table = demo.table("row", [miles])

    def run(*instants):
        rows = [{**demo.flight(n, day), "departure": pd.Timestamp(at)} for n, at in enumerate(instants)]
        return demo.compute(table, [miles], day, {"flights": {day: rows}})

    assert run(first, last).num_rows == 2
    microsecond = pd.Timedelta(1, "us")
    for astray in (pd.Timestamp(first) - microsecond, pd.Timestamp(last) + microsecond):
        with pytest.raises(
            WorkFailed, match=f"1 of 3 rows happened on another day in {demo.FLIGHTS.timezone}"
        ) as info:
            run(first, astray, last)
        assert f"mart extract flights --date {day}" in str(info.value)


def test_a_night_on_which_the_calendar_went_back_is_judged_by_the_calendar(demo):
    # in Newfoundland 00:01 of the 6th became 23:01 of the 5th once more
    sources = {**demo.SOURCES, "flights": replace(demo.FLIGHTS, timezone="America/St_Johns", first_day=None)}
    table = demo.table("row", [miles], sources=sources)
    row = {**demo.flight(1, "2010-11-05"), "departure": pd.Timestamp("2010-11-07T02:45Z")}
    assert pd.Timestamp("2010-11-07T02:45Z").tz_convert("America/St_Johns").date() == dt.date(2010, 11, 6)
    output = demo.compute(table, [miles], "2010-11-06", {"flights": {"2010-11-06": [row]}}, sources=sources)
    assert output.num_rows == 1


@pytest.mark.parametrize(
    "leak",
    [
        lambda arr_delay: arr_delay,
        lambda bags: bags,
        lambda landed_at: landed_at,
        lambda distance, bags: distance,
    ],
    ids=["known at a column", "known after a while", "says when another is known", "second parameter"],
)
def test_a_column_that_is_known_later_is_refused(demo, leak):
    table = demo.table("row", [leak])
    with pytest.raises(WorkFailed, match="which is not known at departure"):
        demo.compute(table, [leak], DAY, {})


def test_a_lookup_on_a_column_that_is_known_later_is_refused(demo):
    weather = replace(demo.WEATHER, columns=(*demo.WEATHER.columns, demo.FLIGHTS.column("bags")))
    sources = {**demo.SOURCES, "weather": weather}

    def visibility(weather__visib):
        return weather__visib

    lookup = Lookup("weather", ("origin", "bags"), dt.timedelta(hours=1))
    table = demo.table("row", [visibility], lookups=(lookup,), sources=sources)
    with pytest.raises(WorkFailed, match="lookup weather is joined on bags, which is not known at departure"):
        demo.compute(table, [visibility], DAY, {}, sources=sources)


def test_rows_are_computed_alone(demo):
    """A table of events gives the same values when its partition is split."""
    rng = np.random.default_rng(0)
    rows = [demo.flight(n, f"{DAY} 00:00") for n in range(50)]
    for row in rows:
        row["departure"] += dt.timedelta(seconds=int(rng.integers(0, 86_400)))
    functions = [miles, is_long]
    table = demo.table("row", functions, types={"is_long": "BOOL"})
    whole = demo.compute(table, functions, DAY, {"flights": {DAY: rows}}).to_pylist()
    parts = [
        demo.compute(table, functions, DAY, {"flights": {DAY: rows[at::3]}}).to_pylist() for at in range(3)
    ]
    joined = sorted(
        (row for part in parts for row in part), key=lambda row: (row["departure"], row["flight_id"])
    )
    assert joined == whole
