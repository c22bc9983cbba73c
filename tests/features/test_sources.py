"""The sources' SQL, column by column against pandas, on all of the real data; and as the GoogleSQL analyser reads it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest

from featuremart.catalog.analyser import Analyser
from featuremart.catalog.sql import sql_problems
from featuremart.catalog.warehouse import load_schemas
from featuremart.lake.days import DayRange
from featuremart.local import datasets as data

ROOT = Path(__file__).parents[2]
NEW_YORK = "America/New_York"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(datasets):
    """Return a function that reads a table of the warehouse from its data file."""

    def read(name):
        table = next(table for table in data.TABLES if table.name == name)
        schema = json.loads((ROOT / "embulk" / "warehouse" / f"warehouse.{name}.json").read_text())
        return data.read_table(datasets / table.archive, table, schema).to_pandas()

    return read


@pytest.fixture(scope="module")
def expected_flights(files):
    """Return what the flights should be, made without SQL, in another way."""
    raw = files("flights")
    days = pd.to_datetime(raw[["year", "month", "day"]])
    leaves = (days + _minutes(raw["hour"] * 60 + raw["minute"])).dt.tz_localize(NEW_YORK)
    departed = leaves + _minutes(raw["dep_delay"])
    zones = raw["dest"].map(files("airports").set_index("faa")["tzone"]).fillna("America/Puerto_Rico")
    return pd.DataFrame(
        {
            "flight_id": days.dt.strftime("%Y-%m-%d-")
            + raw["carrier"]
            + "-"
            + raw["flight"].astype(str)
            + "-"
            + raw["origin"],
            "scheduled_departure": leaves.dt.tz_convert("UTC"),
            "scheduled_arrival": _next_time(leaves, raw["sched_arr_time"], zones),
            "carrier": raw["carrier"],
            "flight_number": raw["flight"],
            "origin": raw["origin"],
            "dest": raw["dest"],
            "distance": raw["distance"],
            "sched_dep_time": raw["sched_dep_time"],
            "sched_arr_time": raw["sched_arr_time"],
            "departures_in_hour": raw.groupby(["origin", "time_hour"])["flight"].transform("size"),
            "departed_at": departed.dt.tz_convert("UTC"),
            "landed_at": _next_time(departed, raw["arr_time"], zones),
            "settled_at": departed.fillna(leaves + pd.Timedelta(hours=3)).dt.tz_convert("UTC"),
            "cancelled": raw["dep_time"].isna(),
            "tailnum": raw["tailnum"],
            "dep_delay": raw["dep_delay"],
            "arr_delay": raw["arr_delay"],
            "air_time": raw["air_time"],
            "partition_day": days.dt.date,
        }
    ).set_index("flight_id")


def _minutes(count):
    return pd.to_timedelta(count, unit="min")


def _next_time(after, clock, zones):
    """Return the next instant at which a clock in another zone shows HHMM; null where it never or twice does."""
    found = []
    for zone, rows in clock.groupby(zones):
        start = after[rows.index].dt.tz_convert(zone)
        midnight = start.dt.tz_localize(None).dt.normalize()
        minutes = rows // 100 * 60 + rows % 100
        today, tomorrow = (
            (midnight + _minutes(minutes + day * 1440)).dt.tz_localize(
                zone, ambiguous="NaT", nonexistent="NaT"
            )
            for day in (0, 1)
        )
        found.append(today.where(today >= start, tomorrow).dt.tz_convert("UTC"))
    return pd.concat(found).reindex(clock.index)


def differing(made, expected):
    """Return the rows of two columns that differ, nulls being equal."""
    same = (made == expected) | (made.isna() & expected.isna())
    return list(made.index[~same.astype("bool")])


def test_flights_are_the_rows_of_the_warehouse(extracted, expected_flights):
    made = extracted("flights").to_pandas()
    assert made["flight_id"].is_unique
    assert set(made["flight_id"]) == set(expected_flights.index)


# On these two nights the clocks of the destination were changed on the way: the arrival is 02:03 of an hour that
# did not exist, or 01:14 of one that came twice. How long the way took tells which instant is meant.
NIGHTS = {
    "2013-03-09-B6-35-JFK": "2013-03-10 07:03:00+00:00",
    "2013-11-02-VX-413-JFK": "2013-11-03 08:14:00+00:00",
}


def test_every_column_of_flights_is_what_pandas_makes(extracted, expected_flights):
    made = extracted("flights").to_pandas().set_index("flight_id").reindex(expected_flights.index)
    assert set(made.columns) == set(expected_flights.columns)
    wrong = {name: differing(made[name], expected_flights[name]) for name in expected_flights.columns}
    nights = wrong.pop("landed_at")
    assert sorted(nights) == sorted(NIGHTS)
    assert {name: str(made.loc[name, "landed_at"]) for name in nights} == NIGHTS
    assert {name: rows[:3] for name, rows in wrong.items() if rows} == {}


def test_arrivals_agree_with_the_delays_that_the_airlines_report(extracted):
    flights = extracted("flights").to_pandas().dropna(subset=["arr_delay"])
    late = (flights["landed_at"] - flights["scheduled_arrival"]) / pd.Timedelta(minutes=1)
    assert (late == flights["arr_delay"]).all()


def test_departures_lie_in_the_hour_that_the_warehouse_names(extracted, files):
    hours = files("flights").groupby("time_hour").size()
    made = extracted("flights").to_pandas()["scheduled_departure"].dt.floor("h").value_counts().sort_index()
    assert made.tolist() == hours.tolist()
    assert made.index.tolist() == hours.index.tolist()


def test_partition_days_are_those_of_new_york(extracted, catalog):
    for name in ("flights", "weather"):
        rows = extracted(name).to_pandas()
        local = rows[catalog.sources[name].event_time].dt.tz_convert(NEW_YORK).dt.date
        assert (local == rows["partition_day"]).all()


@pytest.mark.parametrize("name", ["flights", "weather"])
@pytest.mark.parametrize("day", ["2013-01-01", "2013-03-10", "2013-11-03", "2013-12-30", "2013-12-31"])
def test_a_day_extracted_alone_is_that_day_of_the_year(name, day, extracted):
    """Asking the warehouse for a few partitions only loses and adds nothing, also where summer time begins or ends."""
    date = dt.date.fromisoformat(day)
    alone, year = (extracted(name, *days).to_pandas() for days in ([DayRange(date, date)], []))
    order = ["origin", "flight_id" if name == "flights" else "reported_at"]
    pd.testing.assert_frame_equal(
        alone.sort_values(order, ignore_index=True),
        year[year["partition_day"] == date].sort_values(order, ignore_index=True),
    )


def test_every_column_of_weather_is_that_of_the_hour_before(extracted, files):
    raw = files("weather")
    expected = raw.assign(reported_at=raw["time_hour"] + pd.Timedelta(hours=1))
    expected = expected.assign(partition_day=expected["reported_at"].dt.tz_convert(NEW_YORK).dt.date)
    key = ["origin", "reported_at"]
    made = extracted("weather").to_pandas().set_index(key).sort_index()
    assert made.index.is_unique
    expected = expected.set_index(key).sort_index()
    assert made.index.equals(expected.index)
    wrong = {name: differing(made[name], expected[name]) for name in made.columns}
    assert {name: rows[:3] for name, rows in wrong.items() if rows} == {}


def test_the_hour_that_comes_twice_in_autumn_has_two_reports(extracted):
    reports = extracted("weather").to_pandas()
    night = reports["reported_at"].between(
        pd.Timestamp("2013-11-03T05:30Z"), pd.Timestamp("2013-11-03T07:30Z")
    )
    newark = reports[night & (reports["origin"] == "EWR")]
    assert sorted(newark["reported_at"].dt.strftime("%H:%M")) == ["06:00", "07:00"]


def test_the_day_without_weather_is_the_last(extracted):
    days = set(extracted("weather").to_pandas()["partition_day"].astype("str"))
    year = {str(day.date()) for day in pd.date_range("2013-01-01", "2013-12-31")}
    assert year - days == {"2013-12-31"}


@pytest.mark.parametrize("name", ["planes", "diamonds"])
def test_a_snapshot_is_the_table_of_the_warehouse(name, extracted, files):
    made = extracted(name).to_pandas()
    expected = files(name)[made.columns]
    key = made.columns[0]
    pd.testing.assert_frame_equal(
        made.sort_values(key, ignore_index=True),
        expected.sort_values(key, ignore_index=True),
        check_dtype=False,
    )


def test_no_feature_can_see_the_price(extracted):
    assert "price" not in extracted("diamonds").column_names


def test_what_is_not_known_at_the_departure_says_when_it_is(catalog):
    later = {column.name: column.known.at for column in catalog.sources["flights"].columns if column.known.at}
    assert later == {
        "departed_at": "departed_at",
        "landed_at": "landed_at",
        "cancelled": "settled_at",
        "tailnum": "departed_at",
        "dep_delay": "departed_at",
        "arr_delay": "landed_at",
        "air_time": "landed_at",
    }


def test_the_analyser_accepts_every_source(catalog, analyser_cache):
    schemas, problems = load_schemas(ROOT)
    assert problems == []
    assert sql_problems(catalog.sources.values(), Analyser(schemas, folder=analyser_cache)) == []
