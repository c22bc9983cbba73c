"""Imports that the catalog refuses, and names that nothing defines."""

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
    "import of the models": (
        TIMETABLE,
        "import pandas as pd\n",
        "import pandas as pd\nimport features\n",
        [
            (
                "timetable.py:6",
                "features belongs to another model: the worker image of flight_delay has not got it",
                "move what both need into a package of its own, and declare it in both requirement files",
            ),
        ],
    ),
}


@pytest.mark.parametrize("broken", REFUSED)
def test_is_refused_with_place_cause_and_way_out(repository, broken):
    file, old, new, refusals = REFUSED[broken]
    repository.edit(file, old, new)
    assert repository.refusals() == refusals
