"""Whole tables, run as a worker runs them: real rows pass every check, garbage does not leave the worker."""

from __future__ import annotations

import pandas as pd
import pytest

from featuremart.errors import WorkFailed
from features.flight_delay import aircraft, carrier_history, route_history, timetable, weather_at_departure

REPORT = {
    "origin": "EWR",
    "reported_at": "2013-01-01T10:00Z",
    "temp": 39.02,
    "dewp": 28.04,
    "humid": 64.43,
    "wind_dir": 260.0,
    "wind_speed": 12.65858,
    "precip": 0.0,
    "pressure": 1011.9,
    "visib": 10.0,
}


def test_the_timetable_of_real_flights(run_table, source_csv):
    made = run_table(timetable, flights=source_csv("flights")).set_index("flight_id")
    assert len(made) == 20
    first = made.loc["2013-01-01-UA-1545-EWR"]
    assert (first["departure_minute"], first["distance_miles"], first["carrier_code"]) == (315, 1400, "UA")
    assert (made["available_at"] == made["scheduled_departure"]).all()
    assert "scheduled_minutes" not in made


@pytest.mark.parametrize(
    ("column", "garbage", "feature"),
    [
        ("sched_dep_time", 2575, "departure_minute"),
        ("sched_arr_time", 2575, "arrival_minute"),
        ("distance", 0, "distance_miles"),
        ("departures_in_hour", 0, "departures_same_hour"),
        ("origin", "ewr", "origin_airport"),
        ("carrier", "United", "carrier_code"),
    ],
)
def test_a_timetable_of_garbage_is_refused(column, garbage, feature, run_table, source_csv):
    flights = source_csv("flights")
    with pytest.raises(WorkFailed, match=feature):
        run_table(timetable, flights=flights.assign(**{column: garbage}))


def test_the_weather_of_a_flight_is_the_last_report_before_it(run_table, source_csv):
    flights = source_csv("flights")
    later = {**REPORT, "reported_at": "2013-01-01T10:16Z", "visib": 0.25}
    made = run_table(weather_at_departure, flights=flights, weather=[REPORT, later]).set_index("flight_id")
    first = made.loc["2013-01-01-UA-1545-EWR"]  # leaves at 10:15 UTC
    assert (first["visibility_miles"], first["report_age_minutes"]) == (10.0, 15.0)


def test_a_report_of_more_than_three_hours_ago_or_of_another_airport_is_none(run_table, source_csv):
    flights = source_csv("flights")
    old = {**REPORT, "reported_at": "2013-01-01T07:14Z"}
    elsewhere = {**REPORT, "origin": "JFK"}
    made = run_table(weather_at_departure, flights=flights, weather=[old, elsewhere]).set_index("flight_id")
    features = made.loc["2013-01-01-UA-1545-EWR"].drop(
        ["partition_day", "scheduled_departure", "available_at"]
    )
    assert features.isna().all()


@pytest.mark.parametrize(
    ("garbage", "feature"),
    [
        ({"temp": 500.0}, "temperature_celsius"),
        ({"dewp": 90.0}, "dew_point_spread"),
        ({"visib": -1.0}, "visibility_miles"),
        ({"wind_speed": -5.0}, "wind_mph"),
        ({"precip": 99.0}, "precipitation_inches"),
        ({"pressure": 30.1}, "pressure_millibars"),
    ],
)
def test_weather_that_cannot_be_is_refused(garbage, feature, run_table, source_csv):
    flights = source_csv("flights")
    with pytest.raises(WorkFailed, match=feature):
        run_table(weather_at_departure, flights=flights, weather=[{**REPORT, **garbage}])


@pytest.mark.parametrize("table", [carrier_history, route_history])
def test_a_window_of_real_flights(table, run_table, source_csv):
    made = run_table(table, flights=source_csv("flights", "flights_in_january"))
    assert set(made["partition_day"].astype("str")) == {"2013-01-10"}
    assert set(made["available_at"].astype("str")) == {"2013-01-11 05:00:00+00:00"}
    assert made["flight_count"].sum() == 63


def test_a_flight_that_lands_after_midnight_is_not_known_in_the_window_of_its_day(run_table, source_csv):
    flights = source_csv("flights", "flights_in_january")
    landed = flights["landed_at"]
    # the airline from Hawaii: one flight, 21 hours late, landed on the afternoon of the next day
    late = flights[flights["flight_id"] == "2013-01-09-HA-51-JFK"]
    assert landed[late.index].tolist() == [pd.Timestamp("2013-01-10T22:42Z")]
    on_the_day = run_table(carrier_history, flights=late, partition="2013-01-09")
    on_the_next = run_table(carrier_history, flights=late, partition="2013-01-10")
    assert on_the_day["median_arrival_delay"].isna().all()
    assert on_the_day["cancellation_rate"].isna().all()  # it had not left, and no one knew whether it would
    assert on_the_next["median_arrival_delay"].tolist() == [1272.0]
    assert on_the_next["cancellation_rate"].tolist() == [0.0]


@pytest.mark.parametrize("table", [carrier_history, route_history])
def test_a_window_of_garbage_is_refused(table, run_table, source_csv):
    flights = source_csv("flights", "flights_in_january")
    with pytest.raises(WorkFailed, match="median_arrival_delay"):
        run_table(table, flights=flights.assign(arr_delay=1e6))


def test_the_register_of_real_aircraft(run_table, source_csv):
    made = run_table(aircraft, planes=source_csv("planes")).set_index("tailnum")
    found = made.loc["N10156", ["year_built", "seat_count", "engine_count", "maker", "family"]]
    assert found.tolist() == [2004, 55, 2, "EMBRAER", "EMB-145"]


@pytest.mark.parametrize(
    ("column", "garbage", "feature"),
    [("year", 0, "year_built"), ("seats", 0, "seat_count"), ("engines", 12, "engine_count")],
)
def test_a_register_of_garbage_is_refused(column, garbage, feature, run_table, source_csv):
    planes = source_csv("planes")
    with pytest.raises(WorkFailed, match=feature):
        run_table(aircraft, planes=planes.assign(**{column: garbage}))
