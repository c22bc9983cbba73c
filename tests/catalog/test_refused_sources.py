"""Declarations that do not fit their sources."""

from __future__ import annotations

import pytest

FOLDER = "features/flight_delay"
WEATHER = "embulk/sources/weather.sql"
TIMETABLE = f"{FOLDER}/timetable.py"
HISTORY = f"{FOLDER}/history.py"
AIRCRAFT = f"{FOLDER}/aircraft.py"

# What is broken: the file, what stood there, what stands there now; each refusal: place, cause, what to write.
REFUSED = {
    "key no column": (
        TIMETABLE,
        'keys=["flight_id"]',
        'keys=["flight_number"]',
        [
            ("timetable.py:11", "the key flight_number is no column of flights", "did you mean flight_id?"),
        ],
    ),
    "key a fraction": (
        AIRCRAFT,
        'keys=["tailnum"]',
        'keys=["score"]',
        [
            (
                "aircraft.py:9",
                "the key score is FLOAT64, and fractions are not equal for certain",
                "cast it to INT64, NUMERIC or STRING in the source's SQL",
            ),
        ],
    ),
    "key known later": (
        TIMETABLE,
        'keys=["flight_id"]',
        'keys=["flight_id", "boarded"]',
        [
            (
                "timetable.py:11",
                "the key boarded is known after the event time",
                "identify a row by what is known at its event time",
            ),
        ],
    ),
    "key twice": (
        TIMETABLE,
        'keys=["flight_id"]',
        'keys=["flight_id", "flight_id"]',
        [
            ("timetable.py:11", "FeatureTable: keys names flight_id twice", "name each column once"),
        ],
    ),
    "no keys": (
        TIMETABLE,
        'keys=["flight_id"]',
        "keys=[]",
        [
            ("timetable.py:11", "FeatureTable: keys is empty", 'write keys=["flight_id"]'),
        ],
    ),
    "keys a text": (
        TIMETABLE,
        'keys=["flight_id"]',
        'keys="flight_id"',
        [
            (
                "timetable.py:11",
                "FeatureTable: keys is a list of names, not 'flight_id'",
                'write keys=["flight_id"]',
            ),
        ],
    ),
    "event time no column": (
        TIMETABLE,
        'event_time="scheduled_departure"',
        'event_time="scheduled"',
        [
            (
                "timetable.py:12",
                "scheduled is no column of flights",
                'write event_time="scheduled_departure"',
            ),
        ],
    ),
    "other event time": (
        TIMETABLE,
        'event_time="scheduled_departure"',
        'event_time="landed_at"',
        [
            (
                "timetable.py:12",
                "landed_at is not the event time of flights",
                'write event_time="scheduled_departure"',
            ),
        ],
    ),
    "no event time": (
        TIMETABLE,
        '    event_time="scheduled_departure",\n',
        "",
        [
            (
                "timetable.py:10",
                "FeatureTable: a table with one row for each row of its source needs its event time",
                'write event_time="...", or source=window("flights", days=28), or source=snapshot("flights")',
            ),
        ],
    ),
    "no source": (
        TIMETABLE,
        'source="flights"',
        'source="flight"',
        [
            ("timetable.py:10", "there is no source flight", "did you mean flights?"),
        ],
    ),
    "snapshot of days": (
        AIRCRAFT,
        'snapshot("planes")',
        'snapshot("flights")',
        [
            (
                "aircraft.py:9",
                "flights has days, and is no source to take a snapshot of",
                'write source="flights" or source=window("flights", days=28)',
            ),
        ],
    ),
    "row of snapshot": (
        TIMETABLE,
        'source="flights"',
        'source="planes"',
        [
            (
                "timetable.py:10",
                "planes has no event time, so it has no days",
                'write source=snapshot("planes"), without event_time',
            ),
            (
                "timetable.py:13",
                "planes has no column origin to look weather up by",
                "known: score, seats, tailnum and 1 more",
            ),
        ],
    ),
    "window of snapshot": (
        HISTORY,
        'window("flights", days=28)',
        'window("planes", days=28)',
        [
            (
                "history.py:10",
                "planes has no event time, so it has no days",
                'write source=snapshot("planes"), without event_time',
            ),
        ],
    ),
    "as_of without event time": (
        TIMETABLE,
        '{"weather": as_of(',
        '{"planes": as_of(',
        [
            (
                "timetable.py:13",
                "planes cannot be looked up as of a time: it has no event time",
                "give embulk/sources/planes.sql an event_time, or join it in the source's SQL",
            ),
        ],
    ),
    "as_of unknown": (
        TIMETABLE,
        '{"weather": as_of(',
        '{"whether": as_of(',
        [
            ("timetable.py:13", "there is no source whether to look up", "did you mean weather?"),
        ],
    ),
    "as_of itself": (
        TIMETABLE,
        '{"weather": as_of(',
        '{"flights": as_of(',
        [
            (
                "timetable.py:13",
                "flights is looked up in itself, where each row would find itself",
                'use a table of its own with source=window("flights", days=28)',
            ),
        ],
    ),
    "as_of column": (
        TIMETABLE,
        'on=["origin"]',
        'on=["orign"]',
        [
            ("timetable.py:13", "flights has no column orign to look weather up by", "did you mean origin?"),
            ("timetable.py:13", "weather has no column orign to look weather up by", "did you mean origin?"),
        ],
    ),
    "as_of column known later": (
        TIMETABLE,
        'on=["origin"]',
        'on=["landed_at"]',
        [
            (
                "timetable.py:13",
                "landed_at of flights is known after its event time, so weather cannot be looked up by it",
                "look it up by columns that are known at the event time",
            ),
            (
                "timetable.py:13",
                "weather has no column landed_at to look weather up by",
                "known: corrected, observed_at, origin and 2 more",
            ),
        ],
    ),
    "as_of columns of two types": (
        WEATHER,
        "origin: {type: STRING",
        "origin: {type: INT64",
        [
            (
                "timetable.py:13",
                "origin is STRING in flights and INT64 in weather",
                "cast one of them in the source's SQL",
            ),
        ],
    ),
    "tolerance": (
        TIMETABLE,
        'tolerance="3h"',
        'tolerance="3 hours"',
        [
            (
                "timetable.py:13",
                "as_of: tolerance is a duration, not '3 hours'",
                'write tolerance="3h" (letters: d, h, m, s)',
            ),
        ],
    ),
    "lookup of a window": (
        AIRCRAFT,
        "import FeatureTable, check, snapshot\n\ntable = FeatureTable(",
        'import FeatureTable, as_of, check, snapshot\n\ntable = FeatureTable(lookups={"weather": as_of(on=["origin"], tolerance="1h")}, ',
        [
            (
                "aircraft.py:9",
                "FeatureTable: a lookup is joined as of the event time, which only a table with one row an event has",
                "leave lookups out",
            ),
        ],
    ),
    "lookup not as_of": (
        TIMETABLE,
        'as_of(on=["origin"], tolerance="3h")',
        '"3h"',
        [
            (
                "timetable.py:13",
                "FeatureTable: the lookup weather is '3h', not as_of(...)",
                'write lookups={"weather": as_of(on=["origin"], tolerance="3h")}',
            ),
        ],
    ),
    "window with event time": (
        HISTORY,
        'delay="6h"',
        'event_time="scheduled_departure"',
        [
            ("history.py:10", "FeatureTable: a window table has no event time", "leave event_time out"),
        ],
    ),
    "delay of a row table": (
        TIMETABLE,
        "min_rows=5",
        'delay="1h"',
        [
            ("timetable.py:14", "FeatureTable: delay is for window tables only", "leave delay out"),
        ],
    ),
    "days": (
        HISTORY,
        "days=28",
        "days=0",
        [
            ("history.py:10", "window: days is a whole number from 1 on, not 0", "write days=1 or more"),
        ],
    ),
    "days missing": (
        HISTORY,
        ", days=28",
        "",
        [
            ("history.py:10", "window lacks days", "add days=..."),
        ],
    ),
}


@pytest.mark.parametrize("broken", REFUSED)
def test_is_refused_with_place_cause_and_way_out(repository, broken):
    file, old, new, refusals = REFUSED[broken]
    repository.edit(file, old, new)
    assert repository.refusals() == refusals
