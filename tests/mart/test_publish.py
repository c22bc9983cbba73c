"""Publishing on the real emulator: what the mart shows afterwards, whatever happened meanwhile."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from featuremart.errors import WorkFailed
from featuremart.mart import publish as publishing
from featuremart.mart import state
from featuremart.mart.publish import Publication

pytestmark = pytest.mark.slow

D1, D2, D3 = (dt.date(2013, 1, day) for day in (1, 2, 3))


def test_rows_and_metadata_are_published_together(mart, timetable, flights):
    table = timetable()

    done = mart.publish(
        table,
        mart.staged(table, D1, flights(D1, 60, 90), "f1"),
        mart.staged(table, D2, flights(D2, 75), "f2"),
    )

    assert (done.partitions, done.current, done.rows) == ((D1, D2), (), 3)
    assert mart.minutes() == [(D1, 60), (D1, 90), (D2, 75)]
    current = state.published(mart.rest, [table.name])
    assert {key: (item.fingerprint, item.rows) for key, item in current.items()} == {
        (table.name, D1): ("f1", 2),
        (table.name, D2): ("f2", 1),
    }
    first = current[table.name, D1]
    assert (first.run, first.attempt, first.revision) == ("run-1", "a1", "abc123")
    assert (first.code_fingerprint, first.doc_fingerprint) == ("c0de", "d0c")
    assert first.manifest == "features/flight_delay__timetable/2013-01-01/f1/manifest.json"
    assert (first.available_from.hour, first.available_to.hour) == (10, 11)


def test_publishing_again_does_nothing(mart, timetable, flights):
    table = timetable()
    staged = mart.staged(table, D1, flights(D1, 60), "f1")
    mart.publish(table, staged)

    again = mart.publish(table, staged, run="run-2")

    assert (again.partitions, again.current, again.schema.nothing) == ((), (D1,), True)
    assert mart.rows("SELECT COUNT(*) FROM mart.mart_partitions") == [(1,)]


def test_only_the_partitions_that_changed_are_replaced(mart, timetable, flights):
    table = timetable()
    kept = mart.staged(table, D1, flights(D1, 60), "f1")
    mart.publish(table, kept, mart.staged(table, D2, flights(D2, 75), "f2"))

    done = mart.publish(table, kept, mart.staged(table, D2, flights(D2, 80, 85), "f3"))

    assert (done.partitions, done.current) == ((D2,), (D1,))
    assert mart.minutes() == [(D1, 60), (D2, 80), (D2, 85)]


def test_yesterdays_fingerprint_can_be_published_again(mart, timetable, flights):
    table = timetable()
    before, after = (
        mart.staged(table, D1, flights(D1, minute), fingerprint)
        for minute, fingerprint in [(1, "a"), (2, "b")]
    )
    for staged in (before, after, before):
        mart.publish(table, staged)

    assert mart.minutes() == [(D1, 1)]
    assert [
        row[0] for row in mart.rows("SELECT fingerprint FROM mart.mart_partitions ORDER BY published_at")
    ] == [
        "a",
        "b",
        "a",
    ]


def test_a_week_from_one_staging_table_can_be_published_by_day(mart, timetable, flights):
    table = timetable()
    staging = mart.stage(table, flights(D1, 1) + flights(D2, 2) + flights(D3, 3))

    mart.publish(table, mart.staged(table, D2, flights(D2, 2), "f2", staging))

    assert mart.minutes() == [(D2, 2)]


def test_a_day_without_rows_is_published(mart, timetable, flights):
    table = timetable()
    mart.publish(table, mart.staged(table, D1, flights(D1, 60), "f1"))

    mart.publish(table, mart.staged(table, D1, [], "empty"))

    assert mart.minutes() == []
    found = state.published(mart.rest, [table.name])[table.name, D1]
    assert (found.fingerprint, found.rows, found.available_from) == ("empty", 0, None)


def test_a_snapshot_is_replaced_whole(mart, aircraft):
    table = aircraft()

    def rows(*names):
        return [{"tailnum": name, "available_at": "2013-01-01T00:00:00Z", "seats": 1} for name in names]

    mart.publish(table, mart.staged(table, None, rows("a", "b"), "f1"))
    mart.publish(table, mart.staged(table, None, rows("b", "c", "d"), "f2"))

    assert mart.rows(f"SELECT tailnum FROM mart.{table.name} ORDER BY tailnum") == [("b",), ("c",), ("d",)]
    assert state.published(mart.rest, [table.name])[table.name, None].rows == 3


@pytest.mark.parametrize("fault", ["insert", "log", "count"])
def test_a_failure_inside_the_transaction_leaves_everything_as_it_was(
    mart, timetable, flights, monkeypatch, fault
):
    table = timetable()
    mart.publish(table, mart.staged(table, D1, flights(D1, 60), "f1"))
    before = mart.rows("SELECT * FROM mart.mart_partitions")
    script = publishing.script
    spoil = {
        "insert": lambda text: text.replace(
            "SELECT IF((SELECT COUNT", "SELECT ERROR('disk full'); SELECT IF((SELECT COUNT"
        ),
        "log": lambda text: text.replace("COMMIT", "SELECT 1 FROM nowhere.nothing; COMMIT"),
        "count": lambda text: text.replace(") = 2,", ") = 3,"),
    }[fault]
    monkeypatch.setattr(publishing, "script", lambda *arguments: spoil(script(*arguments)))

    with pytest.raises(WorkFailed, match="publish mart_"):
        mart.publish(table, mart.staged(table, D1, flights(D1, 70, 71), "f2"))

    assert mart.minutes() == [(D1, 60)]
    assert mart.rows("SELECT * FROM mart.mart_partitions") == before


def test_a_failed_publication_can_be_tried_again(mart, timetable, flights, monkeypatch):
    table = timetable()
    staged = mart.staged(table, D1, flights(D1, 60), "f1")
    with monkeypatch.context() as broken:
        broken.setattr(publishing, "_demand", lambda *_: "SELECT ERROR('power cut')")
        with pytest.raises(WorkFailed, match="power cut"):
            mart.publish(table, staged)

    mart.publish(table, staged)

    assert mart.minutes() == [(D1, 60)]


def test_a_kill_between_the_schema_and_the_transaction_is_mended_by_the_next_try(
    mart, timetable, flights, monkeypatch
):
    table = timetable()
    staged = mart.staged(table, D1, flights(D1, 60), "f1")

    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(publishing, "run_once", die)
        with pytest.raises(KeyboardInterrupt):
            mart.publish(table, staged)

    mart.publish(table, staged)

    assert mart.minutes() == [(D1, 60)]


def test_a_lost_answer_is_no_second_publication(mart, timetable, flights, monkeypatch):
    table = timetable()
    staged = mart.staged(table, D1, flights(D1, 60), "f1")
    run_once = publishing.run_once

    def run_and_die(*arguments, **options):
        run_once(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as lost:
        lost.setattr(publishing, "run_once", run_and_die)
        with pytest.raises(KeyboardInterrupt):
            mart.publish(table, staged)

    again = mart.publish(table, staged)

    assert (again.current, mart.minutes()) == ((D1,), [(D1, 60)])
    assert mart.rows("SELECT COUNT(*) FROM mart.mart_partitions") == [(1,)]


def test_two_at_once_give_one_result(mart, timetable, flights):
    table = timetable()
    staged = mart.staged(table, D1, flights(D1, 60, 61), "f1")

    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(lambda n: mart.publish(table, staged, run=f"run-{n}", attempt=f"a{n}"), range(4))
        )

    assert sorted(len(one.partitions) for one in done) == [0, 0, 0, 1]
    assert mart.minutes() == [(D1, 60), (D1, 61)]
    assert mart.rows("SELECT COUNT(*) FROM mart.mart_partitions") == [(1,)]


def test_ranges_that_overlap_at_once_leave_whole_partitions(mart, timetable, flights):
    table = timetable()
    week = [mart.staged(table, day, flights(day, 1, 1), f"old-{day}") for day in (D1, D2, D3)]
    one = mart.staged(table, D2, flights(D2, 2, 2, 2), "new")

    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(mart.publish, table, *week, run="week"),
            pool.submit(mart.publish, table, one, run="day"),
        ]
        [job.result() for job in jobs]

    shown = mart.minutes()
    current = state.published(mart.rest, [table.name])[table.name, D2].fingerprint
    middle = [minute for day, minute in shown if day == D2]
    assert middle == {"new": [2, 2, 2], f"old-{D2}": [1, 1]}[current]
    assert [minute for day, minute in shown if day != D2] == [1, 1, 1, 1]


def test_a_reader_never_sees_half_of_it(mart, timetable, flights):
    """BigQuery isolates a transaction from readers; the emulator does, as it runs a script in one go.

    That is why nothing here takes a lock against it; this fails if a newer one lets others in between.
    """
    table = timetable()
    versions = [mart.staged(table, D1, flights(D1, *range(count)), f"f{count}") for count in (200, 300)]
    mart.publish(table, versions[0])
    question = (
        f"SELECT (SELECT COUNT(*) FROM {mart.environment.mart_dataset}.{table.name}), (SELECT row_count FROM "
        f"{mart.environment.mart_dataset}.mart_partitions_current WHERE table_name = '{table.name}')"
    )
    done = threading.Event()
    seen = set()

    def look():
        while not done.is_set():
            seen.update(mart.rest.query(question).rows)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(1, 7):
        mart.publish(table, versions[number % 2], run=f"run-{number}")
    done.set()
    reader.join()

    assert seen <= {(200, 200), (300, 300)}
    assert len(seen) == 2


def test_what_somebody_else_published_meanwhile_is_looked_at_again(mart, timetable, flights, monkeypatch):
    """The plan of a transaction is void when the table was published between plan and transaction."""
    table = timetable()
    mine, other = (
        mart.staged(table, D1, flights(D1, minute), fp) for minute, fp in [(1, "mine"), (2, "other")]
    )
    script, tries = publishing.script, []

    def script_and_interfere(*arguments):
        text = script(*arguments)
        tries.append(text)
        if len(tries) == 1:
            monkeypatch.setattr(publishing, "script", script)
            mart.publish(table, other, run="other")
            monkeypatch.setattr(publishing, "script", script_and_interfere)
        return text

    monkeypatch.setattr(publishing, "script", script_and_interfere)
    mart.publish(table, mine)

    assert len(tries) == 2
    assert mart.minutes() == [(D1, 1)]


def test_a_lock_that_somebody_removed_is_made_again(mart, timetable, flights):
    table = timetable()
    mart.publish(table, mart.staged(table, D1, flights(D1, 1), "f1"))
    lock = f"{mart.environment.mart_dataset}.mart_lock__{table.name}"
    mart.client.delete_table(lock)
    mart.publish(table, mart.staged(table, D1, flights(D1, 2), "f2"))
    mart.client.query(f"DELETE FROM {lock} WHERE TRUE").result()

    mart.publish(table, mart.staged(table, D1, flights(D1, 3), "f3"))

    assert mart.minutes() == [(D1, 3)]
    assert mart.rows(f"SELECT COUNT(*) FROM {lock}") == [(1,)]


class TestRefused:
    """Nothing reaches the mart that the manifests do not say."""

    @pytest.fixture(autouse=True)
    def published(self, mart, timetable, flights):
        mart.publish(timetable(), mart.staged(timetable(), D1, flights(D1, 60), "f1"))
        yield
        assert mart.minutes() == [(D1, 60)]
        assert mart.rows("SELECT COUNT(*) FROM mart.mart_partitions") == [(1,)]

    def test_a_staging_table_that_expired(self, mart, timetable, flights):
        staged = mart.staged(timetable(), D1, flights(D1, 1), "f2")
        mart.client.delete_table(staged.staging_table)

        with pytest.raises(WorkFailed, match="expired") as refused:
            mart.publish(timetable(), staged)

        assert refused.value.next_command == "mart load flight_delay__timetable"

    def test_fewer_rows_than_the_manifest_says(self, mart, timetable, flights):
        staged = replace(mart.staged(timetable(), D1, flights(D1, 1), "f2"), rows=2)

        with pytest.raises(WorkFailed, match="2013-01-01: 1 rows instead of 2"):
            mart.publish(timetable(), staged)

    def test_rows_of_another_day(self, mart, timetable, flights):
        staging = mart.stage(timetable(), flights(D2, 1))

        with pytest.raises(WorkFailed, match="2013-01-01: 0 rows instead of 1"):
            mart.publish(timetable(), mart.staged(timetable(), D1, flights(D1, 1), "f2", staging))

    def test_a_key_that_stands_twice(self, mart, timetable, flights):
        rows = flights(D1, 1) * 2

        with pytest.raises(WorkFailed, match=r"flight_id must name one row.*flight_id=2013-01-01-0 2 times"):
            mart.publish(timetable(), mart.staged(timetable(), D1, rows, "f2"))

    def test_fewer_rows_than_wanted(self, mart, timetable, flights):
        with pytest.raises(WorkFailed, match="at least 2 rows"):
            mart.publish(timetable(), mart.staged(timetable(), D1, flights(D1, 1), "f2"), min_rows=2)

    def test_a_staging_table_with_columns_of_its_own(self, mart, timetable, flights):
        table = timetable()
        wider = replace(table, columns=(*table.columns, replace(table.columns[-1], name="altitude")))
        staging = mart.stage(wider, flights(D1, 1))

        with pytest.raises(WorkFailed, match="altitude"):
            mart.publish(table, mart.staged(table, D1, flights(D1, 1), "f2", staging))

    def test_a_staging_table_without_keys(self, mart, timetable, flights):
        table = timetable()
        narrower = replace(
            table, columns=tuple(c for c in table.columns if c.name != "flight_id"), keys=("minute",)
        )
        rows = [{k: v for k, v in row.items() if k != "flight_id"} for row in flights(D1, 1)]

        with pytest.raises(WorkFailed, match="lacks flight_id"):
            mart.publish(table, mart.staged(table, D1, rows, "f2", mart.stage(narrower, rows)))


def test_a_partition_may_not_be_named_twice(timetable):
    staged = publishing.StagedPartition(D1, "f", 1, "p.d.t", "m")

    with pytest.raises(WorkFailed, match="named twice"):
        Publication(timetable(), (staged, staged), "c", "r", "a", "v")


def test_days_and_snapshots_do_not_mix(aircraft):
    with pytest.raises(WorkFailed, match="a snapshot"):
        Publication(aircraft(), (publishing.StagedPartition(D1, "f", 1, "p.d.t", "m"),), "c", "r", "a", "v")


def test_a_transaction_that_bigquery_would_not_take_is_refused_before(mart, timetable, flights, monkeypatch):
    monkeypatch.setattr(publishing, "_MOST_SCRIPT_BYTES", 500)

    with pytest.raises(WorkFailed, match="too long") as refused:
        mart.publish(timetable(), mart.staged(timetable(), D1, flights(D1, 1), "f1"))
    assert "shorter range" in refused.value.next_command
