"""What the catalog refuses of a repository as a whole: files in wrong places, names, unreadable files."""

from __future__ import annotations

import pytest

FOLDER = "features/flight_delay"


def test_a_module_beside_the_models(repository):
    repository.write("features/late.py", '"""Late."""\n')
    assert repository.refusals() == [
        ("features/late.py", "a module of features belongs to a model", "move it to features/<model>/late.py")
    ]


def test_a_package_without_a_file_that_declares_it(repository):
    repository.write("features/diamond_price/stone.py", '"""Stones."""\n')
    assert repository.refusals() == [
        (
            "features/diamond_price/__init__.py",
            "the package diamond_price has no model = Model(...)",
            'write model = Model(owner="team@example.com", predicts="...")',
        ),
        (
            "features/diamond_price/stone.py",
            "no table = FeatureTable(...) in a module with 0 public functions",
            "declare the table, or call the file _stone.py if it only holds helpers",
        ),
    ]


def test_a_table_in_a_package_within_a_model(repository):
    repository.write(f"{FOLDER}/more/__init__.py", "")
    repository.write(f"{FOLDER}/more/late.py", '"""Late."""\n')
    cause, instead = (
        "a table is a module of its model, not of a package in it",
        f"move it to {FOLDER}/, or begin the package's name with _",
    )
    assert repository.refusals() == [("more/__init__.py", cause, instead), ("more/late.py", cause, instead)]


def test_helpers_in_a_private_package_are_welcome(repository):
    repository.write(f"{FOLDER}/_shared/__init__.py", "")
    repository.write(f"{FOLDER}/_shared/clock.py", "HOUR = 60\n")
    repository.edit(f"{FOLDER}/timetable.py", "_HOUR = 60\n", "")
    repository.edit(
        f"{FOLDER}/timetable.py",
        "import pandas as pd\n",
        "import pandas as pd\nfrom ._shared.clock import HOUR as _HOUR\n",
    )
    assert repository.refusals() == []


@pytest.mark.parametrize(
    ("name", "cause", "instead"),
    [
        (
            "Flights",
            "a model cannot be called 'Flights': lower-case letters, digits and underscores only",
            "write it as flights",
        ),
        (
            "flight__delay",
            "a model cannot be called 'flight__delay': two underscores join two names",
            "write it as flight_delay",
        ),
    ],
)
def test_names_of_models(repository, name, cause, instead):
    (repository.root / FOLDER).rename(repository.root / f"features/{name}")
    repository.edit(f"features/{name}/history.py", "features.flight_delay", f"features.{name}")
    assert repository.refusals() == [(f"features/{name}/__init__.py", cause, instead)]


@pytest.mark.parametrize(
    ("name", "cause", "instead"),
    [
        (
            "TimeTable",
            "a feature table cannot be called 'TimeTable': lower-case letters, digits and underscores only",
            "write it as time_table",
        ),
        (
            "time__table",
            "a feature table cannot be called 'time__table': two underscores join two names",
            "write it as time_table",
        ),
        (
            "rows",
            "a feature table cannot be called 'rows': it is a word of SQL",
            "write it as rows_code or the like",
        ),
    ],
)
def test_names_of_tables(repository, name, cause, instead):
    (repository.root / FOLDER / "timetable.py").rename(repository.root / FOLDER / f"{name}.py")
    assert repository.refusals() == [(f"{name}.py", cause, instead)]


def test_two_tables_with_one_name_in_the_mart(repository):
    """``a__b.c`` and ``a.b__c`` would both be ``a__b__c``: neither name is allowed."""
    for model in ("a", "a__b"):
        repository.write(
            f"features/{model}/__init__.py",
            'from featuremart import Model\n\nmodel = Model(owner="o", predicts="p")\n',
        )
    source = (repository.root / FOLDER / "aircraft.py").read_text(encoding="utf-8")
    repository.write("features/a/b__c.py", source)
    repository.write("features/a__b/c.py", source)
    assert [place for place, _, _ in repository.refusals()] == [
        "features/a/b__c.py",
        "features/a__b/__init__.py",
    ]


# How Python words it differs between its versions.
@pytest.mark.parametrize(
    ("content", "cause", "instead"),
    [
        (b"x = '\xff'\n", "no Python: ", "mend the syntax"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "no Python: too many nested parentheses", "mend the syntax"),
        (b"x = 1" + b" + 1" * 50_000, "an expression is nested too deeply", "take it apart into several"),
        (b"x = '\0'", "no Python: source code string cannot contain null bytes", "mend the syntax"),
        (b"def f(:\n", "no Python: invalid syntax", "mend the syntax"),
    ],
    ids=["no UTF-8", "parentheses", "sum", "null", "syntax"],
)
def test_a_file_that_is_no_python(repository, content, cause, instead):
    (repository.root / FOLDER / "timetable.py").write_bytes(content)
    ((place, found, way_out),) = repository.refusals()
    assert place.startswith("timetable.py")
    assert found.startswith(cause)
    assert way_out == instead


def test_a_wrong_escape_is_left_to_the_linter(repository):
    repository.edit(f"{FOLDER}/timetable.py", "_HOUR = 60", "_HOUR = 60\n_PATTERN = '\\d'")
    assert repository.refusals() == []


def test_a_broken_source_does_not_make_its_tables_wrong_too(repository):
    repository.edit("embulk/sources/flights.sql", "columns:", "colums:")
    assert {place.partition(":")[0] for place, _, _ in repository.refusals()} == {
        "embulk/sources/flights.sql"
    }


def test_a_broken_model_does_not_make_its_tables_wrong_too(repository):
    repository.edit(f"{FOLDER}/__init__.py", "model = Model(", "model = = Model(")
    assert repository.refusals() == [("__init__.py:5", "no Python: invalid syntax", "mend the syntax")]


def test_a_requirement_that_is_not_locked(repository):
    repository.write(
        f"{FOLDER}/requirements.in", "numpy\n\n# For stones.\nscikit-learn>=1.5  # why not\npandas\n"
    )
    assert repository.refusals() == [
        ("requirements.in:4", "scikit-learn is not locked in requirements.txt", "run make lock")
    ]


@pytest.mark.parametrize(
    ("declared", "imported"),
    [
        ("scikit-learn==1.7.2", "sklearn"),
        ("Scikit_Learn[extra] >= 1.5 ; python_version > '3'", "sklearn.linear_model"),
        ("python-geohash  # import: geohash", "geohash"),
        ("two-things  # import: one, two.three", "one"),
        ("more-itertools", "more_itertools"),
    ],
)
def test_what_the_requirement_file_declares_may_be_imported(repository, declared, imported):
    repository.write(f"{FOLDER}/requirements.in", f"-c other.txt\n{declared}\n")
    name = declared.replace("Scikit_Learn", "scikit-learn").split("==")[0].split("[")[0].split(" ")[0]
    repository.write(f"{FOLDER}/requirements.txt", f"{name}==1.0\n")
    repository.edit(
        f"{FOLDER}/timetable.py", "import pandas as pd\n", f"import pandas as pd\nimport {imported}\n"
    )
    assert repository.refusals() == []
