"""Parameters that the catalog refuses: what they name, and how."""

from __future__ import annotations

import pytest

FOLDER = "features/flight_delay"
TIMETABLE = f"{FOLDER}/timetable.py"
HISTORY = f"{FOLDER}/history.py"

# What is broken: the file, what stood there, what stands there now; each refusal: place, cause, what to write.
REFUSED = {
    "unknown parameter": (
        TIMETABLE,
        "def log_distance(distance:",
        "def log_distance(distanse:",
        [
            ("timetable.py:47", "log_distance has an unknown parameter distanse", "did you mean distance?"),
            ("timetable.py:53", "distance is neither defined nor imported", "did you mean log_distance?"),
        ],
    ),
    "unknown looked-up": (
        TIMETABLE,
        "weather__visib: pd.Series)",
        "weather__visibility: pd.Series)",
        [
            (
                "timetable.py:33",
                "is_foggy has an unknown parameter weather__visibility",
                "did you mean weather__visib, weather__origin?",
            ),
            (
                "timetable.py:43",
                "weather__visib is neither defined nor imported",
                "known: FeatureTable, _HOUR, _minutes and 9 more",
            ),
        ],
    ),
    "label": (
        TIMETABLE,
        "def log_distance(distance:",
        "def log_distance(arr_delay:",
        [
            (
                "timetable.py:47",
                "log_distance cannot take arr_delay: it is known at landed_at, after the event time scheduled_departure of flights: it would be a leak",
                'leave it to a window table, source=window("flights", days=28), which reads the past',
            ),
            ("timetable.py:53", "distance is neither defined nor imported", "did you mean log_distance?"),
        ],
    ),
    "known later": (
        TIMETABLE,
        "def log_distance(distance:",
        "def log_distance(boarded:",
        [
            (
                "timetable.py:47",
                "log_distance cannot take boarded: it is known 2h after the event time scheduled_departure of flights: it would be a leak",
                'leave it to a window table, source=window("flights", days=28), which reads the past',
            ),
            ("timetable.py:53", "distance is neither defined nor imported", "did you mean log_distance?"),
        ],
    ),
    "looked-up known later": (
        TIMETABLE,
        "weather__visib: pd.Series)",
        "weather__corrected: pd.Series)",
        [
            (
                "timetable.py:33",
                "is_foggy cannot take weather__corrected: it is known 1d after the event time observed_at of weather: it would be a leak",
                "take a column of weather that is known at its event time",
            ),
            (
                "timetable.py:43",
                "weather__visib is neither defined nor imported",
                "known: FeatureTable, _HOUR, _minutes and 9 more",
            ),
        ],
    ),
    "whole source in a row table": (
        TIMETABLE,
        "def log_distance(distance:",
        "def log_distance(flights:",
        [
            (
                "timetable.py:47",
                "log_distance cannot take flights: a table with one row for each row of its source takes columns, not the whole source",
                "name the columns that the feature needs",
            ),
            ("timetable.py:53", "distance is neither defined nor imported", "did you mean log_distance?"),
        ],
    ),
    "whole lookup": (
        TIMETABLE,
        "weather__visib: pd.Series)",
        "weather: pd.Series)",
        [
            (
                "timetable.py:33",
                "is_foggy cannot take weather: a lookup is taken by its columns",
                "write weather__<column>, for example weather__origin",
            ),
            (
                "timetable.py:43",
                "weather__visib is neither defined nor imported",
                "known: FeatureTable, _HOUR, _minutes and 9 more",
            ),
        ],
    ),
    "column in a window table": (
        HISTORY,
        "def punctual_rate(late_rate:",
        "def punctual_rate(distance:",
        [
            (
                "history.py:25",
                "punctual_rate cannot take distance: a window table's features take the whole window of the source",
                'take flights as a parameter, and flights["distance"] from it',
            ),
        ],
    ),
    "cycle": (
        TIMETABLE,
        "def departure_minute(sched_dep_time:",
        "def departure_minute(is_foggy:",
        [
            (
                "timetable.py:21",
                "features take each other in a circle: departure_minute -> is_foggy -> departure_minute",
                "compute one of them from columns, or make the common part a helper",
            ),
            (
                "timetable.py:30",
                "sched_dep_time is neither defined nor imported",
                "known: FeatureTable, _HOUR, _minutes and 9 more",
            ),
        ],
    ),
    "itself": (
        TIMETABLE,
        "def departure_minute(sched_dep_time:",
        "def departure_minute(departure_minute:",
        [
            (
                "timetable.py:21",
                "features take each other in a circle: departure_minute -> departure_minute",
                "compute one of them from columns, or make the common part a helper",
            ),
            (
                "timetable.py:30",
                "sched_dep_time is neither defined nor imported",
                "known: FeatureTable, _HOUR, _minutes and 9 more",
            ),
        ],
    ),
    "takes rejected": (
        TIMETABLE,
        "departure_minute: pd.Series, weather",
        "log_distance: pd.Series, weather",
        [
            (
                "timetable.py:33",
                "is_foggy takes log_distance, which is rejected and so not computed",
                "make the common part a helper: _log_distance",
            ),
        ],
    ),
    "async": (
        TIMETABLE,
        "def is_foggy(",
        "async def is_foggy(",
        [
            ("timetable.py:33", "is_foggy is async: a call returns no column", "write def"),
        ],
    ),
    "generator": (
        TIMETABLE,
        "    return distance.map(len)",
        "    yield distance",
        [
            ("timetable.py:47", "log_distance is a generator: a call returns no column", "return one Series"),
        ],
    ),
    "varargs": (
        TIMETABLE,
        "def log_distance(distance: pd.Series)",
        "def log_distance(*distance: pd.Series)",
        [
            (
                "timetable.py:47",
                "log_distance takes *distance, which names nothing",
                "name each input by a parameter of its own",
            ),
        ],
    ),
    "kwargs": (
        TIMETABLE,
        "def log_distance(distance: pd.Series)",
        "def log_distance(distance: pd.Series, **rest: pd.Series)",
        [
            (
                "timetable.py:47",
                "log_distance takes **rest, which names nothing",
                "name each input by a parameter of its own",
            ),
        ],
    ),
    "keyword only": (
        TIMETABLE,
        "def log_distance(distance: pd.Series)",
        "def log_distance(*, distance: pd.Series)",
        [
            (
                "timetable.py:47",
                "log_distance has parameters beside / or *",
                "write plain parameters: def feature(first, second)",
            ),
        ],
    ),
    "default": (
        TIMETABLE,
        "def log_distance(distance: pd.Series)",
        "def log_distance(distance: pd.Series, base: float = 10)",
        [
            (
                "timetable.py:47",
                "log_distance has a parameter with a default, but every parameter names an input",
                "make it a constant of the module: _FACTOR = ...",
            ),
        ],
    ),
    "no parameters": (
        TIMETABLE,
        "def log_distance(distance: pd.Series)",
        "def log_distance()",
        [
            ("timetable.py:47", "log_distance takes nothing", "name its inputs as parameters"),
            ("timetable.py:53", "distance is neither defined nor imported", "did you mean log_distance?"),
        ],
    ),
}


@pytest.mark.parametrize("broken", REFUSED)
def test_is_refused_with_place_cause_and_way_out(repository, broken):
    file, old, new, refusals = REFUSED[broken]
    repository.edit(file, old, new)
    assert repository.refusals() == refusals
