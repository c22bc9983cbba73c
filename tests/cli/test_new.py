"""``mart new`` in copies of this repository: what it makes is right at once, what it cannot make it refuses whole."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from featuremart.catalog import read
from featuremart.catalog.warehouse import parse_schema
from featuremart.cli.main import invoke
from featuremart.errors import UsageError, WorkFailed
from featuremart.lake.days import DayRange
from featuremart.steps.live_schema import live_schema
from featuremart.steps.scaffold import Days, new_fixture, new_source, new_table
from featuremart.steps.scaffold.files import write_all

REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture
def repository(tmp_path, monkeypatch, analyser_cache):
    """Return a copy of what this repository declares, to add to."""
    root = tmp_path / "repository"
    for folder in ("features", "workflows", "embulk/sources", "embulk/warehouse"):
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "mart.toml", root)
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    monkeypatch.setenv("MART_ROOT", str(root))
    monkeypatch.setenv("XDG_CACHE_HOME", str(analyser_cache.parent))
    return root


@pytest.fixture
def mart(repository, capsys):
    """Return a function that runs one command in the copy: its exit code, and what it said."""

    def run(*words):
        assert os.environ["MART_ROOT"] == str(repository)
        capsys.readouterr()
        code = invoke(list(words))
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


@pytest.fixture
def model(mart):
    assert (
        mart(
            "new",
            "model",
            "late_bags",
            "--owner",
            "bags@example.com",
            "--predicts",
            "bags that miss a flight",
        )[0]
        == 0
    )
    return "late_bags"


def state(root):
    """Return every file of a repository with its content."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def assert_is_right(root, mart):
    """Assert that ``mart check``, the made tests and the linter have nothing to say."""
    code, said = mart("check")
    assert code == 0, said
    for command in (
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        ["-m", "ruff", "format", "--check", "features", "tests"],
    ):
        done = subprocess.run(
            [sys.executable, *command], cwd=root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


TABLES = [
    ("flights", "row", [], "has_scheduled_arrival"),
    ("flights", None, ["origin", "flight_number"], "has_flight_id"),
    ("weather", "row", ["origin"], "has_temp"),
    ("flights", "window", ["carrier"], "flights_count"),
    ("flights", "window", ["origin", "dest"], "flights_count"),
    ("weather", "window", [], "weather_count"),
    ("planes", "snapshot", [], "has_year"),
    ("diamonds", None, ["cut", "color"], "has_diamond_id"),
]


def test_new_tables_of_every_kind_are_right_at_once(repository, mart, model):
    for number, (source, kind, keys, _) in enumerate(TABLES):
        options = [*(["--kind", kind] if kind else []), *(word for key in keys for word in ("--key", key))]
        code, said = mart("new", "table", model, f"table_{number}", "--source", source, *options)
        assert code == 0, said
        assert f"created  features/late_bags/table_{number}.py" in said
        assert f"created  tests/features/late_bags/test_table_{number}.py" in said
        assert f"{'changed' if number else 'created'}  workflows/late_bags.dig" in said

    tables = read(repository)[0].models[model].tables
    for number, (source, kind, keys, feature) in enumerate(TABLES):
        table = tables[f"table_{number}"]
        assert (table.source, [one.name for one in table.features]) == (source, [feature])
        assert table.kind == (kind or ("snapshot" if source == "diamonds" else "row"))
        assert not keys or list(table.keys) == keys
    assert_is_right(repository, mart)


def test_a_made_test_fails_where_the_feature_is_wrong(repository, mart, model):
    mart("new", "table", model, "first", "--source", "planes")
    module = repository / "features/late_bags/first.py"
    module.write_text(module.read_text().replace(".notna()", ".isna()"))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "test_has_year" in done.stdout


def test_tables_of_all_kinds_share_a_workflow_that_keeps_what_stands_in_it(repository, mart):
    path = repository / "workflows/flight_delay.dig"
    before = path.read_text()

    for words in (
        ["gusts", "--source", "weather"],
        ["fleet", "--source", "planes"],
        ["hubs", "--source", "flights", "--kind", "window"],
    ):
        assert mart("new", "table", "flight_delay", *words)[0] == 0

    after = path.read_text().splitlines()
    assert [line for line in before.splitlines() if line not in after] == []
    kept = iter(after)
    assert all(line in kept for line in before.splitlines()), "the lines have another order"
    assert sum("mart extract" in line for line in after) == 3
    assert sum("mart publish" in line for line in after) == 8
    assert_is_right(repository, mart)


def test_a_workflow_of_snapshots_gets_days_with_its_first_table_that_has_them(repository, mart):
    assert mart("new", "table", "diamond_price", "sky", "--source", "weather")[0] == 0

    text = (repository / "workflows/diamond_price.dig").read_text()
    days = next(line for line in text.splitlines() if line.startswith("  days:"))
    assert days in (REPOSITORY / "workflows/flight_delay.dig").read_text().splitlines()
    assert "mart extract weather --model diamond_price ${days}" in text
    assert_is_right(repository, mart)


def test_a_new_model_takes_the_locked_requirements_of_a_worker(repository, mart, model):
    folder = repository / "features" / model

    assert "--hash=sha256:" in (folder / "requirements.txt").read_text()
    assert (folder / "requirements.txt").read_text() == (
        repository / "features/flight_delay/requirements.txt"
    ).read_text()
    declared = read(repository)[0].model(model)
    assert (declared.owner, declared.predicts) == ("bags@example.com", "bags that miss a flight")
    assert mart("check")[0] == 0


@pytest.mark.slow
def test_the_first_model_of_a_repository_has_its_requirements_locked_by_uv(repository, mart):
    shutil.rmtree(repository / "features")
    shutil.rmtree(repository / "workflows")

    code, said = mart("new", "model", "late_bags", "--owner", "bags@example.com")

    assert code == 0, said
    text = (repository / "features/late_bags/requirements.txt").read_text()
    assert "--hash=sha256:" in text
    assert "pandas==" in text
    assert "://" not in text
    assert mart("new", "table", "late_bags", "first", "--source", "planes")[0] == 0
    assert_is_right(repository, mart)


def test_a_source_that_has_days(repository, mart):
    words = ["--event-time", "time_hour", "--timezone", "America/New_York", "--first-day", "2013-01-01"]

    code, said = mart(
        "new", "source", "readings", "--table", "warehouse.weather", "--owner", "o@example.com", *words
    )

    assert code == 0, said
    source = read(repository)[0].source("readings")
    assert (source.event_time, source.timezone, source.first_day.isoformat()) == (
        "time_hour",
        "America/New_York",
        "2013-01-01",
    )
    assert source.column("temp").about == "Temperature in degrees Fahrenheit"
    assert mart("new", "model", "rain", "--owner", "o@example.com")[0] == 0
    assert mart("new", "table", "rain", "hours", "--source", "readings", "--key", "origin")[0] == 0
    assert_is_right(repository, mart)


def test_a_source_without_days(repository, mart):
    assert (
        mart("new", "source", "airports", "--table", "warehouse.airports", "--owner", "o@example.com")[0] == 0
    )

    assert read(repository)[0].source("airports").is_snapshot
    assert mart("check")[0] == 0


ODD = [
    {"name": "Id", "type": "INTEGER", "mode": "REQUIRED"},
    {"name": "select", "type": "STRING", "description": 'a "quoted"\nword \\ more'},
    {"name": "class", "type": "BOOLEAN"},
    {"name": "2nd", "type": "NUMERIC"},
    {"name": "partition_day", "type": "DATE"},
    {"name": "tags", "type": "STRING", "mode": "REPEATED"},
    {"name": "inner", "type": "RECORD", "fields": [{"name": "a", "type": "STRING"}]},
    {"name": "place", "type": "GEOGRAPHY"},
    {"name": "happenedAt", "type": "TIMESTAMP"},
    {"name": "raw", "type": "BYTES"},
    {"name": "local", "type": "DATETIME", "description": "*/ DROP TABLE x; /* # - : {"},
]


def test_a_schema_that_is_not_committed_is_fetched_and_columns_get_names_that_can_be(repository, mart):
    asked = []

    def fetch(table):
        asked.append(table)
        return parse_schema(ODD)

    written = new_source(
        repository,
        "odd",
        table="shop.odd",
        days=Days.parse("happenedAt", "UTC", "2020-01-01"),
        owner="who: #1 */ knows",
        fetch=fetch,
    )

    assert asked == ["shop.odd"]
    assert set(written.created) == {"embulk/sources/odd.sql", "embulk/warehouse/shop.odd.json"}
    source = read(repository)[0].source("odd")
    assert [column.name for column in source.columns] == ["id", "select_value", "class_value", "c_2nd", "partition_day_value", "happened_at", "raw", "local"]  # fmt: skip
    assert source.column("select_value").about == 'a "quoted" word \\ more'
    assert source.owner == "who: #1 * / knows"
    assert source.column("local").about == "* / DROP TABLE x; /* # - : {"
    assert "Left out, as a source cannot have them: tags, inner, place" in source.sql
    assert mart("check") == (0, mart("check")[1])


def test_every_type_that_a_key_can_have_makes_a_right_test(repository, mart, model):
    types = ["INT64", "BOOL", "STRING", "BYTES", "DATE", "DATETIME", "TIMESTAMP", "NUMERIC"]
    columns = [{"name": f"k_{type_.lower()}", "type": type_, "mode": "REQUIRED"} for type_ in types]
    columns.append({"name": "value", "type": "FLOAT64"})
    new_source(
        repository, "every", table="shop.every", days=None, owner="o", fetch=lambda _: parse_schema(columns)
    )
    keys = [f"k_{type_.lower()}" for type_ in types]

    new_table(repository, model, "wide", source="every", kind=None, keys=keys, days=1)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert mart("check")[0] == 0


REFUSED = [
    (["model", "flight_delay"], "the model flight_delay is there already", "mart new table flight_delay NAME"),
    (["model", "FlightDelay"], "a model cannot be called 'FlightDelay'", "write it as flight_delay"),
    (["model", "../etc"], "a model cannot be called '../etc'", "write it as etc"),
    (["model", "class"], "it is a word of Python", ""),
    (["model", "a__b"], "two underscores join two names", "write it as a_b"),
    (["model", "select"], "it is a word of SQL", ""),
    (["model", "late_bags", "--owner", 'a"b'], "--owner 'a\"b' is no plain text", "leave out quotes"),
    (["model", "late_bags", "--predicts", "a\\"], "is no plain text", "leave out quotes"),
    (["table", "flight_dealy", "x", "--source", "flights"], "no model 'flight_dealy'", "did you mean flight_delay?"),
    (["table", "flight_delay", "x", "--source", "flihgts"], "no source 'flihgts'", "did you mean flights?"),
    (["table", "flight_delay", "timetable", "--source", "flights"], "the table flight_delay.timetable is there already", ""),
    (["table", "flight_delay", "from", "--source", "flights"], "a feature table cannot be called 'from'", ""),
    (["table", "flight_delay", "flights", "--source", "flights"], "the name of its source flights", "flights_history"),
    (["table", "flight_delay", "x", "--source", "flights", "--kind", "snapshot"], "cannot read flights, which has days", "--kind row or window"),
    (["table", "flight_delay", "x", "--source", "planes", "--kind", "window"], "cannot read planes, which has no days", "--kind snapshot"),
    (["table", "flight_delay", "x", "--source", "flights", "--key", "flightid"], "flightid cannot be a key of a row table", "did you mean flight_id"),
    (["table", "flight_delay", "x", "--source", "flights", "--key", "tailnum"], "tailnum cannot be a key of a row table", ""),
    (["table", "flight_delay", "x", "--source", "weather", "--key", "temp"], "temp cannot be a key", ""),
    (["table", "flight_delay", "x"], "Missing option '--source'", ""),
    (["table", "flight_delay", "x", "--source", "flights", "--days", "0"], "0 is not in the range", ""),
    (["source", "flights", "--table", "warehouse.flights"], "the source flights is there already", ""),
    (["source", "from", "--table", "warehouse.flights"], "a source cannot be called 'from'", ""),
    (["source", "x", "--table", "flights"], "'flights' names no table", "write it as dataset.table"),
    (["source", "x", "--table", "../../a.b"], "names no table", "write it as dataset.table"),
    (["source", "x", "--table", "warehouse.weather", "--event-time", "time_hour"], "needs --timezone and --first-day", "leave all three out"),
    (["source", "x", "--table", "warehouse.weather", "--event-time", "time_our", "--timezone", "UTC", "--first-day", "2013-01-01"], "no TIMESTAMP column 'time_our'", "did you mean time_hour?"),
    (["source", "x", "--table", "warehouse.weather", "--event-time", "time_hour", "--timezone", "Mars", "--first-day", "2013-01-01"], "no timezone 'Mars'", ""),
    (["source", "x", "--table", "warehouse.weather", "--event-time", "time_hour", "--timezone", "UTC", "--first-day", "2013-02-30"], "no day of the calendar", "YYYY-MM-DD"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message", "instead"), REFUSED, ids=[" ".join(case[0])[:60] for case in REFUSED]
)
def test_what_cannot_be_made_is_refused_and_nothing_is_written(repository, mart, words, message, instead):
    before = state(repository)

    code, said = mart("new", *words)

    assert code == 2
    assert message in said
    assert instead in said
    assert state(repository) == before


def test_a_broken_source_is_named(repository, mart):
    path = repository / "embulk/sources/planes.sql"
    path.write_text(path.read_text().replace("type: STRING", "type: STRNG", 1))

    code, said = mart("new", "table", "flight_delay", "fleet", "--source", "planes")

    assert code == 2
    assert "embulk/sources/planes.sql:6: the source planes is broken" in said


def test_a_file_in_the_way_is_left_alone(repository, mart):
    test = repository / "tests/features/flight_delay/test_fleet.py"
    test.parent.mkdir(parents=True)
    test.write_text("mine")
    before = state(repository)

    code, said = mart("new", "table", "flight_delay", "fleet", "--source", "planes")

    assert code == 2
    assert "tests/features/flight_delay/test_fleet.py: this file is there already" in said
    assert state(repository) == before


def test_a_group_written_in_another_way_is_left_alone_and_the_task_is_told(repository, mart):
    path = repository / "workflows/diamond_price.dig"
    path.write_text("timezone: UTC\n\n+extract: {+diamonds: {sh>: mart extract diamonds}}\n")
    before = state(repository)

    code, said = mart("new", "table", "diamond_price", "fleet", "--source", "planes")

    assert code == 2
    assert "workflows/diamond_price.dig:3: +extract is not written as lines below it" in said
    assert "sh>: mart extract planes --model diamond_price" in said
    assert state(repository) == before


def test_where_the_disk_is_full_nothing_is_written(repository):
    before = state(repository)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(WorkFailed, match="nothing was written"):
            write_all(
                repository, {"new/deep/small.txt": "x", "mart.toml": "changed", "new/large.txt": "x" * 2000}
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert state(repository) == before
    assert not (repository / "new").exists()


def test_where_one_file_cannot_be_moved_all_are_as_before(repository):
    (repository / "taken" / "folder").mkdir(parents=True)
    before = state(repository)

    with pytest.raises(WorkFailed, match="nothing was written"):
        write_all(repository, {"mart.toml": "changed", "made.txt": "x", "taken": "a folder is there"})

    assert state(repository) == before


@pytest.mark.slow
def test_the_warehouse_is_asked_for_a_schema(environment):
    from featuremart.config import clients
    from featuremart.mart.rest import Rest

    client = clients.bigquery(environment)
    client.create_dataset("shop", exists_ok=True)
    client.query(
        "CREATE OR REPLACE TABLE shop.orders (id INT64 NOT NULL, happened_at TIMESTAMP, tags ARRAY<STRING>)"
    ).result()

    found = live_schema(Rest(environment), "shop.orders")

    assert [(column.name, column.type) for column in found][:2] == [
        ("id", "INT64"),
        ("happened_at", "TIMESTAMP"),
    ]
    with pytest.raises(WorkFailed, match=r"there is no table shop\.nothing") as caught:
        live_schema(Rest(environment), "shop.nothing")
    assert caught.value.next_command.startswith("bq show --schema")


ORDERS = [
    {"name": "id", "type": "STRING", "mode": "REQUIRED"},
    {"name": "ordered_at", "type": "TIMESTAMP", "mode": "REQUIRED"},
    {"name": "amount", "type": "FLOAT64"},
    {"name": "paid", "type": "BOOL"},
]


@pytest.fixture
def orders(repository, environment):
    """Fill a warehouse table, and return how a fixture is cut from the source that reads it."""
    from featuremart.config import clients
    from featuremart.mart.rest import Rest

    client = clients.bigquery(environment)
    client.create_dataset("shop", exists_ok=True)
    client.query(
        "CREATE OR REPLACE TABLE shop.sold (id STRING NOT NULL, ordered_at TIMESTAMP NOT NULL, amount FLOAT64, paid BOOL)"
    ).result()
    client.query(
        "INSERT INTO shop.sold (id, ordered_at, amount, paid) VALUES "
        "('a', TIMESTAMP '2020-01-01 10:00:00+00', 2.0, TRUE), ('b, \"c\"', TIMESTAMP '2020-01-01 11:00:00+00', NULL, NULL), "
        "('d', TIMESTAMP '2020-01-02 10:00:00+00', 1.25, FALSE)"
    ).result()
    days = Days.parse("ordered_at", "UTC", "2020-01-01")
    new_source(
        repository, "orders", table="shop.sold", days=days, owner="o", fetch=lambda _: parse_schema(ORDERS)
    )

    def cut(**options):
        given = {"days": None, "rows": 20, "where": None, "name": None, **options}
        return new_fixture(repository, "flight_delay", "orders", **given, connect=lambda: Rest(environment))

    return cut


@pytest.mark.slow
def test_a_fixture_is_cut_from_real_rows(repository, orders):
    day = DayRange.parse("2020-01-01", None, None)

    written = orders(days=day)

    (file,) = written.created
    assert file == "tests/features/flight_delay/fixtures/orders.csv"
    assert (repository / file).read_text() == (
        'id,ordered_at,amount,paid\na,2020-01-01T10:00:00Z,2,true\n"b, ""c""",2020-01-01T11:00:00Z,,\n'
    )
    with pytest.raises(UsageError, match="this file is there already"):
        orders(days=day)
    (file,) = orders(
        days=DayRange.parse(None, "2020-01-01", "2020-01-02"), where="NOT paid -- unpaid", name="unpaid"
    ).created
    assert (repository / file).read_text().splitlines()[1:] == ["d,2020-01-02T10:00:00Z,1.25,false"]
    assert len((repository / orders(days=day, rows=1, name="one").created[0]).read_text().splitlines()) == 2
    with pytest.raises(WorkFailed, match="orders has no such rows"):
        orders(days=DayRange.parse("2020-01-03", None, None), name="none")
    with pytest.raises(WorkFailed, match="amunt"):
        orders(days=day, where="amunt > 1", name="wrong")
    assert not (repository / "tests/features/flight_delay/fixtures/wrong.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["flight_dealy", "flights", "--date", "2013-01-31"], "did you mean flight_delay?"),
        (["flight_delay", "flihgts", "--date", "2013-01-31"], "did you mean flights?"),
        (["flight_delay", "flights"], "flights has a partition a day"),
        (["flight_delay", "planes", "--date", "2013-01-31"], "planes has no days"),
        (["flight_delay", "flights", "--date", "2013-01-32"], "no day of the calendar"),
        (
            ["flight_delay", "flights", "--date", "2013-01-31", "--name", "../up"],
            "a fixture cannot be called",
        ),
        (["flight_delay", "flights", "--date", "2013-01-31"], "mart up"),
    ],
)
def test_a_fixture_that_cannot_be_cut_is_refused(repository, mart, words, message):
    before = state(repository)

    code, said = mart("new", "fixture", *words)

    assert code == 2
    assert message in said
    assert state(repository) == before


def test_half_of_the_days_is_refused():
    assert Days.parse(None, None, None) is None
    with pytest.raises(UsageError, match="needs --first-day"):
        Days.parse("at", "UTC", None)
