"""The figures in the docstrings of the weeks before and of the aircraft, and the findings that rejected features, are those of the data."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TENDENCIES = {}
"""``table.feature`` -> a function of the year that makes the sentence of its ``Tendency``."""
FINDINGS = {}
"""``table.feature`` -> a function of the year that makes the sentence of its ``@rejected``."""


def tendency(name):
    return lambda function: TENDENCIES.setdefault(name, function)


def finding(name):
    return lambda function: FINDINGS.setdefault(name, function)


@tendency("carrier_history.flight_count")
def _(year):
    of = "carrier_history.flight_count"
    return (
        f"Correlation with the next day's arrival delay {year.correlation(of)}: by itself it tells little; "
        f"airlines below 300 flights {year.delay(of, 0, 300)} min, the others {year.delay(of, 300)} min."
    )


@tendency("carrier_history.late_rate")
def _(year):
    of = "carrier_history.late_rate"
    low, high = year.fifths(of)
    return (
        f"Mean arrival delay of the next day {low} min in the lowest fifth, {high} min in the highest; correlation "
        f"{year.correlation(of)}."
    )


@tendency("carrier_history.cancellation_rate")
def _(year):
    of = "carrier_history.cancellation_rate"
    low, high = year.fifths(of)
    return (
        f"Mean arrival delay of the next day {low} min in the lowest fifth, {high} min in the highest; correlation "
        f"with the next day's cancellations {year.correlation(of, 'cancelled')}."
    )


@tendency("carrier_history.median_arrival_delay")
def _(year):
    of = "carrier_history.median_arrival_delay"
    return (
        f"Mean arrival delay of the next day {year.delay(of, None, -9)} min where the median is below -9, "
        f"{year.delay(of, 0)} min where it is 0 or more; correlation {year.correlation(of)}."
    )


@tendency("carrier_history.arrival_delay_spread")
def _(year):
    of = "carrier_history.arrival_delay_spread"
    low, high = year.fifths(of)
    return (
        f"Mean arrival delay of the next day {low} min in the lowest fifth, {high} min in the highest; correlation "
        f"{year.correlation(of)}."
    )


@tendency("carrier_history.minutes_made_up")
def _(year):
    of = "carrier_history.minutes_made_up"
    low, high = year.fifths(of)
    return (
        f"Mean arrival delay of the next day {low} min in the lowest fifth, {high} min in the highest; correlation "
        f"{year.correlation(of)}."
    )


@tendency("carrier_history.late_rate_trend")
def _(year):
    of = "carrier_history.late_rate_trend"
    return (
        f"Mean arrival delay of the next day {year.delay(of, 0.05)} min where the last week was 5 points worse or "
        f"more, {year.delay(of, -0.02, 0.02)} min where it was within 2 points."
    )


@tendency("carrier_history.mean_arrival_delay")
def _(year):
    of = "carrier_history.mean_arrival_delay"
    return f"Correlation with the next day's arrival delay {year.correlation(of)}."


@finding("carrier_history.mean_arrival_delay")
def _(year):
    of, rate = "carrier_history.mean_arrival_delay", "carrier_history.late_rate"
    return (
        f"{year.correlation(of, rate)} correlated with late_rate, which one flight of 20 hours late does not move: "
        f"AUC {year.auc([*year.TIMETABLE, rate])} with late_rate, {year.auc([*year.TIMETABLE, rate, of])} with both"
    )


@tendency("carrier_history.very_late_rate")
def _(year):
    of = "carrier_history.very_late_rate"
    low, high = year.fifths(of)
    return f"Mean arrival delay of the next day {low} min in the lowest fifth, {high} min in the highest."


@finding("carrier_history.very_late_rate")
def _(year):
    of, rate = "carrier_history.very_late_rate", "carrier_history.late_rate"
    return (
        f"{year.correlation(of, rate)} correlated with late_rate and "
        f"{year.correlation(of, 'carrier_history.arrival_delay_spread')} with arrival_delay_spread: AUC "
        f"{year.auc([*year.TIMETABLE, rate])} with late_rate, {year.auc([*year.TIMETABLE, rate, of])} with both"
    )


@tendency("route_history.flight_count")
def _(year):
    of = "route_history.flight_count"
    return (
        f"Mean arrival delay of the next day {year.delay(of, 0, 100)} min on routes below 100 flights, "
        f"{year.delay(of, 400)} min from 400 on."
    )


@tendency("route_history.carrier_count")
def _(year):
    of = "route_history.carrier_count"
    return (
        f"Mean arrival delay of the next day {year.delay(of, 1, 2)} min with one airline (n = {year.count(of, 1, 2)}), "
        f"{year.delay(of, 4)} min with four or more (n = {year.count(of, 4)})."
    )


@tendency("route_history.late_rate")
def _(year):
    of = "route_history.late_rate"
    low, high = year.fifths(of)
    return (
        f"Mean arrival delay of the next day {low} min in the lowest fifth, {high} min in the highest; correlation "
        f"{year.correlation(of)}. AUC {year.auc(year.TIMETABLE)} with the timetable alone, "
        f"{year.auc([*year.TIMETABLE, of])} with it."
    )


@tendency("route_history.cancellation_rate")
def _(year):
    of = "route_history.cancellation_rate"
    low, high = year.fifths(of)
    return (
        f"Mean arrival delay of the next day {low} min in the lowest fifth, {high} min in the highest; correlation "
        f"with the next day's cancellations {year.correlation(of, 'cancelled')}."
    )


@tendency("route_history.median_arrival_delay")
def _(year):
    of = "route_history.median_arrival_delay"
    return (
        f"Mean arrival delay of the next day {year.delay(of, None, -10)} min where the median is below -10, "
        f"{year.delay(of, 1)} min where it is 1 or more; correlation {year.correlation(of)}."
    )


@tendency("route_history.arrival_delay_p90")
def _(year):
    of = "route_history.arrival_delay_p90"
    low, high = year.fifths(of)
    return (
        f"Mean arrival delay of the next day {low} min in the lowest fifth, {high} min in the highest; correlation "
        f"{year.correlation(of)}."
    )


@tendency("route_history.overrun_minutes")
def _(year):
    of = "route_history.overrun_minutes"
    return (
        f"Mean arrival delay of the next day {year.delay(of, None, -12)} min where the timetable has more than 12 "
        f"minutes to spare, {year.delay(of, -3)} min where it has less than 3."
    )


@tendency("route_history.median_air_time")
def _(year):
    return (
        f"Correlation with the next day's arrival delay {year.correlation('route_history.median_air_time')}."
    )


@finding("route_history.median_air_time")
def _(year):
    of = "route_history.median_air_time"
    return (
        f"{year.correlation(of, 'timetable.distance_miles', digits=3)} correlated with distance_miles: AUC "
        f"{year.auc(year.TIMETABLE)} without it, {year.auc([*year.TIMETABLE, of])} with it"
    )


@tendency("aircraft.year_built")
def _(year):
    of = "aircraft.year_built"
    return (
        f"No straight line: mean arrival delay {year.delay(of, None, 1991)} min if built before 1991, "
        f"{year.delay(of, 2001, 2006)} min from 2001 to 2005, {year.delay(of, 2011)} min from 2011 on."
    )


@tendency("aircraft.seat_count")
def _(year):
    of = "aircraft.seat_count"
    return (
        f"Mean arrival delay {year.delay(of, 11, 61)} min with 11 to 60 seats (n = {year.count(of, 11, 61)}), "
        f"{year.delay(of, 151, 201)} min with 151 to 200, {year.delay(of, 201, 301)} min with 201 to 300."
    )


@tendency("aircraft.engine_count")
def _(year):
    of = "aircraft.engine_count"
    two = (year.flights[of].dropna() == 2).mean()
    return (
        f"{two:.1%} of the flights have two. Mean arrival delay {year.delay(of, 1, 2)} min with one "
        f"(n = {year.count(of, 1, 2)}), {year.delay(of, 2, 3)} min with two.".replace("%", " %")
    )


@tendency("aircraft.maker")
def _(year):
    of = "aircraft.maker"
    return (
        f"Mean arrival delay {year.delay(of, 'EMBRAER')} min with Embraer, {year.delay(of, 'BOMBARDIER')} with "
        f"Bombardier, {year.delay(of, 'AIRBUS')} with Airbus, {year.delay(of, 'BOEING')} with Boeing."
    )


@tendency("aircraft.family")
def _(year):
    of = "aircraft.family"
    return (
        f"Mean arrival delay {year.delay(of, 'EMB-145')} min with EMB-145, {year.delay(of, 'A320')} with A320, "
        f"{year.delay(of, '737')} with 737, {year.delay(of, '767')} with 767."
    )


@tendency("aircraft.engine_kind")
def _(year):
    of = "aircraft.engine_kind"
    return (
        f"Mean arrival delay {year.delay(of, 'Turbo-fan')} min with Turbo-fan, {year.delay(of, 'Turbo-jet')} min with "
        f"Turbo-jet; propellers flew {year.count(of, 'Turbo-prop')} times."
    )


@finding("aircraft.engine_kind")
def _(year):
    of, family = "aircraft.engine_kind", "aircraft.family"
    boeings = year.planes[year.planes[family] == "737"]
    wrong = (boeings[of] == "Turbo-jet").sum()
    return (
        f"The register calls {wrong} of {len(boeings):,} Boeing 737 turbo-jets, which none is; family says the rest: "
        f"AUC {year.auc([*year.TIMETABLE, family])} without it, {year.auc([*year.TIMETABLE, family, of])} with it"
    )


@tendency("aircraft.cruising_speed")
def _(year):
    known = year.flights["aircraft.cruising_speed"].notna().mean()
    return f"Known for {known:.2%} of the flights: nothing to be seen.".replace("%", " %")


@finding("aircraft.cruising_speed")
def _(year):
    planes = year.planes
    known = planes["aircraft.cruising_speed"].notna()
    return f"The register knows it of {known.sum()} of {len(planes):,} aircraft"


@pytest.mark.parametrize("name", TENDENCIES)
def test_the_tendency_in_a_docstring_is_that_of_the_data(name, year, says):
    says(f"flight_delay.{name}", TENDENCIES[name](year))


@pytest.mark.parametrize("name", FINDINGS)
def test_a_feature_was_rejected_for_what_the_data_show(name, year, says):
    says(f"flight_delay.{name}", FINDINGS[name](year))


def test_every_feature_has_its_figures_checked(catalog):
    tables = [
        catalog.table(f"flight_delay.{name}") for name in ["carrier_history", "route_history", "aircraft"]
    ]
    features = {f"{table.name}.{feature.name}": feature for table in tables for feature in table.features}
    assert set(TENDENCIES) == set(features)
    assert set(FINDINGS) == {name for name, feature in features.items() if feature.rejected is not None}
