"""Features that the catalog refuses: documentation, types, names."""

from __future__ import annotations

import pytest

FOLDER = "features/flight_delay"
TIMETABLE = f"{FOLDER}/timetable.py"
HISTORY = f"{FOLDER}/history.py"
AIRCRAFT = f"{FOLDER}/aircraft.py"

# What is broken: the file, what stood there, what stands there now; each refusal: place, cause, what to write.
REFUSED = {
    "no docstring": (
        TIMETABLE,
        '    """Logarithm of the distance.\n\n    Why:\n        Long flights catch up.\n    """\n',
        "",
        [
            (
                "timetable.py:47",
                "log_distance has no docstring",
                "say in its first line what it means, with its unit",
            ),
        ],
    ),
    "no why": (
        TIMETABLE,
        "    Why:\n        Landings are spaced out.\n",
        "",
        [
            (
                "timetable.py:33",
                "the docstring of is_foggy lacks Why",
                "write Why: why it should tell something about what is predicted",
            ),
        ],
    ),
    "no tendency nor why": (
        TIMETABLE,
        "    Why:\n        Landings are spaced out.\n    Tendency:\n        Half an hour more.\n",
        "",
        [
            (
                "timetable.py:33",
                "the docstring of is_foggy lacks Why and Tendency",
                "write Why: why it should tell something about what is predicted; write Tendency: what the data shows, with figures",
            ),
        ],
    ),
    "unknown section": (
        TIMETABLE,
        "    Tendency:\n        Half an",
        "    Tendancy:\n        Half an",
        [
            (
                "timetable.py:33",
                "the docstring of is_foggy lacks Tendency",
                "write Tendency: what the data shows, with figures",
            ),
            ("timetable.py:40", "the docstring has an unknown section Tendancy", "did you mean Tendency?"),
        ],
    ),
    "section twice": (
        TIMETABLE,
        "    Tendency:\n        Half an",
        "    Why:\n        Half an",
        [
            (
                "timetable.py:33",
                "the docstring of is_foggy lacks Tendency",
                "write Tendency: what the data shows, with figures",
            ),
            ("timetable.py:40", "the docstring has two sections Why", "make one of them"),
        ],
    ),
    "empty section": (
        TIMETABLE,
        "        Half an hour more.\n",
        "",
        [
            ("timetable.py:40", "the docstring's section Tendency is empty", "fill it in, or leave it out"),
        ],
    ),
    "no return type": (
        TIMETABLE,
        "weather__visib: pd.Series) -> pd.Series[bool]:",
        "weather__visib: pd.Series):",
        [
            (
                "timetable.py:33",
                "is_foggy has no return type",
                "write -> pd.Series[int], or float, bool, str, bytes, pd.Timestamp, datetime.date, datetime.datetime, Decimal",
            ),
        ],
    ),
    "bare series": (
        TIMETABLE,
        "-> pd.Series[bool]:",
        "-> pd.Series:",
        [
            (
                "timetable.py:33",
                "is_foggy returns pd.Series, which is no column of a known type",
                "write -> pd.Series[int], or float, bool, str, bytes, pd.Timestamp, datetime.date, datetime.datetime, Decimal",
            ),
        ],
    ),
    "other type": (
        TIMETABLE,
        "-> pd.Series[bool]:",
        "-> pd.Series[complex]:",
        [
            (
                "timetable.py:33",
                "is_foggy returns pd.Series[complex], which is no column of a known type",
                "write -> pd.Series[int], or float, bool, str, bytes, pd.Timestamp, datetime.date, datetime.datetime, Decimal",
            ),
        ],
    ),
    "frame": (
        TIMETABLE,
        "-> pd.Series[bool]:",
        "-> pd.DataFrame:",
        [
            (
                "timetable.py:33",
                "is_foggy returns pd.DataFrame, which is no column of a known type",
                "write -> pd.Series[int], or float, bool, str, bytes, pd.Timestamp, datetime.date, datetime.datetime, Decimal",
            ),
        ],
    ),
    "no future": (
        TIMETABLE,
        "from __future__ import annotations\n",
        "",
        [
            (
                "timetable.py:20",
                "departure_minute: pandas cannot evaluate pd.Series[int] when the module is imported",
                "begin the module with: from __future__ import annotations",
            ),
            (
                "timetable.py:32",
                "is_foggy: pandas cannot evaluate pd.Series[bool] when the module is imported",
                "begin the module with: from __future__ import annotations",
            ),
            (
                "timetable.py:46",
                "log_distance: pandas cannot evaluate pd.Series[float] when the module is imported",
                "begin the module with: from __future__ import annotations",
            ),
        ],
    ),
    "feature twice": (
        TIMETABLE,
        "def is_foggy(",
        "def departure_minute(",
        [
            (
                "timetable.py:33",
                "departure_minute is defined twice, first on line 21",
                "give one of them another name",
            ),
        ],
    ),
    "named like a column": (
        TIMETABLE,
        "def _minutes(",
        'def origin(distance: pd.Series) -> pd.Series[int]:\n    """D.\n\n    Why:\n        W.\n    Tendency:\n        T.\n    """\n    return 0\n\n\ndef _minutes(',
        [
            (
                "timetable.py:56",
                "the feature origin has the name of a column of flights",
                "say in the name what the feature adds, or begin a helper's name with _",
            ),
        ],
    ),
    "named like a reserved column": (
        TIMETABLE,
        "def _minutes(",
        'def available_at(distance: pd.Series) -> pd.Series[int]:\n    """D.\n\n    Why:\n        W.\n    Tendency:\n        T.\n    """\n    return 0\n\n\ndef _minutes(',
        [
            (
                "timetable.py:56",
                "the feature available_at has the name of a column of the framework",
                "say in the name what the feature adds, or begin a helper's name with _",
            ),
        ],
    ),
    "named like a key": (
        HISTORY,
        "def punctual_rate(",
        "def carrier(",
        [
            (
                "history.py:25",
                "the feature carrier has the name of a key",
                "say in the name what the feature adds, or begin a helper's name with _",
            ),
        ],
    ),
    "named like a source": (
        HISTORY,
        "def punctual_rate(",
        "def flights(",
        [
            (
                "history.py:25",
                "the feature flights has the name of a source",
                "say in the name what the feature adds, or begin a helper's name with _",
            ),
        ],
    ),
    "reserved word": (
        TIMETABLE,
        "def _minutes(",
        'def rows(distance: pd.Series) -> pd.Series[int]:\n    """D.\n\n    Why:\n        W.\n    Tendency:\n        T.\n    """\n    return 0\n\n\ndef _minutes(',
        [
            (
                "timetable.py:56",
                "a feature cannot be called 'rows': it is a word of SQL",
                "write it as rows_code or the like",
            ),
        ],
    ),
    "upper case": (
        TIMETABLE,
        "def _minutes(",
        'def LateRate(distance: pd.Series) -> pd.Series[int]:\n    """D.\n\n    Why:\n        W.\n    Tendency:\n        T.\n    """\n    return 0\n\n\ndef _minutes(',
        [
            (
                "timetable.py:56",
                "a feature cannot be called 'LateRate': lower-case letters, digits and underscores only",
                "write it as late_rate",
            ),
        ],
    ),
    "two underscores": (
        TIMETABLE,
        "def _minutes(",
        'def late__rate(distance: pd.Series) -> pd.Series[int]:\n    """D.\n\n    Why:\n        W.\n    Tendency:\n        T.\n    """\n    return 0\n\n\ndef _minutes(',
        [
            (
                "timetable.py:56",
                "a feature cannot be called 'late__rate': two underscores join two names",
                "write it as late_rate",
            ),
        ],
    ),
    "quoted return type": (
        TIMETABLE,
        "-> pd.Series[bool]:",
        '-> "pd.Series[boolean]":',
        [
            (
                "timetable.py:33",
                "boolean is neither defined nor imported",
                "import it at the top of the module",
            ),
        ],
    ),
    "unreadable quoted type": (
        TIMETABLE,
        "-> pd.Series[bool]:",
        '-> "pd.Series[":',
        [
            (
                "timetable.py:33",
                "is_foggy returns nothing that can be read, which is no column of a known type",
                "write -> pd.Series[int], or float, bool, str, bytes, pd.Timestamp, datetime.date, datetime.datetime, Decimal",
            ),
        ],
    ),
    "pandas not imported": (
        AIRCRAFT,
        "import pandas as pd\n",
        "",
        [
            ("aircraft.py:12", "pd is neither defined nor imported", "write import pandas as pd"),
            ("aircraft.py:24", "pd is neither defined nor imported", "write import pandas as pd"),
        ],
    ),
    "type not imported": (
        TIMETABLE,
        "-> pd.Series[bool]:",
        "-> pd.Series[Decimal]:",
        [
            (
                "timetable.py:33",
                "Decimal is neither defined nor imported",
                "import it at the top of the module",
            ),
        ],
    ),
}


@pytest.mark.parametrize("broken", REFUSED)
def test_is_refused_with_place_cause_and_way_out(repository, broken):
    file, old, new, refusals = REFUSED[broken]
    repository.edit(file, old, new)
    assert repository.refusals() == refusals
