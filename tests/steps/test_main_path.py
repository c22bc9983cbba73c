"""The whole way of the data on real parts: what a run makes, what it does not make again, and how it fails."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.steps.conftest import Mart

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DAYS = ("--from", "2013-01-01", "--to", "2013-01-02")
TIMETABLE = "features/flight_delay/timetable.py"
HISTORY = "features/flight_delay/carrier_history.py"


@pytest.fixture(scope="module")
def published(mart: Mart) -> str:
    """Publish two days, and return what the run said."""
    return mart.ok("run", "flight_delay", *DAYS)


@pytest.fixture
def edited(mart: Mart) -> Iterator[Mart]:
    """Let a test edit files, and put them back."""
    yield mart
    for name in (TIMETABLE, HISTORY, "workflows/flight_delay.dig", "embulk/sources/flights.sql"):
        mart.restore(name)


def tasks_launched(mart: Mart) -> int:
    """Count the tasks that ECS was ever asked for: each writes a request of its own."""
    import boto3

    endpoint = json.loads((mart.root / ".mart/servers.json").read_text())["endpoints"]["aws"]
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="featuremart-local", Prefix="runs/")
    names = [item["Key"].rsplit("/", 1)[-1] for page in pages for item in page.get("Contents", ())]
    return sum(name in {"request.json", "embulk.yml"} for name in names)


def test_a_run_publishes_every_table_with_the_rows_of_its_source(mart: Mart, published: str) -> None:
    assert "flight_delay: done" in published
    rows = mart.value(
        "SELECT STRING_AGG(CAST(n AS STRING), ' ' ORDER BY d) FROM (SELECT partition_day AS d, COUNT(*) AS n "
        "FROM mart.flight_delay__timetable GROUP BY d)"
    )
    assert rows == "842 943"
    tables = ["timetable", "weather_at_departure", "carrier_history", "route_history", "aircraft"]
    counted = [int(mart.value(f"SELECT COUNT(*) FROM mart.flight_delay__{table}")) for table in tables]
    assert counted[0] == counted[1] == 842 + 943
    assert min(counted) > 0
    states = mart.value(
        "SELECT STRING_AGG(DISTINCT status, ',' ORDER BY status) FROM mart.mart_runs WHERE workflow = 'flight_delay'"
    )
    assert states == "done"


def test_values_in_the_mart_are_those_of_the_functions(mart: Mart, published: str) -> None:
    del published
    texts = "SELECT STRING_AGG(CAST({} AS STRING), ' ' ORDER BY {}) FROM {}"
    stored = (
        "departure_minute",
        "departure_minute",
        "mart.flight_delay__timetable WHERE partition_day = '2013-01-01'",
    )
    clock = "DIV(sched_dep_time, 100) * 60 + MOD(sched_dep_time, 100)"
    by_hand = (clock, clock, "warehouse.flights WHERE month = 1 AND day = 1")
    values = mart.value(texts.format(*stored))
    assert len(values.split()) == 842
    assert values == mart.value(texts.format(*by_hand))
    late = "SELECT COUNT(*) FROM mart.flight_delay__weather_at_departure WHERE available_at != scheduled_departure"
    assert mart.value(late) == "0"


def test_a_second_run_starts_nothing_and_says_so_without_caches(mart: Mart, published: str) -> None:
    del published
    import shutil

    before = tasks_launched(mart)
    shutil.rmtree(mart.root / ".mart/cache", ignore_errors=True)
    said = mart.ok("run", "flight_delay", *DAYS)
    assert "nothing to do, 9 partitions of 5 tables are published" in said
    assert tasks_launched(mart) == before


def test_a_changed_docstring_documents_and_computes_nothing(edited: Mart, published: str) -> None:
    del published
    before = tasks_launched(edited)
    rows = "SELECT COUNT(*) FROM mart.mart_partitions"
    counted = edited.value(rows)
    edited.edit(TIMETABLE, '"""Scheduled departure', '"""Planned departure')
    said = edited.ok("run", "flight_delay", *DAYS)
    assert "publish flight_delay.timetable: descriptions only" in said
    assert tasks_launched(edited) == before
    assert edited.value(rows) == counted
    described = json.loads(edited.ok("describe", "flight_delay.timetable", "--json"))
    assert "Planned departure" in json.dumps(described)


def test_a_changed_function_computes_its_table_alone(edited: Mart, published: str) -> None:
    del published
    before = tasks_launched(edited)
    edited.edit(
        TIMETABLE, "return _minute_of_day(sched_dep_time)", "return _minute_of_day(sched_dep_time) + 0"
    )
    said = edited.ok("run", "flight_delay", *DAYS)
    assert "publish flight_delay.timetable: 2 of 2 partitions, 2 to compute" in said
    assert "carrier_history:" not in said.split("extract+", 1)[0]
    assert tasks_launched(edited) == before + 2  # a worker and a load


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ('raise ValueError("no such clock")', "no such clock"),
        ("return _minute_of_day(sched_dep_time).head(3)", "rows"),
        ("return _minute_of_day(sched_dep_time) + 0.5", "without loss: flight_id="),
        ("return _minute_of_day(sched_dep_time) - 5000", "between"),
    ],
)
def test_a_transform_that_fails_names_itself_and_publishes_nothing(
    edited: Mart, published: str, body: str, cause: str
) -> None:
    del published
    counted = edited.value("SELECT COUNT(*) FROM mart.mart_partitions")
    edited.edit(TIMETABLE, "return _minute_of_day(sched_dep_time)\n", f"{body}\n")
    code, said = edited("transform", "flight_delay.timetable", "--date", "2013-01-01")
    assert code == 1, said
    assert "flight_delay.timetable" in said
    assert "departure_minute" in said
    assert "2013-01-01" in said
    assert cause in said, said
    assert "next:" in said
    assert "Traceback" not in said.split("error:")[-1]
    assert edited.value("SELECT COUNT(*) FROM mart.mart_partitions") == counted


@pytest.mark.parametrize(
    ("words", "code", "cause"),
    [
        (("run", "flight_delai", "--date", "2013-01-01"), 2, "flight_delay"),
        (("run", "flight_delay", "--date", "2013-13-01"), 2, "no day of the calendar"),
        (("run", "flight_delay", "--from", "2013-01-02", "--to", "2013-01-01"), 2, "reversed"),
        (("run", "flight_delay", "--date", "2012-12-31"), 2, "begins at 2013-01-01"),
        (
            ("transform", "flight_dely.timetable", "--date", "2013-01-01"),
            2,
            "did you mean flight_delay.timetable",
        ),
        (("transform", "flight_delay.timetable"), 2, "name the days"),
        (("extract", "flihgts", "--date", "2013-01-01"), 2, "did you mean flights"),
        (("load", "flight_delay.timetable", "--date", "2013-05-01"), 1, "mart extract flights"),
        (("publish", "diamond_price.stone"), 1, "mart extract diamonds"),
        (("run", "flight_delay", "--date", "2013-01-01", "--env", "stagging"), 2, "did you mean staging"),
        (("run", "flight_delay", "--date", "2013-01-01", "--env", "staging"), 2, "is not on this machine"),
    ],
)
def test_wrong_words_are_told_with_cause_and_next_command(
    mart: Mart, words: tuple[str, ...], code: int, cause: str
) -> None:
    ended, said = mart(*words)
    assert ended == code, said
    assert cause in said, said
    assert "Traceback" not in said


def test_a_day_without_rows_fails_and_leaves_no_partition(mart: Mart) -> None:
    code, said = mart("extract", "flights", "--model", "diamond_price", "--date", "2014-02-01")
    assert code == 1, said
    assert "fewer than min_rows = 1 rows" in said
    assert "2014-02-01" in said
    assert "embulk/sources/flights.sql" in said
    code, said = mart("transform", "flight_delay.timetable", "--date", "2014-02-01")
    assert code == 1
    assert "which is not extracted" in said


def test_a_query_that_the_warehouse_refuses_stops_the_run_before_it_starts(edited: Mart) -> None:
    before = tasks_launched(edited)
    edited.edit("embulk/sources/flights.sql", "FROM", ", no_such_column FROM")
    code, said = edited("run", "flight_delay", "--date", "2013-01-20")
    assert code == 2, said
    assert "embulk/sources/flights.sql:" in said
    assert tasks_launched(edited) == before


def test_a_workflow_with_an_operator_that_is_not_run_here_is_refused_by_name(edited: Mart) -> None:
    before = tasks_launched(edited)
    edited.edit(
        "workflows/flight_delay.dig", "sh>: mart extract planes", "s3_wait>: bucket/key # mart extract planes"
    )
    code, said = edited("run", "flight_delay", "--date", "2013-01-20")
    assert code == 2, said
    assert "s3_wait" in said
    assert "workflows/flight_delay.dig:" in said
    assert tasks_launched(edited) == before


def test_an_interrupted_run_stops_its_tasks_and_the_next_one_finishes_it(mart: Mart) -> None:
    process = mart.start("run", "flight_delay", "--date", "2013-01-04")
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "partitions to extract" in line:
            process.send_signal(signal.SIGINT)
            break
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 130, "".join(said) + rest
    assert "nothing is half done" in rest
    assert processes_below(mart, "embulk.jar") == []
    assert "flight_delay: done" in mart.ok("run", "flight_delay", "--date", "2013-01-04")
    assert (
        mart.value("SELECT COUNT(*) FROM mart.flight_delay__timetable WHERE partition_day = '2013-01-04'")
        == "915"
    )


def test_a_worker_that_is_killed_is_transient_and_the_next_try_makes_the_same(
    mart: Mart, published: str
) -> None:
    del published
    mart.ok("extract", "flights", "--model", "flight_delay", "--date", "2013-01-05")
    process = mart.start("transform", "flight_delay.route_history", "--date", "2013-01-05")
    worker = None
    while worker is None and process.poll() is None:
        worker = next(
            (found for found in processes_below(mart, "featuremart.batch") if is_worker(found)), None
        )
    assert worker is not None, process.communicate()[0]
    worker.kill()
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 75, said
    assert "was killed" in said
    assert "1 partitions" in mart.ok("transform", "flight_delay.route_history", "--date", "2013-01-05")


def is_worker(process: psutil.Process) -> bool:
    """Tell the worker itself from the server's process that waits for it."""
    return process.info["cmdline"][1:3] == ["-m", "featuremart.batch"]


def processes_below(mart: Mart, word: str) -> list[psutil.Process]:
    """Find the running tasks of this mart by a word of their command."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        if process.info["cwd"] == str(mart.root) and any(word in text for text in words):
            found.append(process)
    return found
