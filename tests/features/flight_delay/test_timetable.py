"""What the timetable tells, on real flights: summer time, midnight, holidays, the shortest and the longest way."""

from __future__ import annotations

import pandas as pd
import pytest

from features.flight_delay import timetable


@pytest.fixture
def flights(source_csv):
    return source_csv("flights")


def of(flights, series):
    """Return a feature's values by flight."""
    return dict(zip(flights["flight_id"], series, strict=True))


def test_departure_minute_counts_from_local_midnight(flights):
    found = of(flights, timetable.departure_minute(flights["sched_dep_time"]))
    assert found["2013-01-01-UA-1545-EWR"] == 5 * 60 + 15
    assert found["2013-12-31-DL-412-JFK"] == 23 * 60 + 59
    assert found["2013-07-27-US-1632-EWR"] == 66


def test_departure_minute_is_a_whole_number_of_a_day(flights):
    found = timetable.departure_minute(flights["sched_dep_time"])
    assert found.dtype == "int64"
    assert found.between(0, 1439).all()


def test_arrival_minute_is_the_clock_of_the_destination(flights):
    found = of(flights, timetable.arrival_minute(flights["sched_arr_time"]))
    assert found["2013-02-26-HA-51-JFK"] == 15 * 60 + 40  # 10 h 40 min later in Honolulu
    assert found["2013-03-09-B6-35-JFK"] == 34  # after midnight


def test_weekday_is_that_of_new_york(flights):
    found = of(flights, timetable.weekday(flights["scheduled_departure"]))
    assert found["2013-01-01-UA-1545-EWR"] == 1  # a Tuesday
    # Saturday evening in New York is Sunday in UTC
    assert found["2013-03-09-B6-35-JFK"] == 5
    assert found["2013-03-10-EV-4708-EWR"] == 6


def test_month_is_that_of_new_york(flights):
    found = of(flights, timetable.month(flights["scheduled_departure"]))
    # 2014-01-01 04:59 in UTC
    assert found["2013-12-31-DL-412-JFK"] == 12
    assert found["2013-07-03-B6-403-JFK"] == 7


@pytest.mark.parametrize(
    ("departure", "days"),
    [
        ("2013-07-01T16:00Z", 3),
        ("2013-07-04T16:00Z", 0),
        ("2013-07-04T03:59Z", 1),  # the evening before in New York
        ("2013-07-06T16:00Z", -2),
        ("2013-11-29T13:20Z", -1),  # the day after Thanksgiving
        ("2013-12-31T16:00Z", 1),  # New Year's Day of another year
        ("2013-12-28T16:00Z", -3),
        ("2013-04-08T16:00Z", 49),  # in the middle of the longest stretch without one: the coming one counts
        ("2013-04-07T16:00Z", -48),
    ],
)
def test_days_to_holiday_counts_to_the_nearest_one(departure, days):
    found = timetable.days_to_holiday(pd.Series([pd.Timestamp(departure)]))
    assert found.tolist() == [days]


def test_days_to_holiday_of_a_flight_does_not_depend_on_the_others(flights):
    together = timetable.days_to_holiday(flights["scheduled_departure"])
    alone = [
        timetable.days_to_holiday(flights["scheduled_departure"].iloc[[at]]).iloc[0] for at in flights.index
    ]
    assert together.tolist() == alone


def test_days_to_holiday_of_no_flights_is_nothing(flights):
    found = timetable.days_to_holiday(flights["scheduled_departure"].iloc[:0])
    assert found.empty
    assert found.dtype == "int64"


def test_distance_miles_is_the_distance(flights):
    found = of(flights, timetable.distance_miles(flights["distance"]))
    assert found["2013-07-27-US-1632-EWR"] == 17
    assert found["2013-02-26-HA-51-JFK"] == 4983


def padding(flights):
    columns = (flights[name] for name in ("scheduled_departure", "scheduled_arrival", "distance"))
    return of(flights, timetable.padding_minutes(*columns))


def test_padding_minutes_is_what_the_timetable_grants_beyond_the_distance(flights):
    # 05:15 in New York to 08:19 in Houston, an hour behind: 244 minutes for 1,400 miles
    assert padding(flights)["2013-01-01-UA-1545-EWR"] == pytest.approx(244 - 49 - 1400 / 7.9)


def test_padding_minutes_knows_the_night_on_which_the_clock_is_set_forward(flights):
    # 21:45 to 00:34, before the clocks change: 169 minutes for 1,028 miles
    assert padding(flights)["2013-03-09-B6-35-JFK"] == pytest.approx(169 - 49 - 1028 / 7.9)


def test_departures_same_hour_is_what_the_source_counted(flights):
    found = of(flights, timetable.departures_same_hour(flights["departures_in_hour"]))
    assert found["2013-08-15-EV-4533-EWR"] == 38
    assert found["2013-07-27-US-1632-EWR"] == 1


def test_origin_airport_is_the_origin(flights):
    found = of(flights, timetable.origin_airport(flights["origin"]))
    assert {found[name] for name in found if name.endswith("LGA")} == {"LGA"}


def test_carrier_code_is_the_carrier(flights):
    found = of(flights, timetable.carrier_code(flights["carrier"]))
    assert found["2013-11-03-9E-3932-EWR"] == "9E"


def test_scheduled_minutes_crosses_time_zones_and_midnight(flights):
    minutes = timetable.scheduled_minutes(flights["scheduled_departure"], flights["scheduled_arrival"])
    found = of(flights, minutes)
    assert minutes.dtype == "int64"
    assert found["2013-01-01-UA-1545-EWR"] == 244
    assert found["2013-02-26-HA-51-JFK"] == 11 * 60 + 40
    assert found["2013-12-31-DL-412-JFK"] == 225


def test_flight_number_is_odd(flights):
    found = of(flights, timetable.flight_number_is_odd(flights["flight_number"]))
    assert found["2013-01-01-UA-1545-EWR"]
    assert not found["2013-11-03-9E-3932-EWR"]


def test_departs_on_the_hour(flights):
    found = of(flights, timetable.departs_on_the_hour(flights["sched_dep_time"]))
    assert found["2013-01-01-DL-461-LGA"]  # 06:00
    assert not found["2013-01-01-UA-1545-EWR"]  # 05:15
