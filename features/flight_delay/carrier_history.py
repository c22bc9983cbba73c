"""How punctual an airline was over the last four weeks, usable from the next day on.

Delays that were not yet known at the end of the last day (a flight still in the air at midnight) are null in the
window, and so count neither as late nor as punctual.
"""

from __future__ import annotations

import pandas as pd

from featuremart import FeatureTable, check, rejected, window

table = FeatureTable(source=window("flights", days=28), keys=["carrier"], min_rows=1)

# A flight is late from 15 minutes on, as the US Department of Transportation counts.
_LATE = 15
_VERY_LATE = 60
# Beside an airline's own flights stand as many at the rate of all airlines, so that three flights say little.
_PRIOR_FLIGHTS = 50


@check(between=(1, None), nulls=False)
def flight_count(flights: pd.DataFrame) -> pd.Series[int]:
    """Flights that the airline had in its timetable.

    Why:
        Tells how much the other features of the table rest on, and an airline at its base from a visitor.
    Tendency:
        Correlation with the next day's arrival delay 0.02: by itself it tells little; airlines
        below 300 flights 9.3 min, the others 6.8 min.
    """
    return flights.groupby("carrier").size()


@check(between=(0, 1))
def late_rate(flights: pd.DataFrame) -> pd.Series[float]:
    """Share of arrivals 15 minutes late or more; of an airline with few of them, drawn to the share of all.

    Why:
        An airline's crews, turnarounds and reserves change slowly: last month tells much about tomorrow.
    Tendency:
        Mean arrival delay of the next day -2.3 min in the lowest fifth, 18.2 min in the highest;
        correlation 0.15.
    """
    return _shrunk_rate(flights["arr_delay"].dropna() >= _LATE, flights["carrier"])


@check(between=(0, 1))
def cancellation_rate(flights: pd.DataFrame) -> pd.Series[float]:
    """Share of flights that never left; of an airline with few of them, drawn to the share of all.

    Why:
        An airline that cancels is short of aircraft or crews, and what it flies is late, too.
    Tendency:
        Mean arrival delay of the next day 0.1 min in the lowest fifth, 12.8 min in the highest;
        correlation with the next day's cancellations 0.11.
    """
    return _shrunk_rate(flights["cancelled"].dropna(), flights["carrier"])


@check(between=(-120, 1440))
def median_arrival_delay(flights: pd.DataFrame) -> pd.Series[float]:
    """Median minutes late at the gate, negative if early.

    Why:
        How well the timetable fits an ordinary day; storms do not move a median.
    Tendency:
        Mean arrival delay of the next day -1.4 min where the median is below -9, 16.4 min where it
        is 0 or more; correlation 0.14.
    """
    return flights.groupby("carrier")["arr_delay"].median()


@check(between=(0, 1440))
def arrival_delay_spread(flights: pd.DataFrame) -> pd.Series[float]:
    """Minutes between the first and the third quartile of the arrival delays.

    Why:
        Of two airlines with one median the one with the wider spread has the longer delays.
    Tendency:
        Mean arrival delay of the next day 0.1 min in the lowest fifth, 17.6 min in the highest;
        correlation 0.13.
    """
    delays = flights.groupby("carrier")["arr_delay"]
    return delays.quantile(0.75) - delays.quantile(0.25)


@check(between=(-1440, 1440))
def minutes_made_up(flights: pd.DataFrame) -> pd.Series[float]:
    """Median minutes by which flights arrived less late than they left.

    Why:
        What an airline pads its timetable with: the late start that it can make good.
    Tendency:
        Mean arrival delay of the next day 12.0 min in the lowest fifth, 1.7 min in the highest;
        correlation -0.09.
    """
    made_up = flights["dep_delay"] - flights["arr_delay"]
    return made_up.groupby(flights["carrier"]).median()


@check(between=(-1, 1))
def late_rate_trend(flights: pd.DataFrame, late_rate: pd.Series) -> pd.Series[float]:
    """Late rate of the last seven days less that of the whole window; null without a flight in them.

    Why:
        A strike, a new timetable or a week of storms shows here first.
    Tendency:
        Mean arrival delay of the next day 10.5 min where the last week was 5 points worse or more,
        5.7 min where it was within 2 points.
    """
    departure = flights["scheduled_departure"]
    recent = flights[departure > departure.max() - pd.Timedelta(days=7)]
    recent_rate = _shrunk_rate(recent["arr_delay"].dropna() >= _LATE, recent["carrier"])
    return recent_rate.reindex(late_rate.index) - late_rate


@rejected(
    "0.97 correlated with late_rate, which one flight of 20 hours late does not move: AUC 0.673 with "
    "late_rate, 0.671 with both"
)
def mean_arrival_delay(flights: pd.DataFrame) -> pd.Series[float]:
    """Mean minutes late at the gate.

    Why:
        The plainest measure of how late an airline is.
    Tendency:
        Correlation with the next day's arrival delay 0.16.
    """
    return flights.groupby("carrier")["arr_delay"].mean()


@rejected(
    "0.92 correlated with late_rate and 0.95 with arrival_delay_spread: AUC 0.673 with late_rate, 0.670 "
    "with both"
)
def very_late_rate(flights: pd.DataFrame) -> pd.Series[float]:
    """Share of arrivals an hour late or more; of an airline with few of them, drawn to the share of all.

    Why:
        Small delays come from the airport, large ones from aircraft and crews that are missing.
    Tendency:
        Mean arrival delay of the next day -0.3 min in the lowest fifth, 18.4 min in the highest.
    """
    return _shrunk_rate(flights["arr_delay"].dropna() >= _VERY_LATE, flights["carrier"])


def _shrunk_rate(hits: pd.Series, carrier: pd.Series) -> pd.Series:
    """Return the share of hits of each airline, drawn to that of all where there are few.

    The mean of a Beta distribution whose prior is worth ``_PRIOR_FLIGHTS`` flights at the share of all.
    """
    hits = hits.astype("float64")
    by_carrier = hits.groupby(carrier)
    return (by_carrier.sum() + _PRIOR_FLIGHTS * hits.mean()) / (by_carrier.count() + _PRIOR_FLIGHTS)
