"""``mart check`` on copies of this repository that something is wrong with."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from featuremart.cli.main import invoke

REPOSITORY = Path(__file__).parent.parent.parent
FLIGHTS = "embulk/sources/flights.sql"
WORKFLOW = "workflows/flight_delay.dig"
TIMETABLE = "features/flight_delay/timetable.py"


@pytest.fixture
def repository(tmp_path, monkeypatch, analyser_cache):
    """Return a copy of what this repository declares, to be broken."""
    for folder in ("features", "workflows", "embulk/sources", "embulk/warehouse"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "mart.toml", tmp_path)
    monkeypatch.setenv("MART_ROOT", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(analyser_cache.parent))
    return tmp_path


@pytest.fixture
def check(repository, capsys):
    """Return a function that runs the command: its exit code, and problems as ``(file, line, message, instead)``."""

    def run():
        assert str(repository) == os.environ["MART_ROOT"]
        code = invoke(["check", "--json"])
        told = json.loads(capsys.readouterr().out)
        return code, [tuple(problem.values()) for problem in told["problems"]]

    return run


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{path.name} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.usefixtures("repository")
def test_this_repository_is_right(capsys):
    assert invoke(["check"]) == 0

    said = capsys.readouterr().out
    assert said.startswith("all is well: ")
    assert said.count("\n") == 1
    assert "2 workflows" in said


BREAKS = [
    (FLIGHTS, "type: STRING", "type: STRNG", "no type 'STRNG'", "did you mean STRING?"),
    (FLIGHTS, "flights.time_hour >=", "flights.time_our >=", "column 17: Name time_our not found inside flights", ""),
    (FLIGHTS, "AS scheduled_arrival", "AS planned_arrival", "the query makes planned_arrival (TIMESTAMP)", "declare planned_arrival"),
    (FLIGHTS, "FROM warehouse.flights AS", "FROM warehouse.flihgts AS", "no schema of the table warehouse.flihgts", "did you mean warehouse.flights"),
    (TIMETABLE, "sched_dep_time: pd.Series", "sched_dep: pd.Series", "sched_dep", "sched_dep_time"),
    (WORKFLOW, "mart extract weather", "mart extract wether", "there is no source 'wether'", "did you mean weather?"),
    (WORKFLOW, "mart transform flight_delay.timetable", "mart transform flight_delay.timetabel", "there is no feature table 'flight_delay.timetabel'", "did you mean flight_delay.timetable"),
    (WORKFLOW, "mart notify flight_delay", "mart notify flight_dealy", "there is no workflow 'flight_dealy'", "did you mean flight_delay?"),
    (WORKFLOW, "--model flight_delay", "--model flight", "there is no model 'flight'", "did you mean flight_delay?"),
    (WORKFLOW, "mart extract flights", "mart extrakt flights", "there is no command mart extrakt", "did you mean extract?"),
    (WORKFLOW, "mart notify flight_delay", "mart notify --env local", "the command names no workflow", "known: diamond_price, flight_delay"),
    (WORKFLOW, "sh>: mart publish", "shh>: mart publish", "Unknown task type: shh", "did you mean sh?"),
    (WORKFLOW, "sh>: mart publish", "bq>: mart publish", "bq> is not run here", "use `sh>`"),
    (WORKFLOW, "sh>: mart notify flight_delay", 'sh>: mart notify "flight_delay', "no closing quotation", "close the quotes"),
    ("mart.toml", 'bucket = "featuremart-local"', "bucket = 3", "[environment.local] bucket", ""),
    ("embulk/warehouse/warehouse.planes.json", '"STRING"', '"STRNG"', "there is no type 'STRNG'", "bq show --schema"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "message", "instead"), BREAKS, ids=[f"{case[0]}: {case[2]}" for case in BREAKS]
)
def test_a_fault_is_told_with_file_and_line(repository, check, file, old, new, message, instead):
    line = change(repository / file, old, new)

    code, problems = check()

    found = [problem for problem in problems if problem[0] == file and message in problem[2]]
    assert code == 2
    assert found, problems
    assert any(problem[1] == line or file.endswith(".json") for problem in found)
    assert any(instead in problem[3] for problem in found)


def test_a_line_of_sql_is_the_files(repository, check):
    line = change(repository / FLIGHTS, "flights.time_hour >=", "flights.time_our >=")

    assert [problem[:2] for problem in check()[1]] == [(FLIGHTS, line)]


def test_a_tab_and_a_key_that_stands_twice_are_told(repository, check):
    tab = change(repository / WORKFLOW, "  +flights:", "\t+flights:")
    twice = (
        change(repository / "workflows/diamond_price.dig", "timezone: UTC", "timezone: UTC\ntimezone: UTC")
        + 1
    )

    problems = check()[1]

    assert {(WORKFLOW, tab), ("workflows/diamond_price.dig", twice)} <= {problem[:2] for problem in problems}


def test_everything_is_told_in_one_go_grouped_by_file(repository, capsys):
    change(repository / FLIGHTS, "owner: flight-data@example.com", "ower: flight-data@example.com")
    change(repository / "embulk/sources/weather.sql", "  dewp,", "  dew,")
    change(repository / TIMETABLE, '"""Scheduled departure, in minutes after local midnight.', '"""')
    change(repository / WORKFLOW, "mart extract planes", "mart extract plains")
    change(repository / "mart.toml", 'cluster = "featuremart"', 'clutser = "featuremart"')

    assert invoke(["check"]) == 2

    said = capsys.readouterr().out
    files = [line for line in said.splitlines() if line and not line.startswith(" ")]
    assert files[:-1] == sorted({FLIGHTS, "embulk/sources/weather.sql", TIMETABLE, "mart.toml", WORKFLOW})
    assert files[-1].endswith("problems in 5 files")
    assert "did you mean owner?" in said
    assert "did you mean planes?" in said


def test_a_table_that_no_workflow_makes_is_told(repository, check):
    text = (repository / WORKFLOW).read_text()
    (repository / WORKFLOW).write_text(
        text.replace("publish flight_delay.aircraft", "load flight_delay.aircraft")
    )

    (problem,) = check()[1]

    assert problem[0] == "features/flight_delay/aircraft.py"
    assert problem[2] == "no workflow runs publish for flight_delay.aircraft"
    assert problem[3] == "add to workflows/flight_delay.dig `sh>: mart publish flight_delay.aircraft`"


def test_a_source_that_no_workflow_extracts_is_told_where_it_is_needed(repository, check):
    text = (repository / WORKFLOW).read_text()
    (repository / WORKFLOW).write_text(text.replace("mart extract planes", "mart extract flights"))

    (problem,) = check()[1]

    assert problem[:2] == (
        WORKFLOW,
        text[: text.index("mart transform flight_delay.aircraft")].count("\n") + 1,
    )
    assert "flight_delay.aircraft reads planes, which no workflow extracts" in problem[2]


def test_commands_within_a_script_are_seen(repository, check):
    change(
        repository / WORKFLOW,
        "sh>: mart notify flight_delay",
        'sh>: |\n      echo "it failed; mart run is not meant" && mart notify flight_dealy ; true\n      mart tabels | sort # mart x',
    )

    assert [problem[2] for problem in check()[1]] == [
        "there is no command mart tabels",
        "there is no workflow 'flight_dealy'",
    ]


def test_a_broken_source_does_not_make_its_tables_and_workflows_wrong(repository, check):
    change(repository / "embulk/sources/planes.sql", "/*", "")

    assert {problem[0] for problem in check()[1]} == {"embulk/sources/planes.sql"}


def test_a_query_that_embulk_cannot_be_told_is_found(repository, check):
    change(repository / FLIGHTS, "-- A New York day", "-- A New\a York day")

    ((file, _, message, instead),) = check()[1]

    assert file == FLIGHTS
    assert "Embulk cannot be told this query" in message
    assert instead == "look for odd characters: mart embulk show flights"


def test_settings_that_cannot_be_read_are_told(repository, check):
    (repository / "mart.toml").write_text("[mart]\nname = flights\n")

    ((file, line, message, _),) = check()[1]

    assert (file, line) == ("mart.toml", 2)
    assert "this is no TOML" in message


def test_no_repository_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("MART_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)

    assert invoke(["check"]) == 2
    assert "no mart.toml" in capsys.readouterr().err


def test_it_takes_less_than_three_seconds_and_no_heavy_library(analyser_cache):
    code = (
        "import sys; from featuremart.cli.main import invoke; assert invoke(['check']) == 0; "
        "print(sorted({'pandas', 'numpy', 'boto3', 'google.cloud.bigquery', 'sqlglot'} & sys.modules.keys()))"
    )
    environment = {**os.environ, "MART_ROOT": str(REPOSITORY), "XDG_CACHE_HOME": str(analyser_cache.parent)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    # processor time: what else this machine does meanwhile does not count
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
    assert done.stdout.splitlines()[-1] == "[]"
