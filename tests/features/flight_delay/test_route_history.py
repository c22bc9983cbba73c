"""Four weeks of a route: few flights, diverted ones, and those still in the air at midnight."""

from __future__ import annotations

import pandas as pd
import pytest

from features.flight_delay import route_history

HOUSTON = {"origin": "EWR", "dest": "IAH", "scheduled_departure": "2013-01-28T12:00Z"}
BOSTON = {"origin": "JFK", "dest": "BOS", "scheduled_departure": "2013-01-28T12:00Z"}


@pytest.fixture
def flights(source_rows):
    """Three flights to Houston by two airlines, one not landed yet; one to Boston that was cancelled."""
    return source_rows(
        "flights",
        {**HOUSTON, "carrier": "UA", "arr_delay": 40.0, "air_time": 200.0, "cancelled": False},
        {**HOUSTON, "carrier": "UA", "arr_delay": 0.0, "air_time": 220.0, "cancelled": False},
        {**HOUSTON, "carrier": "AA", "cancelled": False},
        {**BOSTON, "carrier": "B6", "cancelled": True},
    )


def test_flight_count_is_by_origin_and_destination(flights):
    found = route_history.flight_count(flights)
    assert found.to_dict() == {("EWR", "IAH"): 3, ("JFK", "BOS"): 1}
    assert found.index.names == ["origin", "dest"]
    assert found.dtype == "int64"


def test_flight_count_tells_two_origins_of_one_destination_apart(source_rows):
    flights = source_rows("flights", BOSTON, {**BOSTON, "origin": "LGA"}, {**BOSTON, "origin": "LGA"})
    assert route_history.flight_count(flights).to_dict() == {("JFK", "BOS"): 1, ("LGA", "BOS"): 2}


def test_carrier_count_counts_each_airline_once(flights):
    assert route_history.carrier_count(flights).to_dict() == {("EWR", "IAH"): 2, ("JFK", "BOS"): 1}


def test_late_rate_is_drawn_to_that_of_all_routes(source_rows):
    late = [{**HOUSTON, "arr_delay": 15.0}] * 10
    punctual = [{**BOSTON, "arr_delay": 14.0}] * 30
    found = route_history.late_rate(source_rows("flights", *late, *punctual))
    assert found[("EWR", "IAH")] == pytest.approx((10 + 30 * 0.25) / (10 + 30))
    assert found[("JFK", "BOS")] == pytest.approx((0 + 30 * 0.25) / (30 + 30))


def test_late_rate_lacks_a_route_on_which_no_flight_landed(flights):
    assert list(route_history.late_rate(flights).index) == [("EWR", "IAH")]


def test_cancellation_rate_is_drawn_to_that_of_all_routes(flights):
    found = route_history.cancellation_rate(flights)
    assert found[("JFK", "BOS")] == pytest.approx((1 + 30 * 0.25) / (1 + 30))
    assert found[("EWR", "IAH")] == pytest.approx((0 + 30 * 0.25) / (3 + 30))


def test_median_arrival_delay_leaves_out_what_is_not_known(flights):
    found = route_history.median_arrival_delay(flights)
    assert found[("EWR", "IAH")] == 20.0
    assert pd.isna(found[("JFK", "BOS")])


def test_arrival_delay_p90_is_what_one_in_ten_exceeds(source_rows):
    flights = source_rows("flights", *({**HOUSTON, "arr_delay": float(delay)} for delay in range(11)))
    assert route_history.arrival_delay_p90(flights)[("EWR", "IAH")] == pytest.approx(9.0)


def test_overrun_minutes_compares_what_was_flown_with_the_timetable(source_rows):
    times = {
        "scheduled_arrival": "2013-01-28T14:00Z",
        "departed_at": "2013-01-28T12:30Z",
        "landed_at": "2013-01-28T14:40Z",
    }
    flights = source_rows("flights", {**HOUSTON, **times, "arr_delay": 40.0})
    # left 30 minutes late, arrived 40 minutes late: on the way for 130 of 120 minutes
    assert route_history.overrun_minutes(flights).to_dict() == {("EWR", "IAH"): 10.0}


def test_overrun_minutes_leaves_out_the_flight_that_was_diverted(source_csv):
    flights = source_csv("flights")
    diverted = flights[flights["flight_id"] == "2013-01-18-UA-738-EWR"]
    assert diverted["landed_at"].notna().all()
    assert route_history.overrun_minutes(diverted).isna().all()


def test_overrun_minutes_of_a_night_on_which_the_clock_is_set_forward(source_csv):
    flights = source_csv("flights")
    night = flights[flights["flight_id"] == "2013-03-09-B6-35-JFK"]
    # 23:06 to 03:03 by the new time is 177 minutes, 8 more than the timetable's 169
    assert route_history.overrun_minutes(night).to_dict() == {("JFK", "PBI"): 8.0}


def test_median_air_time_of_the_known_flights(flights):
    assert route_history.median_air_time(flights)[("EWR", "IAH")] == 210.0
