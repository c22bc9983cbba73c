"""Code of features that the catalog refuses: what runs on import, and what is not pure."""

from __future__ import annotations

import pytest

FOLDER = "features/flight_delay"
TIMETABLE = f"{FOLDER}/timetable.py"
HISTORY = f"{FOLDER}/history.py"
RATES = f"{FOLDER}/_rates.py"

# What is broken: the file, what stood there, what stands there now; each refusal: place, cause, what to write.
REFUSED = {
    "lambda": (
        TIMETABLE,
        "_HOUR = 60\n",
        "_HOUR = 60\nhour = lambda sched_dep_time: sched_dep_time\n",
        [
            (
                "timetable.py:18",
                "hour is a lambda, which has no docstring and no type",
                "write def hour(...), or call it _hour if it is a helper",
            ),
        ],
    ),
    "statement": (
        TIMETABLE,
        "_HOUR = 60\n",
        "_HOUR = 60\nfor _ in range(3):\n    pass\n",
        [
            (
                "timetable.py:18",
                "a module of features holds imports, constants and functions, and runs nothing else",
                "move it into a function, or write the constant as one expression",
            ),
        ],
    ),
    "mutation": (
        TIMETABLE,
        "_HOUR = 60\n",
        "_HOUR = {}\n_HOUR['x'] = 1\n",
        [
            (
                "timetable.py:18",
                "a module of features changes nothing after it is made",
                "write the constant as one expression",
            ),
        ],
    ),
    "syntax": (
        TIMETABLE,
        "_HOUR = 60\n",
        "_HOUR = = 60\n",
        [
            ("timetable.py:17", "no Python: invalid syntax", "mend the syntax"),
        ],
    ),
    "try": (
        TIMETABLE,
        "import pandas as pd\n",
        "try:\n    import pandas as pd\nexcept ImportError:\n    pass\n",
        [
            (
                "timetable.py:5",
                "a module of features holds imports, constants and functions, and runs nothing else",
                "move it into a function, or write the constant as one expression",
            ),
            ("timetable.py:24", "pd is neither defined nor imported", "write import pandas as pd"),
            ("timetable.py:36", "pd is neither defined nor imported", "write import pandas as pd"),
            ("timetable.py:50", "pd is neither defined nor imported", "write import pandas as pd"),
        ],
    ),
    "guarded import with else": (
        TIMETABLE,
        "import pandas as pd\n",
        "from typing import TYPE_CHECKING\nimport pandas as pd\nif TYPE_CHECKING:\n    import math\nelse:\n    math = None\n",
        [
            (
                "timetable.py:7",
                "a module of features holds imports, constants and functions, and runs nothing else",
                "move it into a function, or write the constant as one expression",
            ),
        ],
    ),
    "tuple of something else": (
        TIMETABLE,
        "_HOUR = 60\n",
        "_HOUR = 60\n_A, _B[0] = 1, 2\n",
        [
            (
                "timetable.py:18",
                "a module of features changes nothing after it is made",
                "write the constant as one expression",
            ),
        ],
    ),
    "helper twice": (
        TIMETABLE,
        "def _minutes(",
        'def _minutes(x):\n    """D.\n\n    Why:\n        W.\n    Tendency:\n        T.\n    """\n    return 0\n\n\ndef _minutes(',
        [
            (
                "timetable.py:67",
                "_minutes is defined twice, first on line 56",
                "give one of them another name",
            ),
        ],
    ),
    "hides an import": (
        HISTORY,
        "def punctual_rate(",
        "def share(",
        [
            ("history.py:25", "share is defined twice, first on line 8", "give one of them another name"),
        ],
    ),
    "class statement": (
        TIMETABLE,
        "_HOUR = 60\n",
        "_HOUR = 60\nclass _Clock:\n    started = eval('1')\n",
        [
            (
                "timetable.py:19",
                "eval() runs or reads code that the catalog cannot see",
                "write the function out",
            ),
        ],
    ),
    "use of open": (
        TIMETABLE,
        "    return distance.map(len)",
        "    return open('x').read()",
        [
            (
                "timetable.py:53",
                "open() reaches outside of its parameters",
                "name a column or a source as a parameter",
            ),
        ],
    ),
    "use of eval": (
        TIMETABLE,
        "    return distance.map(len)",
        "    return eval('distance')",
        [
            (
                "timetable.py:53",
                "eval() runs or reads code that the catalog cannot see",
                "write the function out",
            ),
        ],
    ),
    "use of print": (
        RATES,
        "    return hits * 2",
        "    print(hits)\n    return hits * 2",
        [
            (
                "_rates.py:17",
                "print() reaches outside of its parameters",
                "name a column or a source as a parameter",
            ),
        ],
    ),
    "use of hash": (
        TIMETABLE,
        "    return distance.map(len)",
        "    return distance.map(hash)",
        [
            (
                "timetable.py:53",
                "hash() gives another value each time",
                "compute the value from the row, for example from its key",
            ),
        ],
    ),
    "use of now": (
        TIMETABLE,
        "    return distance.map(len)",
        "    return pd.Timestamp.now() - distance",
        [
            (
                "timetable.py:53",
                "pandas.Timestamp.now reads the clock: the same rows would give other values tomorrow",
                "take the event time as a parameter",
            ),
        ],
    ),
    "use of now on a value": (
        TIMETABLE,
        "    return distance.map(len)",
        "    return type(distance[0]).now() - distance",
        [
            (
                "timetable.py:53",
                ".now() reads the clock: the same rows would give other values tomorrow",
                "take the event time as a parameter",
            ),
        ],
    ),
    "use of now as a word": (
        TIMETABLE,
        "    return distance.map(len)",
        "    return pd.Timestamp('now') - distance",
        [
            (
                "timetable.py:53",
                "pandas.Timestamp('now') reads the clock: the same rows would give other values tomorrow",
                "take the event time as a parameter",
            ),
        ],
    ),
    "use of random": (
        TIMETABLE,
        "import pandas as pd\n",
        "import numpy as np\nimport pandas as pd\n\n_NOISE = np.random.default_rng(1).normal()\n",
        [
            (
                "timetable.py:8",
                "numpy.random.default_rng gives another value each time",
                "compute the value from the row, for example from its key",
            ),
        ],
    ),
    "use of sample": (
        TIMETABLE,
        "    return distance.map(len)",
        "    return distance.sample(frac=1)",
        [
            (
                "timetable.py:53",
                ".sample() without random_state gives another value each time",
                "compute the value from the row, for example from its key",
            ),
        ],
    ),
    "use of a file": (
        TIMETABLE,
        "    return distance.map(len)",
        "    return pd.read_csv('x.csv')['y']",
        [
            (
                "timetable.py:53",
                "pandas.read_csv reaches outside of its parameters",
                "name a column or a source as a parameter",
            ),
        ],
    ),
    "write of a file": (
        TIMETABLE,
        "    return distance.map(len)",
        "    distance.to_csv('x.csv')\n    return distance",
        [
            (
                "timetable.py:53",
                ".to_csv() reaches outside of its parameters",
                "name a column or a source as a parameter",
            ),
        ],
    ),
    "use of global": (
        TIMETABLE,
        "    return distance.map(len)",
        "    global _HOUR\n    _HOUR = 3\n    return distance",
        [
            (
                "timetable.py:53",
                "a variable of the module that is written lets one call change the next",
                "return the value instead",
            ),
        ],
    ),
    "use of the declaration": (
        TIMETABLE,
        "    return distance.map(len)",
        "    return distance * table.min_rows",
        [
            (
                "timetable.py:53",
                "table, the declaration, is for the catalog, not for functions",
                "write the value as a constant",
            ),
        ],
    ),
}


@pytest.mark.parametrize("broken", REFUSED)
def test_is_refused_with_place_cause_and_way_out(repository, broken):
    file, old, new, refusals = REFUSED[broken]
    repository.edit(file, old, new)
    assert repository.refusals() == refusals
