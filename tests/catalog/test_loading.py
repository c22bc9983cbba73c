"""What the catalog holds of a repository without problems, and how it tells of one with many."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest
from pydantic import TypeAdapter

from featuremart.catalog.model import (
    Check,
    Lookup,
    ParameterKind,
    Resources,
    TableKind,
    TableRules,
    TableSpec,
)
from featuremart.errors import ProblemsFound, UsageError
from featuremart.lake.columns import ColumnType

FOLDER = "features/flight_delay"


@pytest.fixture
def catalog(repository):
    return repository.load()


def feature(table, name):
    return next(one for one in table.features if one.name == name)


def test_a_model(catalog):
    model = catalog.model("flight_delay")
    assert (model.owner, model.predicts) == ("flights@example.com", "minutes late")
    assert model.doc.summary == "How late a flight arrives."
    assert model.resources == Resources(512, 2048, spot=True, deadline=dt.timedelta(minutes=30))
    assert (str(model.where), list(model.tables)) == (
        f"{FOLDER}/__init__.py:5",
        ["aircraft", "history", "timetable"],
    )


def test_a_row_table(catalog):
    table = catalog.table("flight_delay.timetable")
    assert (table.kind, table.source, table.event_time) == (TableKind.ROW, "flights", "scheduled_departure")
    assert table.lookups == (Lookup("weather", ("origin",), dt.timedelta(hours=3)),)
    assert table.rules == TableRules(min_rows=5, rows_match_source=True)
    assert table.module == "features.flight_delay.timetable"
    assert table.doc.summary == "What the timetable alone tells."
    assert [(column.name, column.type, column.required) for column in table.output_columns] == [
        ("partition_day", "DATE", True),
        ("flight_id", "STRING", True),
        ("scheduled_departure", "TIMESTAMP", True),
        ("available_at", "TIMESTAMP", True),
        ("departure_minute", "INT64", True),
        ("is_foggy", "BOOL", False),
    ]


def test_a_window_table(catalog):
    table = catalog.table("flight_delay__history")
    assert (table.kind, table.source, table.window_days) == (TableKind.WINDOW, "flights", 28)
    assert (table.event_time, table.delay) == (None, dt.timedelta(hours=6))
    assert (table.owner, table.resources) == (
        "ops@example.com",
        Resources(512, 4096, spot=True, deadline=dt.timedelta(minutes=30)),
    )
    assert [parameter.kind for one in table.features for parameter in one.parameters] == [
        ParameterKind.SOURCE,
        ParameterKind.FEATURE,
    ]


def test_a_snapshot_table(catalog):
    table = catalog.table("flight_delay.aircraft")
    assert (table.kind, table.source, table.rules) == (TableKind.SNAPSHOT, "planes", TableRules())
    assert [column.name for column in table.output_columns] == [
        "tailnum",
        "available_at",
        "seat_count",
        "age_class",
    ]


def test_a_feature(catalog):
    found = feature(catalog.table("flight_delay.timetable"), "is_foggy")
    assert (str(found.where), found.type) == (f"{FOLDER}/timetable.py:33", ColumnType.BOOL)
    assert [(one.name, one.kind, one.source, one.column) for one in found.parameters] == [
        ("departure_minute", ParameterKind.FEATURE, "", ""),
        ("weather__visib", ParameterKind.LOOKUP, "weather", "visib"),
    ]
    assert (found.doc.summary, found.doc.body) == (
        "Whether one sees less than a mile in the morning.",
        "Fog lifts by noon.",
    )
    assert found.doc.section("Why") == "Landings are spaced out."
    assert (found.check, found.required, found.rejected) == (Check(), False, None)


def test_checks(catalog):
    history, aircraft = catalog.table("flight_delay.history"), catalog.table("flight_delay.aircraft")
    assert feature(history, "late_rate").check == Check(between=(0, 1), nulls=0.05)
    assert feature(aircraft, "seat_count").check == Check(isin=(2, 4, 100), unique=True)
    assert feature(aircraft, "age_class").check == Check(matches="[A-Z]+")
    assert feature(catalog.table("flight_delay.timetable"), "departure_minute").required


def test_a_rejected_feature_stays_and_is_not_computed(catalog):
    table = catalog.table("flight_delay.timetable")
    assert feature(table, "log_distance").rejected == "0.99 correlated with distance"
    assert "log_distance" not in [one.name for one in table.computed]


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("pd.Series[int]", "INT64"),
        ("pd.Series[float]", "FLOAT64"),
        ("pd.Series[bool]", "BOOL"),
        ("pd.Series[str]", "STRING"),
        ("pd.Series[bytes]", "BYTES"),
        ("pd.Series[pd.Timestamp]", "TIMESTAMP"),
        ("pd.Series[datetime.date]", "DATE"),
        ("pd.Series[dt.datetime]", "DATETIME"),
        ("pd.Series[Decimal]", "NUMERIC"),
        ("pd.Series[decimal.Decimal]", "NUMERIC"),
        ('"pd.Series[int]"', "INT64"),
        ("Series[Timestamp]", "TIMESTAMP"),
    ],
)
def test_return_types(repository, annotation, kind):
    imports = "import datetime\nimport datetime as dt\nimport decimal\nfrom decimal import Decimal\n"
    guarded = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pandas import Series, Timestamp\n"
    )
    repository.edit(
        f"{FOLDER}/timetable.py", "import pandas as pd\n", f"{imports}import pandas as pd\n{guarded}"
    )
    repository.edit(f"{FOLDER}/timetable.py", "-> pd.Series[float]:", f"-> {annotation}:")
    assert feature(repository.load().table("flight_delay.timetable"), "log_distance").type == kind


def test_features_are_not_imported(repository):
    """A module that would end the process when imported loads like any other."""
    repository.edit(f"{FOLDER}/timetable.py", "_HOUR = 60", "_HOUR = 1 // 0")
    assert repository.load().table("flight_delay.timetable")


def test_authoring_names_may_be_imported_under_other_names(repository):
    path = f"{FOLDER}/aircraft.py"
    repository.edit(
        path,
        "from featuremart import FeatureTable, check, snapshot",
        "import featuremart as fm\nfrom featuremart.authoring import check as demand",
    )
    repository.edit(path, "FeatureTable(source=snapshot(", "fm.FeatureTable(source=fm.snapshot(")
    repository.edit(path, "@check(isin", "@demand(isin")
    repository.edit(path, "@check(matches", "@fm.check(matches")
    table = repository.load().table("flight_delay.aircraft")
    assert [one.check for one in table.features] == [
        Check(isin=(2, 4, 100), unique=True),
        Check(matches="[A-Z]+"),
    ]


def test_a_column_may_be_called_like_something_forbidden(repository):
    """A stock has a column ``open``, which is not Python's function of that name."""
    repository.edit(
        "embulk/sources/planes.sql", "score: {", "open: {type: FLOAT64, about: price}\n  score: {"
    )
    repository.edit(f"{FOLDER}/aircraft.py", "seat_count(seats: pd.Series)", "seat_count(open: pd.Series)")
    repository.edit(f"{FOLDER}/aircraft.py", "return seats", "return [open + hash for hash in open]")
    assert repository.refusals() == []


def test_tables_survive_the_way_to_the_worker(catalog):
    adapter = TypeAdapter(TableSpec)
    for table in catalog.tables.values():
        assert adapter.validate_json(adapter.dump_json(table)) == table


def test_unknown_names_are_told_with_the_nearest(catalog):
    with pytest.raises(
        UsageError, match=r"no feature table 'flight_delay.timetabel': did you mean flight_delay.timetable"
    ):
        catalog.table("flight_delay.timetabel")
    with pytest.raises(UsageError, match=r"no model 'flight': did you mean flight_delay\?"):
        catalog.model("flight")
    with pytest.raises(UsageError, match=r"no source 'wether': did you mean weather\?"):
        catalog.source("wether")


def test_all_problems_come_in_one_go_in_the_order_of_files(repository):
    repository.edit(f"{FOLDER}/timetable.py", "import pandas as pd", "import os\nimport pandas as pd")
    repository.edit(f"{FOLDER}/timetable.py", "-> pd.Series[bool]", "-> bool")
    repository.edit(f"{FOLDER}/__init__.py", "cpu=512", "cpu=513")
    repository.edit(
        "embulk/sources/weather.sql", "type: FLOAT64, about: miles}", "type: FLOAT, about: miles}"
    )
    with pytest.raises(ProblemsFound) as caught:
        repository.load()
    assert [str(problem.where) for problem in caught.value.problems] == [
        "embulk/sources/weather.sql:10",
        f"{FOLDER}/__init__.py:5",
        f"{FOLDER}/timetable.py:5",
        f"{FOLDER}/timetable.py:34",
    ]
    assert caught.value.exit_code == 2
    assert caught.value.next_command == "mart check"


def test_nothing_declared_is_an_empty_catalog(tmp_path):
    from featuremart.catalog import load

    assert load(tmp_path).tables == {}


HEAVY = "{'pandas', 'numpy', 'pyarrow', 'pydantic', 'sqlglot', 'zetasql', 'boto3', 'click', 'rich', 'ruamel'}"


@pytest.mark.parametrize(
    "statement",
    [
        "from featuremart import FeatureTable, Model, as_of, check, rejected, snapshot, window",
        "import featuremart.catalog",
        "from featuremart.catalog.fingerprint import python_fingerprint",
    ],
)
def test_importing_it_loads_nothing_heavy(statement):
    program = f"import sys\n{statement}\nprint(sorted({HEAVY} & sys.modules.keys()))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_loading_imports_neither_pandas_nor_an_analyser_of_sql(repository):
    program = (
        "import pathlib, sys\nfrom featuremart.catalog import load\nload(pathlib.Path(sys.argv[1]))\n"
        "print(sorted({'pandas', 'numpy', 'pyarrow', 'pydantic', 'sqlglot', 'zetasql', 'boto3'} & sys.modules.keys()))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(repository.root)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
