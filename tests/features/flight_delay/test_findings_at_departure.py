"""The figures in the docstrings of what is known when a flight leaves, and the findings that rejected features, are those of the data."""

from __future__ import annotations

import numpy as np
import pytest

from features.flight_delay import timetable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

HOUR = 60

TENDENCIES = {}
"""``table.feature`` -> a function of the year that makes the sentence of its ``Tendency``."""
FINDINGS = {}
"""``table.feature`` -> a function of the year that makes the sentence of its ``@rejected``."""


def tendency(name):
    return lambda function: TENDENCIES.setdefault(name, function)


def finding(name):
    return lambda function: FINDINGS.setdefault(name, function)


@tendency("timetable.departure_minute")
def _(year):
    of = "timetable.departure_minute"
    return (
        f"Mean arrival delay {year.delay(of, 0, 7 * HOUR)} min before 07:00, {year.delay(of, 12 * HOUR, 13 * HOUR)} "
        f"min from 12:00 to 13:00, {year.delay(of, 21 * HOUR, 22 * HOUR)} min from 21:00 to 22:00; correlation "
        f"{year.correlation(of)}, n = {year.flights['arr_delay'].count():,}."
    )


@tendency("timetable.arrival_minute")
def _(year):
    of = "timetable.arrival_minute"
    return (
        f"Mean arrival delay {year.delay(of, 6 * HOUR, 12 * HOUR)} min for arrivals from 06:00 to 12:00, "
        f"{year.delay(of, 20 * HOUR)} min from 20:00 on. Correlation with departure_minute "
        f"{year.correlation(of, 'timetable.departure_minute')}."
    )


@tendency("timetable.weekday")
def _(year):
    of = "timetable.weekday"
    return (
        f"Mean arrival delay {year.delay(of, 3, 4)} min on Thursdays, {year.delay(of, 5, 6)} min on Saturdays "
        f"(n = {year.count(of, 3, 4)} and {year.count(of, 5, 6)})."
    )


@tendency("timetable.month")
def _(year):
    of = "timetable.month"
    return (
        f"Mean arrival delay {year.delay(of, 7, 8)} min in July and {year.delay(of, 12, 13)} min in December, "
        f"{year.delay(of, 9, 10)} min in September. Seen in one year only: what is the season and what was 2013 "
        "cannot be told apart."
    )


@tendency("timetable.days_to_holiday")
def _(year):
    of = "timetable.days_to_holiday"
    return (
        f"Mean arrival delay {year.delay(of, 3, 5)} min three and four days before a holiday "
        f"(n = {year.count(of, 3, 5)}), {year.delay(of, 0, 1)} min on it, {year.delay(of, -2, -1)} min two days "
        f"after it (n = {year.count(of, -2, -1)})."
    )


@tendency("timetable.distance_miles")
def _(year):
    of = "timetable.distance_miles"
    return (
        f"Mean arrival delay {year.delay(of, 0, 300)} min below 300 miles, {year.delay(of, 2000)} min from 2,000 "
        f"miles on; cancelled {year.cancelled(of, 0, 300)} and {year.cancelled(of, 2000)}."
    )


@tendency("timetable.padding_minutes")
def _(year):
    low, high = year.fifths("timetable.padding_minutes")
    return f"Mean arrival delay {low} min in the fifth that is padded least, {high} min in the fifth padded most."


@tendency("timetable.departures_same_hour")
def _(year):
    of = "timetable.departures_same_hour"
    crowded = year.where(of, 31)
    early = (crowded["timetable.departure_minute"] < 9 * HOUR).mean()
    return (
        f"Mean arrival delay {year.delay(of, 11, 16)} min with 11 to 15 departures, {year.delay(of, 21, 26)} min with "
        f"21 to 25. Above 30 it is {year.delay(of, 31)} min: {early:.1%} of those leave before 09:00.".replace(
            "%", " %"
        )
    )


@tendency("timetable.origin_airport")
def _(year):
    of = "timetable.origin_airport"
    return (
        f"Mean arrival delay {year.delay(of, 'EWR')} min from EWR, {year.delay(of, 'LGA')} from LGA, "
        f"{year.delay(of, 'JFK')} from JFK; cancelled {year.cancelled(of, 'EWR')}, {year.cancelled(of, 'LGA')} and "
        f"{year.cancelled(of, 'JFK')}."
    )


@tendency("timetable.carrier_code")
def _(year):
    of = "timetable.carrier_code"
    return (
        f"Mean arrival delay {year.delay(of, 'EV')} min with EV and {year.delay(of, 'MQ')} with MQ, both regional; "
        f"{year.delay(of, 'DL')} with DL, {year.delay(of, 'AA')} with AA."
    )


@tendency("timetable.scheduled_minutes")
def _(year):
    of = "timetable.scheduled_minutes"
    return (
        f"Mean arrival delay {year.delay(of, 0, 90)} min below 90 minutes, {year.delay(of, 300)} min from 300 on; "
        f"correlation {year.correlation(of)}."
    )


@finding("timetable.scheduled_minutes")
def _(year):
    of = "timetable.scheduled_minutes"
    return (
        f"{year.correlation(of, 'timetable.distance_miles', digits=3)} correlated with distance_miles; what it adds is "
        f"padding_minutes: AUC {year.auc(year.TIMETABLE)} without it, {year.auc([*year.TIMETABLE, of])} with it"
    )


@tendency("timetable.flight_number_is_odd")
def _(year):
    of = "timetable.flight_number_is_odd"
    return (
        f"Mean arrival delay {year.delay(of, True)} min with odd numbers, {year.delay(of, False)} min with even ones "
        f"(n = {year.count(of, True)} and {year.count(of, False)})."
    )


@finding("timetable.flight_number_is_odd")
def _(year):
    of = "timetable.flight_number_is_odd"
    return (
        f"Hour, airline and distance know it already: AUC {year.auc(year.TIMETABLE)} without it, "
        f"{year.auc([*year.TIMETABLE, of])} with it"
    )


@tendency("timetable.departs_on_the_hour")
def _(year):
    of = "timetable.departs_on_the_hour"
    return (
        f"The other way round: mean arrival delay {year.delay(of, True)} min at the full hour, "
        f"{year.delay(of, False)} min at other minutes."
    )


@finding("timetable.departs_on_the_hour")
def _(year):
    of = "timetable.departs_on_the_hour"
    return (
        f"Hour, airline and distance know it already: AUC {year.auc(year.TIMETABLE)} without it, "
        f"{year.auc([*year.TIMETABLE, of])} with it"
    )


@tendency("weather_at_departure.temperature_celsius")
def _(year):
    of = "weather_at_departure.temperature_celsius"
    return (
        f"Mean arrival delay {year.delay(of, None, -4)} min below -4 degrees, {year.delay(of, 10, 20)} min from 10 to "
        f"20, {year.delay(of, 27)} min from 27 on."
    )


@tendency("weather_at_departure.dew_point_spread")
def _(year):
    of = "weather_at_departure.dew_point_spread"
    return (
        f"Mean arrival delay {year.delay(of, None, 2)} min below 2 degrees, {year.delay(of, 10)} min from 10 on; "
        f"cancelled {year.cancelled(of, None, 2)} and {year.cancelled(of, 10)}."
    )


@tendency("weather_at_departure.visibility_miles")
def _(year):
    of = "weather_at_departure.visibility_miles"
    return (
        f"Mean arrival delay {year.delay(of, 0, 3)} min below 3 miles (n = {year.count(of, 0, 3)}), "
        f"{year.delay(of, 10)} min at 10; cancelled {year.cancelled(of, 0, 3)} and {year.cancelled(of, 10)}."
    )


@tendency("weather_at_departure.wind_mph")
def _(year):
    of = "weather_at_departure.wind_mph"
    return (
        f"Mean arrival delay {year.delay(of, 0, 5)} min below 5 mph, {year.delay(of, 25)} min from 25 on; cancelled "
        f"{year.cancelled(of, 0, 5)} and {year.cancelled(of, 25)}."
    )


@tendency("weather_at_departure.gust_mph")
def _(year):
    of = "weather_at_departure.gust_mph"
    return (
        f"Mean arrival delay {year.delay(of, 0, 1)} min without gusts, {year.delay(of, 35)} min from 35 mph on; "
        f"cancelled {year.cancelled(of, 0, 1)} and {year.cancelled(of, 35)}."
    )


@tendency("weather_at_departure.precipitation_inches")
def _(year):
    of = "weather_at_departure.precipitation_inches"
    return (
        f"Mean arrival delay {year.delay(of, 0, 0.001)} min in dry hours, {year.delay(of, 0.01, 0.1)} min below a tenth "
        f"of an inch, {year.delay(of, 0.3)} min from 0.3 on (n = {year.count(of, 0.3)})."
    )


@tendency("weather_at_departure.freezing_precipitation")
def _(year):
    of = "weather_at_departure.freezing_precipitation"
    return (
        f"Mean arrival delay {year.delay(of, True)} min with it (n = {year.count(of, True)}), {year.delay(of, False)} "
        f"min without; cancelled {year.cancelled(of, True)} and {year.cancelled(of, False)}."
    )


@tendency("weather_at_departure.pressure_millibars")
def _(year):
    of = "weather_at_departure.pressure_millibars"
    return (
        f"Mean arrival delay {year.delay(of, None, 1000)} min below 1000 (n = {year.count(of, None, 1000)}), "
        f"{year.delay(of, 1010, 1015)} min from 1010 to 1015, {year.delay(of, 1020)} min from 1020 on."
    )


@tendency("weather_at_departure.report_age_minutes")
def _(year):
    of = "weather_at_departure.report_age_minutes"
    fresh = (year.flights[of] < HOUR).mean()
    return (
        f"Says nothing by itself (correlation {year.correlation(of)}); {fresh:.1%} of the flights have a report of "
        f"the last hour.".replace("%", " %")
    )


@tendency("weather_at_departure.relative_humidity")
def _(year):
    of = "weather_at_departure.relative_humidity"
    return f"Mean arrival delay {year.delay(of, 0, 60)} min below 60 %, {year.delay(of, 95)} min from 95 on."


@finding("weather_at_departure.relative_humidity")
def _(year):
    of = "weather_at_departure.relative_humidity"
    both = [*year.TIMETABLE, *year.WEATHER]
    return (
        f"{year.correlation(of, 'weather_at_departure.dew_point_spread')} correlated with dew_point_spread, which says "
        f"more: AUC {year.auc(both)} without it, {year.auc([*both, of])} with it"
    )


@tendency("weather_at_departure.crosswind_mph")
def _(year):
    of = "weather_at_departure.crosswind_mph"
    return (
        f"Mean arrival delay {year.delay(of, 0, 2)} min below 2 mph, {year.delay(of, 15)} min from 15 on "
        f"(n = {year.count(of, 15)})."
    )


@finding("weather_at_departure.crosswind_mph")
def _(year):
    of = "weather_at_departure.crosswind_mph"
    both = [*year.TIMETABLE, *year.WEATHER]
    return (
        f"{year.correlation(of, 'weather_at_departure.wind_mph')} correlated with wind_mph, and no more telling: "
        f"AUC {year.auc(both)} without it, {year.auc([*both, of])} with it"
    )


def test_the_usual_minutes_of_a_distance_are_those_of_the_data(year):
    flights = year.flights.dropna(subset=["arr_delay"])
    took = flights["timetable.scheduled_minutes"] + flights["arr_delay"] - flights["dep_delay"]
    slope, ground = np.polyfit(flights["timetable.distance_miles"], took, 1)
    assert round(ground) == timetable._GROUND_MINUTES
    assert round(1 / slope, 1) == timetable._MILES_A_MINUTE


@pytest.mark.parametrize("name", TENDENCIES)
def test_the_tendency_in_a_docstring_is_that_of_the_data(name, year, says):
    says(f"flight_delay.{name}", TENDENCIES[name](year))


@pytest.mark.parametrize("name", FINDINGS)
def test_a_feature_was_rejected_for_what_the_data_show(name, year, says):
    says(f"flight_delay.{name}", FINDINGS[name](year))


def test_every_feature_has_its_figures_checked(catalog):
    tables = [catalog.table(f"flight_delay.{name}") for name in ["timetable", "weather_at_departure"]]
    features = {f"{table.name}.{feature.name}": feature for table in tables for feature in table.features}
    assert set(TENDENCIES) == set(features)
    assert set(FINDINGS) == {name for name, feature in features.items() if feature.rejected is not None}
