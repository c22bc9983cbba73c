"""Window tables: some days of a source, seen from the end of the last one."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featuremart.errors import WorkFailed

DAY = "2013-01-05"


def flights_count(flights):
    return flights.groupby("carrier").size()


def mean_delay(flights):
    return flights.groupby("carrier")["arr_delay"].mean()


def count(demo, days, day=DAY, **changes):
    table = demo.table("window", [flights_count], types={"flights_count": "INT64"}, **changes)
    return demo.compute(table, [flights_count], day, {"flights": days})


def test_a_window_counts_the_day_itself_and_the_days_before(demo):
    days = {f"2013-01-0{n}": [demo.flight(n, f"2013-01-0{n} 12:00")] for n in range(1, 8)}
    output = count(demo, days)
    assert output.to_pylist() == [
        {
            "partition_day": dt.date(2013, 1, 5),
            "carrier": "UA",
            "available_at": demo.local("2013-01-06 00:00"),
            "flights_count": 3,
        }
    ]


def test_a_window_is_clipped_to_the_first_day_of_the_source(demo):
    days = {f"2013-01-0{n}": [demo.flight(n, f"2013-01-0{n} 12:00")] for n in range(1, 8)}
    assert count(demo, days, day="2013-01-02").column("flights_count").to_pylist() == [2]


def test_a_declared_delay_moves_the_availability(demo):
    output = count(demo, {DAY: [demo.flight(1, f"{DAY} 12:00")]}, delay=dt.timedelta(hours=6))
    assert output.column("available_at").to_pylist() == [demo.local("2013-01-06 06:00")]


def test_a_day_of_23_hours_ends_at_its_own_midnight(demo):
    output = count(demo, {"2013-03-10": [demo.flight(1, "2013-03-10 12:00")]}, day="2013-03-10")
    assert output.column("available_at").to_pylist() == [dt.datetime(2013, 3, 11, 4, tzinfo=dt.UTC)]


def test_what_was_not_known_before_the_end_is_null(demo):
    seen = {}

    def look(flights):
        seen.update(frame=flights, dtypes=flights.dtypes.astype(str).to_dict())
        return flights.groupby("carrier").size()

    def row(number, landed):
        at = None if landed is None else demo.local(landed)
        return demo.flight(number, f"{DAY} 21:59", arr_delay=float(number), landed_at=at)

    rows = [
        row(1, f"{DAY} 23:59:59.999999"),
        row(2, "2013-01-06 00:00"),
        row(3, "2013-01-06 02:00"),
        row(4, None),
    ]
    rows.append(demo.flight(5, f"{DAY} 22:00", arr_delay=5.0, landed_at=demo.local(f"{DAY} 23:00")))
    table = demo.table("window", [look], types={"look": "INT64"})
    demo.compute(table, [look], DAY, {"flights": {DAY: rows}})
    frame = seen["frame"].set_index("flight_id")
    assert frame["arr_delay"].dropna().to_dict() == {"F1": 1.0, "F5": 5.0}
    # when it landed would tell as much
    assert list(frame["landed_at"].dropna().index) == ["F1", "F5"]
    # bags are known two hours after the departure: at 23:59, or at midnight
    assert frame["bags"].dropna().to_dict() == {"F1": 1, "F2": 2, "F3": 3, "F4": 4}
    assert seen["dtypes"]["bags"] == "Int64"  # declared required, but it may be unknown
    assert seen["dtypes"]["distance"] == "int64"


def test_the_next_day_knows_it(demo):
    late = demo.flight(1, f"{DAY} 23:00", arr_delay=7.0, landed_at=demo.local("2013-01-06 01:00"))
    table = demo.table("window", [mean_delay])
    for day, expected in ((DAY, None), ("2013-01-06", 7.0)):
        output = demo.compute(table, [mean_delay], day, {"flights": {DAY: [late]}})
        assert output.column("mean_delay").to_pylist() == [expected]


def test_rows_are_the_keys_of_the_window_and_missing_ones_are_null(demo):
    def only_long(flights):
        return flights[flights["distance"] > 150].groupby("carrier")["distance"].max()

    def doubled(only_long):
        return only_long * 2

    functions = [doubled, only_long]
    table = demo.table("window", functions, types={"only_long": "INT64", "doubled": "INT64"})
    rows = [
        demo.flight(1, f"{DAY} 10:00", carrier="ZZ", distance=200),
        demo.flight(2, f"{DAY} 10:00", carrier="AA", distance=100),
        demo.flight(3, "2013-01-04 10:00", carrier="MM", distance=300),
    ]
    output = demo.compute(table, functions, DAY, {"flights": {DAY: rows[:2], "2013-01-04": rows[2:]}})
    assert output.select(["carrier", "only_long", "doubled"]).to_pylist() == [
        {"carrier": "AA", "only_long": None, "doubled": None},
        {"carrier": "MM", "only_long": 300, "doubled": 600},
        {"carrier": "ZZ", "only_long": 200, "doubled": 400},
    ]


def test_keys_that_are_null_are_no_rows(demo):
    def farthest(flights):
        return flights.groupby("origin")["distance"].max()

    rows = [demo.flight(1, f"{DAY} 10:00", origin=None), demo.flight(2, f"{DAY} 10:00")]
    table = demo.table("window", [farthest], types={"farthest": "INT64"}, keys=("origin",))
    output = demo.compute(table, [farthest], DAY, {"flights": {DAY: rows}})
    assert output.column("origin").to_pylist() == ["EWR"]


def test_several_keys_make_a_multi_index(demo):
    def farthest(flights):
        return flights.groupby(["carrier", "origin"])["distance"].max()

    def shuffled(flights):
        return farthest(flights).iloc[::-1]

    rows = [demo.flight(n, f"{DAY} 10:00", origin="EWR" if n % 2 else "JFK") for n in range(4)]
    functions = [farthest, shuffled]
    table = demo.table(
        "window",
        functions,
        types=dict.fromkeys(["farthest", "shuffled"], "INT64"),
        keys=("carrier", "origin"),
    )
    output = demo.compute(table, functions, DAY, {"flights": {DAY: rows}})
    assert output.column("origin").to_pylist() == ["EWR", "JFK"]
    assert output.column("farthest").to_pylist() == output.column("shuffled").to_pylist() == [103, 102]


def test_an_empty_window_is_an_empty_output(demo):
    assert count(demo, {}).num_rows == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda flights: flights.groupby("origin").size(), "its index is named 'origin', not 'carrier'"),
        (lambda flights: flights["distance"], "its index is named None, not 'carrier'"),
        (lambda flights: flights.set_index("carrier")["distance"], "its index repeats keys: 'UA'"),
        (
            lambda flights: pd.Series([1], pd.Index([3], name="carrier")),
            "its index level carrier is int64, the key is",
        ),
        (
            lambda flights: pd.Series([1, 2], pd.Index(["UA", "XX"], name="carrier")),
            "1 of its keys do not occur in flights: 'XX'",
        ),
        (lambda flights: 5, "it returned int, not a pandas Series"),
        (lambda flights: flights.groupby("carrier")[["distance"]].max(), "DataFrame of shape"),
    ],
)
def test_a_result_of_another_shape_is_refused(demo, wrong, message):
    table = demo.table("window", [wrong], types={"<lambda>": "INT64"})
    rows = [demo.flight(1, f"{DAY} 10:00"), demo.flight(2, f"{DAY} 11:00")]
    with pytest.raises(WorkFailed, match=message) as info:
        demo.compute(table, [wrong], DAY, {"flights": {DAY: rows}})
    assert f"mart transform demo.table --date {DAY}" in str(info.value)


def test_a_snapshot_is_one_partition_available_when_it_was_extracted(demo):
    def age(year):
        return 2026 - year

    def most_seats(planes):
        return planes.set_index("tailnum")["seats"]

    functions = [age, most_seats]
    table = demo.table("snapshot", functions, types=dict.fromkeys(["age", "most_seats"], "INT64"))
    rows = [{"tailnum": "N2", "year": 1999, "seats": 5}, {"tailnum": "N1", "seats": 7}]
    at = dt.datetime(2026, 5, 1, 3, tzinfo=dt.UTC)
    output = demo.compute(table, functions, "snapshot", {"planes": {"snapshot": rows}}, extracted_at=at)
    assert output.to_pylist() == [
        {"tailnum": "N1", "available_at": at, "age": None, "most_seats": 7},
        {"tailnum": "N2", "available_at": at, "age": 27, "most_seats": 5},
    ]


def test_the_order_of_a_files_rows_never_reaches_a_function(demo):
    """Floats are summed in one order: same day, same carrier, same instant, other file."""
    values = [0.1, 0.2, 0.3, 1e16, -1e16, 0.7, 1e-9]
    rows = [demo.flight(1, f"{DAY} 10:00", arr_delay=v, landed_at=demo.local(f"{DAY} 12:00")) for v in values]

    def total(flights):
        return pd.Series({"UA": sum(flights["arr_delay"])}).rename_axis("carrier")

    table = demo.table("window", [total])
    results = {
        demo.compute(table, [total], DAY, {"flights": {DAY: order}}).column("total")[0].as_py().hex()
        for order in (rows, rows[::-1], rows[3:] + rows[:3])
    }
    assert len(results) == 1


@settings(max_examples=30)
@given(
    flights=st.lists(
        st.tuples(
            st.integers(0, 3 * 86_400 - 1),
            st.sampled_from(["AA", "UA", "ZZ"]),
            st.none() | st.integers(0, 3 * 86_400),
            st.integers(0, 5),
        ),
        max_size=25,
    )
)
def test_the_law_of_the_window(demo, flights):
    """A function sees exactly the rows of the window's days, and values exactly where known before its end."""
    start = demo.local("2013-01-03 00:00")
    zone_day = 86_400
    rows, days = [], {}
    for n, (second, carrier, flown, bags) in enumerate(flights):
        at = start + dt.timedelta(seconds=second)
        landed = None if flown is None else at + dt.timedelta(seconds=flown)
        values = {"carrier": carrier, "landed_at": landed, "arr_delay": float(n), "bags": bags}
        row = demo.flight(n, DAY, **values) | {"departure": at}
        rows.append(SimpleNamespace(**row))
        days.setdefault(f"2013-01-0{3 + second // zone_day}", []).append(row)

    def look(flights):
        seen.append(flights)
        return flights.groupby("carrier").size()

    table = demo.table("window", [look], types={"look": "INT64"}, window_days=2)
    for last in (3, 4, 5):
        seen = []
        demo.compute(table, [look], f"2013-01-0{last}", {"flights": days})
        end = demo.local(f"2013-01-0{last} 00:00") + dt.timedelta(days=1)
        inside = [row for row in rows if end - dt.timedelta(days=2) <= row.departure < end]
        frame = seen[0] if seen else pd.DataFrame({"flight_id": [], "arr_delay": [], "bags": []})
        assert sorted(frame["flight_id"]) == sorted(row.flight_id for row in inside)
        known = frame.dropna(subset="arr_delay")["flight_id"]
        assert set(known) == {
            row.flight_id for row in inside if row.landed_at is not None and row.landed_at < end
        }
        known = frame.dropna(subset="bags")["flight_id"]
        assert set(known) == {row.flight_id for row in inside if row.departure + dt.timedelta(hours=2) < end}
