"""Four weeks of an airline: few flights, cancelled ones, and those still in the air at midnight."""

from __future__ import annotations

import pandas as pd
import pytest

from features.flight_delay import carrier_history


@pytest.fixture
def january(source_csv):
    """Return the first ten days of four small airlines."""
    return source_csv("flights", "flights_in_january")


@pytest.fixture
def flights(source_rows):
    """Three flights of AA: late, punctual, and not landed yet; two of UA: one cancelled, one not settled yet."""
    day = {"scheduled_departure": "2013-01-28T12:00Z"}
    return source_rows(
        "flights",
        {**day, "carrier": "AA", "dep_delay": 20.0, "arr_delay": 15.0, "cancelled": False},
        {**day, "carrier": "AA", "dep_delay": 0.0, "arr_delay": -5.0, "cancelled": False},
        {**day, "carrier": "AA", "dep_delay": 90.0, "cancelled": False},
        {**day, "carrier": "UA", "cancelled": True},
        {**day, "carrier": "UA"},
    )


def test_flight_count_counts_every_flight_of_the_timetable(flights):
    found = carrier_history.flight_count(flights)
    assert found.to_dict() == {"AA": 3, "UA": 2}
    assert found.dtype == "int64"
    assert found.index.name == "carrier"


def test_flight_count_of_real_days(january):
    assert carrier_history.flight_count(january).to_dict() == {"AS": 20, "F9": 20, "HA": 10, "YV": 13}


def test_late_rate_begins_at_15_minutes_and_leaves_out_what_is_not_known(flights):
    # one of two known arrivals is late; 50 flights at the rate of all, one in two, stand beside them
    found = carrier_history.late_rate(flights)
    assert found.to_dict() == {"AA": pytest.approx((1 + 50 * 0.5) / (2 + 50))}


def test_late_rate_of_few_flights_lies_between_their_own_rate_and_that_of_all(january):
    delays = january.dropna(subset=["arr_delay"])
    own = (delays["arr_delay"] >= 15).groupby(delays["carrier"]).mean()
    whole = (delays["arr_delay"] >= 15).mean()
    found = carrier_history.late_rate(january)
    assert (found.sub(whole).abs() <= own.sub(whole).abs()).all()
    assert found["HA"] == pytest.approx((own["HA"] * 10 + whole * 50) / 60)


def test_late_rate_of_many_flights_is_their_own(source_rows):
    day = {"scheduled_departure": "2013-01-28T12:00Z"}
    many = [{**day, "carrier": "AA", "arr_delay": 60.0 if at % 4 == 0 else 0.0} for at in range(20_000)]
    found = carrier_history.late_rate(
        source_rows("flights", *many, {**day, "carrier": "UA", "arr_delay": 90.0})
    )
    assert found["AA"] == pytest.approx(0.25, abs=0.001)
    assert found["UA"] < 0.3


def test_cancellation_rate_leaves_out_flights_that_may_still_leave(flights):
    found = carrier_history.cancellation_rate(flights)
    assert found["AA"] == pytest.approx((0 + 50 * 0.25) / (3 + 50))
    assert found["UA"] == pytest.approx((1 + 50 * 0.25) / (1 + 50))


def test_median_arrival_delay_is_not_moved_by_one_storm(january):
    before = carrier_history.median_arrival_delay(january)
    delays = january["arr_delay"]
    stormy = january.assign(arr_delay=delays.mask(delays == delays.max(), 9_999.0))
    pd.testing.assert_series_equal(carrier_history.median_arrival_delay(stormy), before)


def test_median_arrival_delay_of_real_days(january):
    expected = january.loc[january["carrier"] == "HA", "arr_delay"].sort_values().tolist()
    assert carrier_history.median_arrival_delay(january)["HA"] == (expected[4] + expected[5]) / 2


def test_median_arrival_delay_is_null_for_an_airline_that_never_landed(flights):
    assert pd.isna(carrier_history.median_arrival_delay(flights)["UA"])


def test_arrival_delay_spread_is_that_of_the_middle_half(source_rows):
    day = {"scheduled_departure": "2013-01-28T12:00Z", "carrier": "AA"}
    flights = source_rows("flights", *({**day, "arr_delay": float(delay)} for delay in (-20, 0, 10, 30, 500)))
    assert carrier_history.arrival_delay_spread(flights).to_dict() == {"AA": 30.0}


def test_minutes_made_up_are_positive_where_flights_catch_up(flights):
    found = carrier_history.minutes_made_up(flights)
    assert found["AA"] == 5.0  # made up 5 and 5; the third is not known
    assert pd.isna(found["UA"])


def test_late_rate_trend_compares_the_last_seven_days_with_all(source_rows):
    early = {"scheduled_departure": "2013-01-10T12:00Z", "carrier": "AA", "arr_delay": 0.0}
    late = {"scheduled_departure": "2013-01-28T12:00Z", "carrier": "AA", "arr_delay": 60.0}
    flights = source_rows("flights", *[early] * 150, *[late] * 50)
    found = carrier_history.late_rate_trend(flights, carrier_history.late_rate(flights))
    assert found.to_dict() == {"AA": pytest.approx(1.0 - 0.25)}


def test_late_rate_trend_is_null_without_a_flight_in_the_last_week(source_rows):
    flights = source_rows(
        "flights",
        {"scheduled_departure": "2013-01-10T12:00Z", "carrier": "UA", "arr_delay": 30.0},
        {"scheduled_departure": "2013-01-28T12:00Z", "carrier": "AA", "arr_delay": 0.0},
    )
    found = carrier_history.late_rate_trend(flights, carrier_history.late_rate(flights))
    assert pd.isna(found["UA"])
    assert found["AA"] < 0


def test_mean_arrival_delay_of_real_days(january):
    hawaiian = january.loc[january["carrier"] == "HA", "arr_delay"]
    assert carrier_history.mean_arrival_delay(january)["HA"] == pytest.approx(sum(hawaiian) / 10)


def test_very_late_rate_begins_at_an_hour(source_rows):
    day = {"scheduled_departure": "2013-01-28T12:00Z", "carrier": "AA"}
    flights = source_rows("flights", {**day, "arr_delay": 59.0}, {**day, "arr_delay": 60.0})
    assert carrier_history.very_late_rate(flights).to_dict() == {"AA": 0.5}


@pytest.mark.parametrize(
    "name", ["late_rate", "cancellation_rate", "median_arrival_delay", "minutes_made_up"]
)
def test_a_window_in_which_nothing_is_known_yet_gives_no_values(name, source_rows):
    flights = source_rows("flights", {"scheduled_departure": "2013-01-01T23:59Z", "carrier": "AA"})
    assert getattr(carrier_history, name)(flights).dropna().empty
