"""A year of flights, each with every feature that was available when it left, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest


@dataclass(frozen=True)
class Year:
    """Every flight of 2013 with its features as ``<table>.<feature>``, and the register of aircraft."""

    flights: pd.DataFrame
    planes: pd.DataFrame

    TIMETABLE: ClassVar = [
        f"timetable.{name}"
        for name in (
            "departure_minute",
            "arrival_minute",
            "weekday",
            "month",
            "days_to_holiday",
            "distance_miles",
            "padding_minutes",
            "departures_same_hour",
            "origin_airport",
            "carrier_code",
        )
    ]
    WEATHER: ClassVar = [
        f"weather_at_departure.{name}"
        for name in (
            "temperature_celsius",
            "dew_point_spread",
            "visibility_miles",
            "wind_mph",
            "gust_mph",
            "precipitation_inches",
            "freezing_precipitation",
            "pressure_millibars",
            "report_age_minutes",
        )
    ]

    def where(self, feature, low=None, high=None):
        """Return the flights of which a feature lies in ``[low, high)``, or is ``low``, a text or a truth."""
        values = self.flights[feature]
        if isinstance(low, str | bool):
            return self.flights[values == low]
        chosen = values.notna()
        if low is not None:
            chosen &= values >= low
        if high is not None:
            chosen &= values < high
        return self.flights[chosen]

    def delay(self, feature, low=None, high=None):
        """Return the mean minutes late at the gate, to a tenth."""
        return f"{self.where(feature, low, high)['arr_delay'].mean():.1f}"

    def cancelled(self, feature, low=None, high=None):
        """Return the share of cancelled flights in percent, to a tenth."""
        return f"{self.where(feature, low, high)['cancelled'].mean():.1%}".replace("%", " %")

    def count(self, feature, low=None, high=None):
        """Return the number of flights."""
        return f"{len(self.where(feature, low, high)):,}"

    def fifths(self, feature):
        """Return the mean minutes late in the lowest and in the highest fifth of a feature."""
        values = self.flights[feature].astype("float64")
        low, high = values.quantile([0.2, 0.8])
        delays = self.flights["arr_delay"]
        return f"{delays[values <= low].mean():.1f}", f"{delays[values >= high].mean():.1f}"

    def correlation(self, feature, other="arr_delay", digits=2):
        """Return Pearson's correlation of two columns."""
        pair = self.flights[[feature, other]].astype("float64")
        return f"{pair.corr().iloc[0, 1]:.{digits}f}"

    def auc(self, features):
        """Return the area under the ROC curve of a quick model of "15 minutes late or more" with these features.

        A least-squares sum of one weight for each twentieth of each feature; learned on the flights of odd
        weeks, judged on those of even ones.
        """
        flights = self.flights[self.flights["arr_delay"].notna()]
        late = (flights["arr_delay"] >= 15).to_numpy(dtype="float64")
        learn = (flights["partition_day"].dt.isocalendar().week % 2 == 1).to_numpy()
        bins = [_twentieths(flights[feature]) for feature in features]
        starts = np.cumsum([0, *(each.max() + 1 for each in bins)])
        score = _least_squares(bins, starts, late, learn)
        rank = pd.Series(score[~learn]).rank().to_numpy()
        hit = late[~learn] == 1
        area = (rank[hit].sum() - hit.sum() * (hit.sum() + 1) / 2) / (hit.sum() * (~hit).sum())
        return f"{area:.3f}"


def _twentieths(values):
    if values.dtype.kind not in "iufb":
        return values.astype("category").cat.codes.to_numpy(dtype="int64") + 1
    numbers = values.astype("float64")
    edges = np.unique(numbers.quantile(np.linspace(0.05, 0.95, 19)))
    return np.where(numbers.isna(), 0, 1 + np.searchsorted(edges, numbers, side="right"))


def _least_squares(bins, starts, target, learn):
    """Fit on the normal equations, which counts of pairs of bins make up: no matrix of flights is needed."""
    size = starts[-1]
    normal, right = np.eye(size), np.zeros(size)
    for i, left in enumerate(bins):
        mine = slice(starts[i], starts[i + 1])
        right[mine] = np.bincount(
            left[learn], target[learn] - target[learn].mean(), starts[i + 1] - starts[i]
        )
        for j, other in enumerate(bins):
            width = starts[j + 1] - starts[j]
            pairs = np.bincount(
                left[learn] * width + other[learn], minlength=(starts[i + 1] - starts[i]) * width
            )
            normal[mine, starts[j] : starts[j + 1]] += pairs.reshape(-1, width)
    weight = np.linalg.solve(normal, right)
    return sum(weight[start + each] for start, each in zip(starts, bins, strict=False))


@pytest.fixture(scope="session")
def year(extracted, computed):
    flights = extracted("flights").to_pandas()
    flights = flights[
        [
            "flight_id",
            "partition_day",
            "carrier",
            "origin",
            "dest",
            "tailnum",
            "dep_delay",
            "arr_delay",
            "cancelled",
        ]
    ]
    flights = flights.assign(partition_day=pd.to_datetime(flights["partition_day"]))
    for table in ("timetable", "weather_at_departure"):
        flights = flights.join(_features(computed, table, ["flight_id"]), on="flight_id")
    # a window's values are usable from the next day on
    before = flights["partition_day"] - pd.Timedelta(days=1)
    flights = flights.assign(before=before)
    for table, keys in {"carrier_history": ["carrier"], "route_history": ["origin", "dest"]}.items():
        flights = flights.join(_features(computed, table, [*keys, "partition_day"]), on=[*keys, "before"])
    planes = _features(computed, "aircraft", ["tailnum"])
    return Year(flights.join(planes, on="tailnum"), planes)


def _features(computed, table, keys):
    made = computed(f"flight_delay.{table}")
    if "partition_day" in keys:
        made = made.assign(partition_day=pd.to_datetime(made["partition_day"]))
    made = made.drop(
        columns={"available_at", "scheduled_departure", "partition_day"} - {*keys}, errors="ignore"
    )
    return made.set_index(keys).add_prefix(f"{table}.")
