"""Code of features that the catalog refuses: what it imports, and what is not pure."""

from __future__ import annotations

import pytest

FOLDER = "features/flight_delay"
TIMETABLE = f"{FOLDER}/timetable.py"
HISTORY = f"{FOLDER}/history.py"
RATES = f"{FOLDER}/_rates.py"

# What is broken: the file, what stood there, what stands there now; each refusal: place, cause, what to write.
REFUSED = {
    "forgotten import": (
        TIMETABLE,
        "as_of, check, rejected",
        "as_of, rejected",
        [
            (
                "timetable.py:20",
                "check is neither defined nor imported",
                "add it to: from featuremart import check",
            ),
        ],
    ),
    "mistyped helper": (
        TIMETABLE,
        "return _minutes(",
        "return _minuets(",
        [
            ("timetable.py:30", "_minuets is neither defined nor imported", "did you mean _minutes?"),
        ],
    ),
    "unfounded constant": (
        RATES,
        "/ (hits",
        "/ PRIORS / (hits",
        [
            ("_rates.py:12", "PRIORS is neither defined nor imported", "did you mean PRIOR?"),
        ],
    ),
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
    "import": (
        TIMETABLE,
        "import pandas as pd\n",
        "import pandas as pd\nimport sklearn\n",
        [
            (
                "timetable.py:6",
                "sklearn is not among the model's requirements",
                "add scikit-learn to features/flight_delay/requirements.in and run make lock, or do without",
            ),
        ],
    ),
    "import installed": (
        TIMETABLE,
        "import pandas as pd\n",
        "import pandas as pd\nimport dateutil.parser\n",
        [
            (
                "timetable.py:6",
                "dateutil is not among the model's requirements",
                "add python-dateutil to features/flight_delay/requirements.in and run make lock, or do without",
            ),
        ],
    ),
    "import typo": (
        TIMETABLE,
        "import pandas as pd\n",
        "import pandas as pd\nimport nunpy\n",
        [
            ("timetable.py:6", "nunpy is not among the model's requirements", "did you mean numpy?"),
        ],
    ),
    "import of framework": (
        TIMETABLE,
        "import pandas as pd\n",
        "import pandas as pd\nfrom featuremart.lake.store import ObjectStore\n",
        [
            (
                "timetable.py:6",
                "featuremart.lake.store.ObjectStore is no authoring name: the rest of featuremart is not for features",
                "import from featuremart one of FeatureTable, Model, as_of, check, rejected, snapshot, window",
            ),
        ],
    ),
    "import star": (
        TIMETABLE,
        "import pandas as pd\n",
        "import pandas as pd\nfrom math import *\n",
        [
            (
                "timetable.py:6",
                "import * hides which names come from where",
                "name what you take: from math import ...",
            ),
        ],
    ),
    "import of other model": (
        TIMETABLE,
        "import pandas as pd\n",
        "import pandas as pd\nfrom features.diamond_price import stone\n",
        [
            (
                "timetable.py:6",
                "features.diamond_price.stone belongs to another model: the worker image of flight_delay has not got it",
                "move what both need into a package of its own, and declare it in both requirement files",
            ),
        ],
    ),
    "import of missing module": (
        HISTORY,
        "from features.flight_delay._rates import share",
        "from features.flight_delay._rate import share",
        [
            (
                "history.py:8",
                "there is no module features.flight_delay._rate",
                "did you mean features.flight_delay._rates, features.flight_delay.aircraft, features.flight_delay?",
            ),
        ],
    ),
    "import of missing name": (
        HISTORY,
        "import share",
        "import shares as share",
        [
            ("history.py:8", "features.flight_delay._rates has no shares", "did you mean share?"),
        ],
    ),
    "import relative beyond": (
        HISTORY,
        "from features.flight_delay._rates import share",
        "from ..diamond_price import share",
        [
            (
                "history.py:8",
                "features.diamond_price.share belongs to another model: the worker image of flight_delay has not got it",
                "move what both need into a package of its own, and declare it in both requirement files",
            ),
        ],
    ),
    "import in function": (
        TIMETABLE,
        "    return distance.map(len)",
        "    import math\n    return distance.map(math.log)",
        [
            (
                "timetable.py:53",
                "an import within a function is easily overlooked",
                "write it at the top of the module",
            ),
        ],
    ),
    "import os": (
        TIMETABLE,
        "import pandas as pd\n",
        "import os\nimport pandas as pd\n",
        [
            (
                "timetable.py:5",
                "os reaches outside of its parameters",
                "name a column or a source as a parameter",
            ),
        ],
    ),
    "import time": (
        TIMETABLE,
        "import pandas as pd\n",
        "from time import time\nimport pandas as pd\n",
        [
            (
                "timetable.py:5",
                "time.time reads the clock: the same rows would give other values tomorrow",
                "take the event time as a parameter",
            ),
        ],
    ),
    "import random": (
        TIMETABLE,
        "import pandas as pd\n",
        "from numpy.random import default_rng\nimport pandas as pd\n",
        [
            (
                "timetable.py:5",
                "numpy.random.default_rng gives another value each time",
                "compute the value from the row, for example from its key",
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
