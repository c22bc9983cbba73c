"""Declarations of models and tables that the catalog refuses."""

from __future__ import annotations

import pytest

FOLDER = "features/flight_delay"
TIMETABLE = f"{FOLDER}/timetable.py"
HISTORY = f"{FOLDER}/history.py"
AIRCRAFT = f"{FOLDER}/aircraft.py"
MODEL = f"{FOLDER}/__init__.py"
RATES = f"{FOLDER}/_rates.py"

# What is broken: the file, what stood there, what stands there now; each refusal: place, cause, what to write.
REFUSED = {
    "no owner": (
        MODEL,
        'owner="flights@example.com", ',
        "",
        [
            ("__init__.py:5", "Model lacks owner", "add owner=..."),
        ],
    ),
    "empty owner": (
        MODEL,
        'owner="flights@example.com"',
        'owner=" "',
        [
            ("__init__.py:5", "Model: owner is a text, not ' '", 'write owner="team@example.com"'),
        ],
    ),
    "predicts missing": (
        MODEL,
        ', predicts="minutes late"',
        "",
        [
            ("__init__.py:5", "Model lacks predicts", "add predicts=..."),
        ],
    ),
    "spot": (
        MODEL,
        "cpu=512",
        'spot="yes"',
        [
            ("__init__.py:5", "Model: spot is True or False, not 'yes'", "write spot=True"),
        ],
    ),
    "unknown argument": (
        TIMETABLE,
        'keys=["flight_id"],',
        'key=["flight_id"],',
        [
            ("timetable.py:9", "FeatureTable lacks keys", "add keys=..."),
            ("timetable.py:11", "FeatureTable has no argument key", "did you mean keys?"),
        ],
    ),
    "positional": (
        TIMETABLE,
        'source="flights",\n    keys',
        '"flights",\n    keys',
        [
            (
                "timetable.py:9",
                "FeatureTable takes its arguments by name",
                "write FeatureTable(source=..., keys=...)",
            ),
        ],
    ),
    "stars": (
        TIMETABLE,
        "min_rows=5",
        '**{"min_rows": 5}',
        [
            (
                "timetable.py:14",
                "FeatureTable: the catalog cannot see what ** holds",
                "write the arguments out",
            ),
        ],
    ),
    "not literal": (
        TIMETABLE,
        "min_rows=5",
        "min_rows=5 * _HOUR",
        [
            (
                "timetable.py:14",
                "FeatureTable: 5 * _HOUR is no literal, and the catalog does not run the module",
                "write the value itself",
            ),
        ],
    ),
    "not literal key": (
        TIMETABLE,
        '{"weather": as_of',
        "{_W: as_of",
        [
            (
                "timetable.py:13",
                "FeatureTable: _W is no literal, and the catalog does not run the module",
                "write the value itself",
            ),
            (
                "timetable.py:13",
                "_W is neither defined nor imported",
                "known: FeatureTable, _HOUR, _minutes and 9 more",
            ),
        ],
    ),
    "min_rows": (
        TIMETABLE,
        "min_rows=5",
        "min_rows=-1",
        [
            (
                "timetable.py:14",
                "FeatureTable: min_rows is a whole number from 0 on, not -1",
                "write min_rows=0 or more",
            ),
        ],
    ),
    "size": (
        HISTORY,
        "memory=4096",
        "memory=5000",
        [
            (
                "history.py:10",
                "FeatureTable: Fargate has no task with cpu=512 and memory=5000",
                "write memory=3072 or 4096 (MiB; 1024 to 4096 go with cpu=512)",
            ),
        ],
    ),
    "size of model": (
        MODEL,
        "cpu=512",
        "cpu=500",
        [
            (
                "__init__.py:5",
                "Model: Fargate has no task with cpu=500",
                "write one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 is one vCPU)",
            ),
        ],
    ),
    "deadline": (
        MODEL,
        'deadline="30m"',
        'deadline="soon"',
        [
            (
                "__init__.py:5",
                "Model: deadline is a duration, not 'soon'",
                'write deadline="3h" (letters: d, h, m, s)',
            ),
        ],
    ),
    "table called otherwise": (
        TIMETABLE,
        "table = FeatureTable(",
        "flights_table = FeatureTable(",
        [
            ("timetable.py:9", "the FeatureTable is called flights_table", "write table = FeatureTable(...)"),
        ],
    ),
    "second table": (
        TIMETABLE,
        "_HOUR = 60\n",
        '_HOUR = 60\nother = FeatureTable(source="flights", keys=["flight_id"], event_time="scheduled_departure")\n',
        [
            ("timetable.py:18", "a second FeatureTable in one module", "move it into a module of its own"),
        ],
    ),
    "table hidden": (
        TIMETABLE,
        "_HOUR = 60\n",
        "_HOUR = 60\ntable = 3\n",
        [
            ("timetable.py:18", "table is the name of the declaration", "choose another name"),
        ],
    ),
    "no table": (
        AIRCRAFT,
        'table = FeatureTable(source=snapshot("planes"), keys=["tailnum"])\n',
        "",
        [
            (
                "aircraft.py",
                "no table = FeatureTable(...) in a module with 2 public functions",
                "declare the table, or call the file _aircraft.py if it only holds helpers",
            ),
        ],
    ),
    "no model": (
        MODEL,
        'model = Model(owner="flights@example.com", predicts="minutes late", cpu=512, memory=2048, deadline="30m")\n',
        "",
        [
            (
                "__init__.py",
                "the package flight_delay has no model = Model(...)",
                'write model = Model(owner="team@example.com", predicts="...")',
            ),
        ],
    ),
    "table in a private module": (
        RATES,
        "PRIOR = 50\n",
        'from featuremart import FeatureTable\nPRIOR = 50\ntable = FeatureTable(source="flights", keys=["flight_id"], event_time="scheduled_departure")\n',
        [
            (
                "_rates.py:9",
                "a FeatureTable is declared by a module of its model, and this one is none",
                "move it to features/flight_delay/<table>.py",
            ),
        ],
    ),
    "model in a table": (
        TIMETABLE,
        "_HOUR = 60\n",
        '_HOUR = 60\nfrom featuremart import Model\nmodel = Model(owner="a", predicts="b")\n',
        [
            (
                "timetable.py:19",
                "a Model is declared by its package",
                "move it to features/flight_delay/__init__.py",
            ),
        ],
    ),
    "function in the package": (
        MODEL,
        "from featuremart import Model\n",
        "from featuremart import Model\n\ndef late(x):\n    return x\n",
        [
            (
                "__init__.py:5",
                "late stands in the package's __init__.py, which is no feature table",
                "move it into a module of features/flight_delay/",
            ),
        ],
    ),
    "no table docstring": (
        TIMETABLE,
        '"""What the timetable alone tells."""\n',
        "",
        [
            (
                "timetable.py:1",
                "the table timetable has no docstring",
                "say in its first line what it means, with its unit",
            ),
        ],
    ),
}


@pytest.mark.parametrize("broken", REFUSED)
def test_is_refused_with_place_cause_and_way_out(repository, broken):
    file, old, new, refusals = REFUSED[broken]
    repository.edit(file, old, new)
    assert repository.refusals() == refusals
