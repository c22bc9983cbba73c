"""Checks and other decorators that the catalog refuses."""

from __future__ import annotations

import pytest

FOLDER = "features/flight_delay"
TIMETABLE = f"{FOLDER}/timetable.py"
HISTORY = f"{FOLDER}/history.py"
AIRCRAFT = f"{FOLDER}/aircraft.py"
RATES = f"{FOLDER}/_rates.py"

# What is broken: the file, what stood there, what stands there now; each refusal: place, cause, what to write.
REFUSED = {
    "not literal in check": (
        TIMETABLE,
        "between=(0, 1439)",
        "between=(0, 24 * _HOUR - 1)",
        [
            (
                "timetable.py:20",
                "check: 24 * _HOUR - 1 is no literal, and the catalog does not run the module",
                "write the value itself",
            ),
        ],
    ),
    "check reversed": (
        TIMETABLE,
        "between=(0, 1439)",
        "between=(1439, 0)",
        [
            ("timetable.py:20", "check: between is reversed: 1439 is more than 0", "write between=(0, 1439)"),
        ],
    ),
    "check unknown": (
        TIMETABLE,
        "between=(0, 1439)",
        "beetween=(0, 1439)",
        [
            ("timetable.py:20", "check has no argument beetween", "did you mean between?"),
        ],
    ),
    "check nothing": (
        TIMETABLE,
        "@check(between=(0, 1439), nulls=False)",
        "@check()",
        [
            ("timetable.py:20", "@check demands nothing", "write @check(between=(0, 100)), or leave it out"),
        ],
    ),
    "check not called": (
        TIMETABLE,
        "@check(between=(0, 1439), nulls=False)",
        "@check",
        [
            ("timetable.py:20", "@check is not called", "write @check(between=(0, 100))"),
        ],
    ),
    "check positional": (
        TIMETABLE,
        "@check(between=(0, 1439), nulls=False)",
        "@check((0, 1439))",
        [
            (
                "timetable.py:20",
                "check takes its arguments by name",
                "write check(between=..., nulls=..., unique=..., isin=..., matches=...)",
            ),
        ],
    ),
    "check twice": (
        TIMETABLE,
        "@check(between=(0, 1439), nulls=False)",
        "@check(between=(0, 1439))\n@check(nulls=False)",
        [
            ("timetable.py:21", "departure_minute has two @check", "make one of them"),
        ],
    ),
    "check of another type": (
        TIMETABLE,
        "between=(0, 1439)",
        'between=("a", "b")',
        [
            ("timetable.py:21", "departure_minute is INT64: between cannot hold 'a'", "write whole numbers"),
        ],
    ),
    "pattern on a number": (
        TIMETABLE,
        "between=(0, 1439)",
        'matches="[0-9]+"',
        [
            (
                "timetable.py:21",
                "departure_minute is INT64: only texts can match a pattern",
                "use between or isin",
            ),
        ],
    ),
    "pattern": (
        AIRCRAFT,
        'matches="[A-Z]+"',
        'matches="[A-Z"',
        [
            (
                "aircraft.py:24",
                "check: matches is no regular expression: unterminated character set at position 0",
                'write matches="[A-Z]{3}"',
            ),
        ],
    ),
    "isin of another type": (
        AIRCRAFT,
        "isin=[2, 4, 100]",
        'isin=["two"]',
        [
            ("aircraft.py:13", "seat_count is INT64: isin cannot hold 'two'", "write whole numbers"),
        ],
    ),
    "isin a text": (
        AIRCRAFT,
        "isin=[2, 4, 100]",
        'isin="two"',
        [
            (
                "aircraft.py:12",
                "check: isin is a list of allowed values, not 'two'",
                'write isin=["EWR", "JFK"]',
            ),
        ],
    ),
    "nulls": (
        HISTORY,
        "nulls=0.05",
        "nulls=5",
        [
            (
                "history.py:13",
                "check: nulls is True, False or a share from 0 to 1, not 5",
                "write nulls=False, or nulls=0.05 for at most 5 %",
            ),
        ],
    ),
    "rejected not called": (
        TIMETABLE,
        '@rejected("0.99 correlated with distance")',
        "@rejected",
        [
            ("timetable.py:46", "@rejected is not called", 'write @rejected("what it showed")'),
        ],
    ),
    "rejected without finding": (
        TIMETABLE,
        '@rejected("0.99 correlated with distance")',
        '@rejected("")',
        [
            ("timetable.py:46", "@rejected needs the finding", 'write @rejected("what it showed")'),
        ],
    ),
    "rejected by name": (
        TIMETABLE,
        '@rejected("0.99 correlated with distance")',
        '@rejected(finding="x")',
        [
            ("timetable.py:46", "rejected takes finding without its name", 'write rejected("...")'),
        ],
    ),
    "other decorator": (
        TIMETABLE,
        '@rejected("0.99 correlated with distance")',
        "@functools.cache",
        [
            (
                "timetable.py:46",
                "@functools.cache changes a feature in a way that the catalog cannot see",
                "only @check and @rejected stand above a feature",
            ),
            (
                "timetable.py:46",
                "functools is neither defined nor imported",
                "known: FeatureTable, _HOUR, _minutes and 9 more",
            ),
            (
                "timetable.py:47",
                "the docstring of log_distance lacks Tendency",
                "write Tendency: what the data shows, with figures",
            ),
        ],
    ),
    "check on a helper": (
        TIMETABLE,
        "def _minutes(",
        "@check(nulls=False)\ndef _minutes(",
        [
            (
                "timetable.py:56",
                "_minutes is no feature: nothing enforces what stands above it",
                "move it above a feature, or leave it out",
            ),
        ],
    ),
    "check in a private module": (
        RATES,
        "import pandas as pd\n\nPRIOR = 50\n\n\ndef share(",
        "import pandas as pd\nfrom featuremart import check\n\nPRIOR = 50\n\n\n@check(nulls=False)\ndef share(",
        [
            (
                "_rates.py:11",
                "share is no feature: nothing enforces what stands above it",
                "move it above a feature, or leave it out",
            ),
        ],
    ),
    "between of times": (
        HISTORY,
        "between=(0, 1), nulls=0.05",
        "between=(None, None)",
        [
            (
                "history.py:13",
                "check: between is open at both ends",
                "write between=(lowest, highest), with None for an open end",
            ),
        ],
    ),
}


@pytest.mark.parametrize("broken", REFUSED)
def test_is_refused_with_place_cause_and_way_out(repository, broken):
    file, old, new, refusals = REFUSED[broken]
    repository.edit(file, old, new)
    assert repository.refusals() == refusals
