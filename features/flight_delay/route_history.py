"""How punctual a route, origin to destination, was over the last four weeks, usable from the next day on.

Delays that were not yet known at the end of the last day (a flight still in the air at midnight) are null in the
window, and so count neither as late nor as punctual.
"""

from __future__ import annotations

import pandas as pd

from featuremart import FeatureTable, check, rejected, window

table = FeatureTable(source=window("flights", days=28), keys=["origin", "dest"], min_rows=1)

_ROUTE = ["origin", "dest"]
# A flight is late from 15 minutes on, as the US Department of Transportation counts.
_LATE = 15
# Beside a route's own flights stand as many at the rate of all routes: half of the routes have fewer than 80.
_PRIOR_FLIGHTS = 30


@check(between=(1, None), nulls=False)
def flight_count(flights: pd.DataFrame) -> pd.Series[int]:
    """Flights that the timetable had on the route.

    Why:
        Tells how much the other features of the table rest on; passengers of a busy route are soon rebooked.
    Tendency:
        Mean arrival delay of the next day 9.1 min on routes below 100 flights, 5.1 min from 400 on.
    """
    return flights.groupby(_ROUTE).size()


@check(between=(1, 50), nulls=False)
def carrier_count(flights: pd.DataFrame) -> pd.Series[int]:
    """Airlines that shared the route.

    Why:
        Competition for the same hours crowds them; a monopoly can leave when the runway is free.
    Tendency:
        Mean arrival delay of the next day 9.3 min with one airline (n = 85,829), 4.0 min with four
        or more (n = 43,744).
    """
    return flights.groupby(_ROUTE)["carrier"].nunique()


@check(between=(0, 1))
def late_rate(flights: pd.DataFrame) -> pd.Series[float]:
    """Share of arrivals 15 minutes late or more; of a route with few of them, drawn to the share of all.

    Why:
        Holds what the destination adds: its weather, its runways, its place in the network.
    Tendency:
        Mean arrival delay of the next day -1.7 min in the lowest fifth, 17.0 min in the highest;
        correlation 0.15. AUC 0.671 with the timetable alone, 0.675 with it.
    """
    return _shrunk_rate(flights["arr_delay"].dropna() >= _LATE, flights)


@check(between=(0, 1))
def cancellation_rate(flights: pd.DataFrame) -> pd.Series[float]:
    """Share of flights that never left; of a route with few of them, drawn to the share of all.

    Why:
        Short routes with many flights a day are thinned out first when the airport is short of slots.
    Tendency:
        Mean arrival delay of the next day 1.0 min in the lowest fifth, 11.5 min in the highest;
        correlation with the next day's cancellations 0.11.
    """
    return _shrunk_rate(flights["cancelled"].dropna(), flights)


@check(between=(-120, 1440))
def median_arrival_delay(flights: pd.DataFrame) -> pd.Series[float]:
    """Median minutes late at the gate, negative if early.

    Why:
        How well the timetable of the route fits an ordinary day.
    Tendency:
        Mean arrival delay of the next day -1.8 min where the median is below -10, 16.1 min where it
        is 1 or more; correlation 0.14.
    """
    return flights.groupby(_ROUTE)["arr_delay"].median()


@check(between=(-120, 1440))
def arrival_delay_p90(flights: pd.DataFrame) -> pd.Series[float]:
    """Minutes late that one arrival in ten exceeded.

    Why:
        What a passenger with a connection has to reckon with.
    Tendency:
        Mean arrival delay of the next day -1.2 min in the lowest fifth, 17.2 min in the highest;
        correlation 0.15.
    """
    return flights.groupby(_ROUTE)["arr_delay"].quantile(0.9)


@check(between=(-720, 720))
def overrun_minutes(flights: pd.DataFrame) -> pd.Series[float]:
    """Median minutes by which the way from gate to gate took longer than the timetable allows.

    Why:
        A route that overruns every day is late every day: the season's wind, or a timetable made to please.
    Tendency:
        Mean arrival delay of the next day -0.3 min where the timetable has more than 12 minutes to
        spare, 11.4 min where it has less than 3.
    """
    took = flights["landed_at"] - flights["departed_at"]
    allowed = flights["scheduled_arrival"] - flights["scheduled_departure"]
    overrun = (took - allowed) / pd.Timedelta(minutes=1)
    # A diverted flight, the one that landed but has no delay, came by another airport.
    direct = overrun.where(flights["arr_delay"].notna())
    return direct.groupby([flights[key] for key in _ROUTE]).median()


@rejected("0.996 correlated with distance_miles: AUC 0.671 without it, 0.672 with it")
def median_air_time(flights: pd.DataFrame) -> pd.Series[float]:
    """Median minutes in the air.

    Why:
        The way that is really flown: detours and headwinds included.
    Tendency:
        Correlation with the next day's arrival delay -0.06.
    """
    return flights.groupby(_ROUTE)["air_time"].median()


def _shrunk_rate(hits: pd.Series, flights: pd.DataFrame) -> pd.Series:
    """Return the share of hits of each route, drawn to that of all where there are few.

    The mean of a Beta distribution whose prior is worth ``_PRIOR_FLIGHTS`` flights at the share of all.
    """
    hits = hits.astype("float64")
    by_route = hits.groupby([flights[key] for key in _ROUTE])
    return (by_route.sum() + _PRIOR_FLIGHTS * hits.mean()) / (by_route.count() + _PRIOR_FLIGHTS)
