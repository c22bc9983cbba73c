"""A small repository to load, to break and to load again."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from featuremart.catalog import load, problems

if TYPE_CHECKING:
    from pathlib import Path

    from featuremart.catalog.model import Catalog

SOURCES = {
    "flights": """\
        /*
        what: Flights, one row each.
        owner: flights@example.com
        event_time: scheduled_departure
        timezone: America/New_York
        first_day: 2013-01-01
        columns:
          flight_id: {type: STRING, required: true, about: "carrier, number and day"}
          scheduled_departure: {type: TIMESTAMP, required: true, about: off the gate}
          origin: {type: STRING, required: true, about: airport}
          carrier: {type: STRING, required: true, about: airline}
          distance: {type: INT64, required: true, about: miles}
          sched_dep_time: {type: INT64, required: true, about: local time as HHMM}
          fare: {type: FLOAT64, about: dollars}
          landed_at: {type: TIMESTAMP, about: at the gate, known_at: landed_at}
          arr_delay: {type: FLOAT64, about: minutes late, known_at: landed_at}
          boarded: {type: INT64, about: passengers, known_at: event_time + 2h}
        */
        SELECT * FROM warehouse.flights WHERE day BETWEEN @first_day AND @last_day
        """,
    "weather": """\
        /*
        what: Weather at the airports, hourly.
        owner: weather@example.com
        event_time: observed_at
        timezone: UTC
        first_day: 2013-01-01
        columns:
          origin: {type: STRING, required: true, about: airport}
          observed_at: {type: TIMESTAMP, required: true, about: when}
          visib: {type: FLOAT64, about: miles}
          wind_speed: {type: FLOAT64, about: miles an hour}
          corrected: {type: FLOAT64, about: miles, known_at: event_time + 1d}
        */
        SELECT * FROM warehouse.weather WHERE day BETWEEN @first_day AND @last_day
        """,
    "planes": """\
        /*
        what: Planes, one row each.
        owner: flights@example.com
        columns:
          tailnum: {type: STRING, required: true, about: registration}
          year: {type: INT64, about: of manufacture}
          seats: {type: INT64, about: number}
          score: {type: FLOAT64, about: of the maker}
        */
        SELECT * FROM warehouse.planes
        """,
}
MODEL = '''\
"""How late a flight arrives."""

from featuremart import Model

model = Model(owner="flights@example.com", predicts="minutes late", cpu=512, memory=2048, deadline="30m")
'''
TIMETABLE = '''\
"""What the timetable alone tells."""

from __future__ import annotations

import pandas as pd

from featuremart import FeatureTable, as_of, check, rejected

table = FeatureTable(
    source="flights",
    keys=["flight_id"],
    event_time="scheduled_departure",
    lookups={"weather": as_of(on=["origin"], tolerance="3h")},
    min_rows=5,
)

_HOUR = 60


@check(between=(0, 1439), nulls=False)
def departure_minute(sched_dep_time: pd.Series) -> pd.Series[int]:
    """Scheduled departure, in minutes after midnight.

    Why:
        Delays pile up over the day.
    Tendency:
        Rises from -4 min at 05:00
        to +19 min at 20:00.
    """
    return _minutes(sched_dep_time)


def is_foggy(departure_minute: pd.Series, weather__visib: pd.Series) -> pd.Series[bool]:
    """Whether one sees less than a mile in the morning.

    Fog lifts by noon.

    Why:
        Landings are spaced out.
    Tendency:
        Half an hour more.
    """
    return (weather__visib < 1) & (departure_minute < 12 * _HOUR)


@rejected("0.99 correlated with distance")
def log_distance(distance: pd.Series) -> pd.Series[float]:
    """Logarithm of the distance.

    Why:
        Long flights catch up.
    """
    return distance.map(len)


def _minutes(clock: pd.Series) -> pd.Series:
    """Turn HHMM into minutes."""
    return clock // 100 * _HOUR + clock % 100
'''
HISTORY = '''\
"""How punctual an airline was."""

from __future__ import annotations

import pandas as pd

from featuremart import FeatureTable, check, window
from features.flight_delay._rates import share

table = FeatureTable(source=window("flights", days=28), keys=["carrier"], delay="6h", memory=4096, owner="ops@example.com")


@check(between=(0, 1), nulls=0.05)
def late_rate(flights: pd.DataFrame) -> pd.Series[float]:
    """Share of late flights.

    Why:
        Airlines change slowly.
    Tendency:
        From 10 to 30 %.
    """
    return share(flights["arr_delay"] > 15, flights["carrier"])


def punctual_rate(late_rate: pd.Series) -> pd.Series[float]:
    """Share of punctual flights.

    Why:
        The other side.
    Tendency:
        From 70 to 90 %.
    """
    return 1 - late_rate
'''
AIRCRAFT = '''\
"""What the register tells of a plane."""

from __future__ import annotations

import pandas as pd

from featuremart import FeatureTable, check, snapshot

table = FeatureTable(source=snapshot("planes"), keys=["tailnum"])


@check(isin=[2, 4, 100], unique=True)
def seat_count(seats: pd.Series) -> pd.Series[int]:
    """Seats.

    Why:
        Boarding takes time.
    Tendency:
        A minute for ten seats.
    """
    return seats


@check(matches="[A-Z]+")
def age_class(planes: pd.DataFrame) -> pd.Series[str]:
    """Age of the plane, as a word.

    Why:
        Old planes break.
    Tendency:
        Two minutes for each ten years.
    """
    return planes["year"].astype("str")
'''
RATES = '''\
"""Shares."""

from __future__ import annotations

import pandas as pd

PRIOR = 50


def share(hits: pd.Series, groups: pd.Series) -> pd.Series:
    """Share of hits by group."""
    return hits.groupby(groups).sum() / (hits.groupby(groups).count() + PRIOR)


def unused(hits: pd.Series) -> pd.Series:
    """Nobody calls this."""
    return hits * 2
'''
FOLDER = "features/flight_delay"


@dataclass
class Repository:
    """A repository in a temporary folder."""

    root: Path

    def write(self, path, text):
        """Write a file of it."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")

    def edit(self, path, old, new):
        """Replace a text that stands in a file exactly once."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")

    def load(self) -> Catalog:
        """Load it."""
        return load(self.root)

    def refusals(self) -> list[tuple[str, str, str]]:
        """Return everything wrong with it: place, cause and what to write instead."""
        return [
            (str(found.where).removeprefix(f"{FOLDER}/"), found.message, found.instead)
            for found in problems(self.root)
        ]


@pytest.fixture
def repository(tmp_path):
    """Write a repository with three sources, and a model with a table of each kind."""
    made = Repository(tmp_path)
    for name, text in SOURCES.items():
        made.write(f"embulk/sources/{name}.sql", text)
    files = {
        "__init__": MODEL,
        "timetable": TIMETABLE,
        "history": HISTORY,
        "aircraft": AIRCRAFT,
        "_rates": RATES,
    }
    for name, text in files.items():
        made.write(f"{FOLDER}/{name}.py", text)
    made.write(f"{FOLDER}/requirements.in", "numpy\npandas\n")
    made.write(
        f"{FOLDER}/requirements.txt",
        "numpy==2.4.6 \\\n    --hash=sha256:aa\npandas==2.3.3 \\\n    --hash=sha256:bb\n",
    )
    return made
