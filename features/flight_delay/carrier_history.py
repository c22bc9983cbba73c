"""How punctual an airline was over the last four weeks, usable from the next day on."""

from __future__ import annotations

import pandas as pd

from featuremart import FeatureTable, check, window

table = FeatureTable(source=window("flights", days=28), keys=["carrier"])

# A flight counts as late from 15 minutes on, as the US Department of Transportation counts it.
_LATE = 15
# As many flights at the rate of all airlines stand beside an airline's own: rates of small airlines stay sane.
_PRIOR_FLIGHTS = 50


def _shrunk_rate(hits: pd.Series, by: pd.Series) -> pd.Series:
    """Return the share of hits a group, drawn to the share of all groups where a group is small."""
    known = hits.dropna().astype("float64")
    groups = known.groupby(by)
    return (groups.sum() + _PRIOR_FLIGHTS * known.mean()) / (groups.count() + _PRIOR_FLIGHTS)


@check(between=(1, None), nulls=False)
def flight_count(flights: pd.DataFrame) -> pd.Series[int]:
    """Flights that the airline had in its timetable.

    Why:
        to be written
    Tendency:
        to be measured
    """
    return flights.groupby("carrier").size()


@check(between=(0, 1))
def late_rate(flights: pd.DataFrame) -> pd.Series[float]:
    """Share of arrivals 15 minutes late or more, drawn to the mean of all airlines where there are few.

    Why:
        to be written
    Tendency:
        to be measured
    """
    arrived = flights["arr_delay"].dropna()
    return _shrunk_rate(arrived >= _LATE, flights["carrier"])


@check(between=(0, 1))
def cancellation_rate(flights: pd.DataFrame) -> pd.Series[float]:
    """Share of flights that never left, drawn to the mean of all airlines where there are few.

    Why:
        to be written
    Tendency:
        to be measured
    """
    return _shrunk_rate(flights["cancelled"], flights["carrier"])


def median_arrival_delay(flights: pd.DataFrame) -> pd.Series[float]:
    """Median minutes late at the gate.

    Why:
        to be written
    Tendency:
        to be measured
    """
    return flights.groupby("carrier")["arr_delay"].median()


@check(between=(0, None))
def arrival_delay_spread(flights: pd.DataFrame) -> pd.Series[float]:
    """Minutes between the quarter of earliest and the quarter of latest arrivals.

    Why:
        to be written
    Tendency:
        to be measured
    """
    quartiles = flights.groupby("carrier")["arr_delay"].quantile([0.25, 0.75]).unstack()
    return quartiles[0.75] - quartiles[0.25]


def minutes_made_up(flights: pd.DataFrame) -> pd.Series[float]:
    """Median minutes that flights made up between their departure and their arrival.

    Why:
        to be written
    Tendency:
        to be measured
    """
    made_up = flights["dep_delay"] - flights["arr_delay"]
    return made_up.groupby(flights["carrier"]).median()
