"""What changes a table's fingerprints, and what does not."""

from __future__ import annotations

import shutil

import pytest

from featuremart.catalog.fingerprint import output_fingerprint, python_fingerprint, raw_fingerprint
from featuremart.errors import UsageError

FOLDER = "features/flight_delay"
TIMETABLE = f"{FOLDER}/timetable.py"
HISTORY = f"{FOLDER}/history.py"
AIRCRAFT = f"{FOLDER}/aircraft.py"
MODEL = f"{FOLDER}/__init__.py"
RATES = f"{FOLDER}/_rates.py"
FLIGHTS = "embulk/sources/flights.sql"

SAME = {
    "comment": (TIMETABLE, "_HOUR = 60", "_HOUR = 60  # minutes"),
    "layout": (
        TIMETABLE,
        "(weather__visib < 1) & (departure_minute",
        "((weather__visib\n    < 1)) & (departure_minute",
    ),
    "docstring of a feature": (TIMETABLE, "Fog lifts by noon.", "Fog lifts later."),
    "docstring of a helper": (TIMETABLE, "Turn HHMM into minutes.", "Turn clock times into minutes."),
    "docstring of the table": (TIMETABLE, '"""What the timetable alone tells."""', '"""What is known."""'),
    "annotation of a helper": (TIMETABLE, "_minutes(clock: pd.Series)", "_minutes(clock: pd.Series[int])"),
    "rejected feature": (TIMETABLE, "return distance.map(len)", "return distance.map(str)"),
    "finding": (TIMETABLE, "0.99 correlated", "0.98 correlated"),
    "unused constant": (TIMETABLE, "_HOUR = 60", "_HOUR = 60\n_UNUSED = 3"),
    "unused import": (TIMETABLE, "import pandas as pd", "import math\nimport pandas as pd"),
    "other spelling of a number": (TIMETABLE, "_HOUR = 60", "_HOUR = 0x3C"),
    "order of arguments": (TIMETABLE, "between=(0, 1439), nulls=False", "nulls=False, between=(0, 1439)"),
    "order of allowed values": (AIRCRAFT, "[2, 4, 100]", "[100, 4, 2]"),
    "other spelling of a duration": (TIMETABLE, '"3h"', '"180m"'),
    "owner": (HISTORY, "ops@example.com", "operations@example.com"),
    "size of a table": (HISTORY, "memory=4096", "memory=3072"),
    "size of the model": (MODEL, "cpu=512, memory=2048", "cpu=1024, memory=4096"),
    "what the model predicts": (MODEL, "minutes late", "minutes of delay"),
    "unreached name of a module that is reached": (RATES, "return hits * 2", "return hits * 3"),
    "comment in the SQL": (FLIGHTS, "SELECT *", "-- All of them.\n  SELECT  *"),
    "texts of a source": (FLIGHTS, "about: airport", "about: the airport"),
    "comment in the locked requirements": (f"{FOLDER}/requirements.txt", "numpy==", "# Numbers.\nnumpy=="),
    "declared requirements": (f"{FOLDER}/requirements.in", "numpy\n", "numpy>=2\n"),
}
OTHER = {
    "constant": (TIMETABLE, "_HOUR = 60", "_HOUR = 61", "timetable"),
    "operator of a feature": (TIMETABLE, "weather__visib < 1", "weather__visib <= 1", "timetable"),
    "operator of a helper": (TIMETABLE, "+ clock % 100", "- clock % 100", "timetable"),
    "return type": (TIMETABLE, "-> pd.Series[bool]", "-> pd.Series[int]", "timetable"),
    "check": (TIMETABLE, "1439", "1440", "timetable"),
    "nulls": (TIMETABLE, ", nulls=False", "", "timetable"),
    "unique": (AIRCRAFT, ", unique=True", "", "aircraft"),
    "allowed values": (AIRCRAFT, "[2, 4, 100]", "[2, 4]", "aircraft"),
    "pattern": (AIRCRAFT, "[A-Z]+", "[A-Z]*", "aircraft"),
    "key": (TIMETABLE, 'keys=["flight_id"]', 'keys=["flight_id", "origin"]', "timetable"),
    "tolerance": (TIMETABLE, '"3h"', '"4h"', "timetable"),
    "least number of rows": (TIMETABLE, "min_rows=5", "min_rows=6", "timetable"),
    "window": (HISTORY, "days=28", "days=29", "history"),
    "delay": (HISTORY, '"6h"', '"7h"', "history"),
    "function of another module": (RATES, "/ (hits", "* (hits", "history"),
    "constant that such a function takes": (RATES, "PRIOR = 50", "PRIOR = 51", "history"),
    "import under one name": (
        AIRCRAFT,
        'return planes["year"].astype("str")',
        'return pd.concat([planes["year"]])',
        "aircraft",
    ),
}


def codes(repository):
    return {
        table.name: table.code_fingerprint
        for table in repository.load().models["flight_delay"].tables.values()
    }


@pytest.mark.parametrize("change", SAME)
def test_stays(repository, change):
    before = codes(repository)
    repository.edit(*SAME[change])
    assert codes(repository) == before


@pytest.mark.parametrize("change", OTHER)
def test_changes_that_table_only(repository, change):
    before = codes(repository)
    *edit, table = OTHER[change]
    repository.edit(*edit)
    after = codes(repository)
    assert {name for name in after if after[name] != before[name]} == {table}


def test_a_feature_that_is_computed_after_all_changes_its_table(repository):
    repository.edit(
        TIMETABLE, "Long flights catch up.", "Long flights catch up.\n    Tendency:\n        Falls."
    )
    before = codes(repository)
    repository.edit(TIMETABLE, '@rejected("0.99 correlated with distance")\n', "")
    after = codes(repository)
    assert {name for name in after if after[name] != before[name]} == {"timetable"}


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        ((FLIGHTS, "warehouse.flights", "warehouse.flights_new"), {"timetable", "history"}),
        ((FLIGHTS, "event_time + 2h", "event_time + 3h"), {"timetable", "history"}),
        ((FLIGHTS, "America/New_York", "America/Chicago"), {"timetable", "history"}),
        (("embulk/sources/weather.sql", "SELECT *", "SELECT DISTINCT *"), {"timetable"}),
        (
            (f"{FOLDER}/requirements.txt", "pandas==2.3.3", "pandas==2.3.4"),
            {"timetable", "history", "aircraft"},
        ),
        ((f"{FOLDER}/requirements.txt", "sha256:aa", "sha256:cc"), {"timetable", "history", "aircraft"}),
    ],
)
def test_sources_and_requirements_change_who_reads_them(repository, edit, changed):
    before = codes(repository)
    repository.edit(*edit)
    after = codes(repository)
    assert {name for name in after if after[name] != before[name]} == changed


@pytest.mark.parametrize(
    ("imported", "used"),
    [
        ("from . import _rates", "_rates.share"),
        ("from ._rates import share as part", "part"),
        ("import features.flight_delay._rates", "features.flight_delay._rates.share"),
        ("import features.flight_delay._rates as rates", "rates.share"),
        ("from features.flight_delay import _rates as rates", "getattr(rates, 'share')"),
    ],
)
def test_a_helper_is_reached_however_it_is_imported(repository, imported, used):
    repository.edit(HISTORY, "from features.flight_delay._rates import share", imported)
    repository.edit(HISTORY, "return share(", f"return {used}(")
    before = codes(repository)
    repository.edit(RATES, "PRIOR = 50", "PRIOR = 51")
    after = codes(repository)
    assert {name for name in after if after[name] != before[name]} == {"history"}


def test_a_module_that_is_handed_on_as_a_value_is_reached_whole(repository):
    repository.edit(
        HISTORY, "from features.flight_delay._rates import share", "from features.flight_delay import _rates"
    )
    repository.edit(HISTORY, "return share(", "return getattr(_rates, 'share')(")
    before = codes(repository)
    repository.edit(RATES, "return hits * 2", "return hits * 3")
    assert codes(repository)["history"] != before["history"]


def test_which_function_an_import_means_counts(repository):
    repository.edit(
        AIRCRAFT, "import pandas as pd\n", "from math import floor as rounded\n\nimport pandas as pd\n"
    )
    repository.edit(AIRCRAFT, "return seats", "return seats.map(rounded)")
    before = codes(repository)
    repository.edit(AIRCRAFT, "from math import floor", "from math import ceil")
    assert codes(repository)["aircraft"] != before["aircraft"]


def test_a_local_variable_reaches_no_rejected_feature_of_its_name(repository):
    repository.edit(
        TIMETABLE, "    return clock // 100", "    log_distance = clock\n    return log_distance // 100"
    )
    before = codes(repository)
    repository.edit(TIMETABLE, "return distance.map(len)", "return distance.map(str)")
    assert codes(repository) == before


def test_a_changed_text_changes_the_doc_fingerprint_alone(repository):
    before = repository.load().table("flight_delay.timetable")
    for edit in [
        (TIMETABLE, "Fog lifts by noon.", "Fog lifts later."),
        (TIMETABLE, "0.99 correlated", "0.98 correlated"),
        (FLIGHTS, "about: off the gate", "about: leaves the gate"),
        (MODEL, "flights@example.com", "timetable@example.com"),
    ]:
        repository.edit(*edit)
        after = repository.load().table("flight_delay.timetable")
        assert after.doc_fingerprint != before.doc_fingerprint, edit
        assert after.code_fingerprint == before.code_fingerprint, edit
        before = after


def test_a_changed_function_changes_no_text(repository):
    before = repository.load().table("flight_delay.timetable")
    repository.edit(TIMETABLE, "_HOUR = 60", "_HOUR = 61")
    assert repository.load().table("flight_delay.timetable").doc_fingerprint == before.doc_fingerprint


def test_the_worker_finds_the_python_fingerprint_without_sources(repository):
    tables = repository.load().models["flight_delay"].tables
    shutil.rmtree(repository.root / "embulk")
    for table in tables.values():
        assert python_fingerprint(repository.root, "flight_delay", table.name) == table.python_fingerprint


def test_the_worker_notices_other_code_but_not_other_sql(repository):
    planned = repository.load().table("flight_delay.timetable").python_fingerprint
    repository.edit(FLIGHTS, "warehouse.flights", "warehouse.flights_new")
    assert python_fingerprint(repository.root, "flight_delay", "timetable") == planned
    repository.edit(TIMETABLE, "_HOUR = 60", "_HOUR = 61")
    assert python_fingerprint(repository.root, "flight_delay", "timetable") != planned


@pytest.mark.parametrize(
    ("edit", "table", "message"),
    [
        (None, "timetabel", r"no feature table flight_delay.timetabel in .*: did you mean timetable\?"),
        (
            (TIMETABLE, "_HOUR = 60", "_HOUR = = 60"),
            "timetable",
            "timetable.py:17: no Python: invalid syntax",
        ),
        (
            (TIMETABLE, 'keys=["flight_id"]', "keys=[]"),
            "timetable",
            "features.flight_delay.timetable is wrong: .*keys is empty",
        ),
        ((AIRCRAFT, "table = ", "_table = "), "aircraft", "the FeatureTable is called _table"),
    ],
)
def test_the_worker_tells_why_an_image_has_no_fingerprint(repository, edit, table, message):
    if edit is not None:
        repository.edit(*edit)
    with pytest.raises(UsageError, match=message):
        python_fingerprint(repository.root, "flight_delay", table)


def test_an_image_without_the_model_is_told_as_such(tmp_path):
    with pytest.raises(UsageError, match="the folder has no features of this model"):
        python_fingerprint(tmp_path, "flight_delay", "timetable")


def test_an_output_is_of_its_code_its_partition_and_its_inputs():
    fingerprints = {
        output_fingerprint("code", "2013-01-01", {"flights/2013-01-01": "a"}),
        output_fingerprint("code", "2013-01-02", {"flights/2013-01-01": "a"}),
        output_fingerprint("other", "2013-01-01", {"flights/2013-01-01": "a"}),
        output_fingerprint("code", "2013-01-01", {"flights/2013-01-01": "b"}),
        output_fingerprint("code", "2013-01-01", {"flights/2013-01-01": "a", "weather/2013-01-01": "a"}),
        raw_fingerprint("code", "2013-01-01", "version"),
        raw_fingerprint("code", "2013-01-01", "other"),
    }
    assert len(fingerprints) == 7
    assert output_fingerprint("code", "snapshot", {"a": "1", "b": "2"}) == output_fingerprint(
        "code", "snapshot", {"b": "2", "a": "1"}
    )
