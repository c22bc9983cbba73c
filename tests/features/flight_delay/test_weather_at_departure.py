"""Weather reports with and without their parts, and no report at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.flight_delay import weather_at_departure

REPORTS = pd.DataFrame(
    {
        # EWR 2013-01-01 05:00, JFK 2013-02-08 22:00 (the blizzard), EWR 2013-02-12 03:00 (a broken gauge), no report
        "temp": [39.02, 30.92, 39.02, np.nan],
        "dewp": [28.04, 28.94, 26.96, np.nan],
        "wind_dir": [260.0, 30.0, 260.0, np.nan],
        "wind_speed": [12.65858, 28.76950, 1048.36058, np.nan],
        "wind_gust": [np.nan, 42.57886, np.nan, np.nan],
        "precip": [0.0, 0.05, 0.0, np.nan],
        "pressure": [1011.9, np.nan, 1008.3, np.nan],
        "visib": [10.0, 0.25, 10.0, np.nan],
        "humid": [64.43, 92.26, 61.63, np.nan],
    }
)


def values(series):
    return [None if pd.isna(value) else value for value in series.tolist()]


def test_temperature_celsius_is_zero_at_the_freezing_point():
    found = weather_at_departure.temperature_celsius(pd.Series([32.0, 212.0, -40.0, np.nan]))
    assert values(found) == pytest.approx([0.0, 100.0, -40.0, None])


def test_dew_point_spread_is_zero_in_saturated_air():
    found = weather_at_departure.dew_point_spread(
        pd.Series([50.0, 39.02, np.nan]), pd.Series([50.0, 28.04, 28.0])
    )
    assert values(found) == pytest.approx([0.0, 6.1, None])


def test_visibility_miles_is_that_of_the_report():
    assert values(weather_at_departure.visibility_miles(REPORTS["visib"])) == [10.0, 0.25, 10.0, None]


def test_wind_mph_nulls_what_no_station_ever_saw():
    assert values(weather_at_departure.wind_mph(REPORTS["wind_speed"])) == [12.65858, 28.7695, None, None]


def test_gust_mph_tells_an_hour_without_gusts_from_one_without_a_report():
    found = weather_at_departure.gust_mph(REPORTS["wind_gust"], REPORTS["visib"])
    assert values(found) == [0.0, 42.57886, 0.0, None]


def test_gust_mph_nulls_what_no_station_ever_saw():
    assert values(weather_at_departure.gust_mph(pd.Series([1206.4]), pd.Series([10.0]))) == [None]


def test_precipitation_inches_is_that_of_the_report():
    assert values(weather_at_departure.precipitation_inches(REPORTS["precip"])) == [0.0, 0.05, 0.0, None]


def test_freezing_precipitation_needs_frost_and_rain():
    temp = pd.Series([30.92, 32.0, 33.0, 30.0, np.nan, 30.0])
    precip = pd.Series([0.05, 0.01, 0.05, 0.0, 0.05, np.nan])
    found = weather_at_departure.freezing_precipitation(temp, precip)
    assert found.dtype == "boolean"
    assert values(found) == [True, True, False, False, None, None]


def test_pressure_millibars_is_null_where_the_report_lacks_it():
    assert values(weather_at_departure.pressure_millibars(REPORTS["pressure"])) == [
        1011.9,
        None,
        1008.3,
        None,
    ]


def test_report_age_minutes_is_positive_and_null_without_a_report():
    departure = pd.Series(pd.to_datetime(["2013-01-01T10:15Z", "2013-12-31T23:00Z"])).astype(
        "datetime64[us, UTC]"
    )
    report = pd.Series(pd.to_datetime(["2013-01-01T10:00Z", None])).astype("datetime64[us, UTC]")
    assert values(weather_at_departure.report_age_minutes(departure, report)) == [15.0, None]


def test_relative_humidity_is_that_of_the_report():
    assert values(weather_at_departure.relative_humidity(REPORTS["humid"])) == [64.43, 92.26, 61.63, None]


def test_crosswind_mph_takes_the_runway_that_lies_best():
    origin = pd.Series(["EWR", "JFK", "LGA", "JFK", "EWR"])
    speed = pd.Series([20.0, 20.0, 20.0, 20.0, 1048.36058])
    direction = pd.Series([26.0, 211.0, 77.0, np.nan, 260.0])
    found = weather_at_departure.crosswind_mph(origin, speed, direction)
    # along 04/22, along it from the other end, between both runways, a wind from everywhere, a broken gauge
    assert values(found) == pytest.approx([0.0, 0.0, 20 * np.sin(np.radians(45)), None, None])


@pytest.mark.slow
def test_no_flight_sees_a_report_of_later_than_its_departure(extracted, computed):
    """Compared with pandas' own as-of join over the whole year."""
    flights = extracted("flights").to_pandas()[["flight_id", "origin", "scheduled_departure"]]
    weather = extracted("weather").to_pandas()[["origin", "reported_at", "visib"]]
    joined = pd.merge_asof(
        flights.sort_values("scheduled_departure"),
        weather.sort_values("reported_at"),
        left_on="scheduled_departure",
        right_on="reported_at",
        by="origin",
        tolerance=pd.Timedelta(hours=3),
    ).set_index("flight_id")
    made = computed("flight_delay.weather_at_departure").set_index("flight_id").reindex(joined.index)
    age = (joined["scheduled_departure"] - joined["reported_at"]) / pd.Timedelta(minutes=1)
    pd.testing.assert_series_equal(made["report_age_minutes"], age, check_names=False)
    pd.testing.assert_series_equal(made["visibility_miles"], joined["visib"], check_names=False)
    assert made["report_age_minutes"].min() >= 0
    assert made["report_age_minutes"].isna().sum() == 793  # the last day has no weather
