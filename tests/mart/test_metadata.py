"""The metadata tables: what is appended, what the views show, what is kept by a newer version."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest

from featuremart.lake.days import DayRange
from featuremart.mart import metadata, records, state
from featuremart.mart.schema import doc_label
from featuremart.mart.transport import Transport

pytestmark = pytest.mark.slow

D1, D2, D3 = (dt.date(2013, 1, day) for day in (1, 2, 3))
NOW = dt.datetime(2026, 3, 1, 4, 5, 6, 789, tzinfo=dt.UTC)
RUN = records.TaskRun(
    run="run-1",
    task="+flight_delay+transform",
    attempt="a1",
    revision="abc",
    status="failed",
    started_at=NOW,
    ended_at=NOW + dt.timedelta(seconds=7),
    workflow="flight_delay",
    partitions=("2013-01-01", "2013-01-02"),
    images=("worker@sha256:1",),
    inputs=("raw/flights/2013-01-01/f/manifest.json",),
    row_count=842,
    cpu_seconds=1.25,
    peak_memory=2**31,
    cost=0.005,
    message="departure_minute: 1440 is above 1439\nrow 'é'; DROP TABLE mart.mart_runs",
)


class TestRuns:
    def test_a_row_says_what_was_told(self, mart):
        records.append_run(mart.rest, RUN)

        (row,) = mart.rest.query(f"SELECT * FROM {mart.environment.mart_dataset}.mart_runs").dicts()
        assert row.pop("recorded_at").year >= 2026
        told = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(RUN).items()}
        assert row == told

    def test_a_task_has_one_current_row_for_each_attempt(self, mart):
        for run in (RUN, replace(RUN, status="done"), replace(RUN, attempt="a2")):
            records.append_run(mart.rest, run)

        assert mart.rows("SELECT attempt, status FROM mart.mart_runs_current ORDER BY attempt") == [
            ("a1", "done"),
            ("a2", "failed"),
        ]
        assert mart.rows("SELECT COUNT(*) FROM mart.mart_runs") == [(3,)]


class TestEnsure:
    def test_repeating_it_changes_nothing(self, mart):
        metadata.ensure(mart.rest)
        before = {name: mart.rest.table(mart.environment.mart_dataset, name) for name in self.names(mart)}

        metadata.ensure(mart.rest)

        assert before == {
            name: mart.rest.table(mart.environment.mart_dataset, name) for name in self.names(mart)
        }
        assert {*before} == {
            *("mart_partitions", "mart_runs", "mart_profiles", "mart_migrations"),
            *("mart_partitions_current", "mart_runs_current", "mart_profiles_current"),
        }

    def names(self, mart):
        return mart.rest.tables(mart.environment.mart_dataset)

    def test_a_newer_version_adds_its_columns(self, mart, monkeypatch):
        records.append_run(mart.rest, RUN)
        runs = metadata.definition(metadata.RUNS)
        newer = replace(
            runs, fields=(*runs.fields[:-1], ("energy", "FLOAT64", "REQUIRED", "Joules"), runs.fields[-1])
        )
        monkeypatch.setattr(
            metadata, "TABLES", tuple(newer if table is runs else table for table in metadata.TABLES)
        )

        metadata.ensure(mart.rest)

        assert mart.rows("SELECT run, energy FROM mart.mart_runs_current") == [("run-1", None)]

    def test_every_column_is_described(self):
        for table in metadata.TABLES:
            assert table.description
            assert all(text for *_, text in table.fields)
            assert {*table.clustering, *table.identity} <= {name for name, *_ in table.fields}


PROFILE = {
    "format": 1,
    "rows": 2,
    "features": {
        "minute": {"count": 2, "nulls": 0, "distinct": 2, "mean": 0.1, "quantiles": {"0": 60.0, "1": 90.0}},
        "kind": {"count": 1, "nulls": 1, "distinct": 1, "top": [['it\'s "é"\n', 1]]},
    },
}


class TestProfiles:
    def test_publishing_adds_the_profile_of_each_feature_once(self, mart, timetable, flights):
        table = timetable()
        profile = json.dumps(PROFILE).encode()
        days = [
            replace(mart.staged(table, day, flights(day, 60), f"f{day}"), profile=profile) for day in (D1, D2)
        ]

        mart.publish(table, days[0])
        mart.publish(table, *days)

        assert mart.rows(
            "SELECT partition_day, feature, value_count, null_count, distinct_count, mean "
            "FROM mart.mart_profiles ORDER BY partition_day, feature"
        ) == [
            (D1, "kind", 1, 1, 1, None),
            (D1, "minute", 2, 0, 2, 0.1),
            (D2, "kind", 1, 1, 1, None),
            (D2, "minute", 2, 0, 2, 0.1),
        ]
        ((text,),) = mart.rows(
            "SELECT TO_JSON_STRING(profile) FROM mart.mart_profiles_current WHERE feature='kind' LIMIT 1"
        )
        assert json.loads(text) == PROFILE["features"]["kind"]

    def test_many_features_go_in_several_statements(self, mart, monkeypatch):
        metadata.ensure(mart.rest)
        monkeypatch.setattr(records, "_PROFILE_BYTES_A_QUERY", 400)
        found = {"count": 1, "nulls": 0}
        data = json.dumps({"features": {f"feature_{number}": found for number in range(20)}}).encode()

        records.append_profiles(mart.rest, "m__t", "run", [(D1, "f1", data), (None, "f2", data)])

        assert mart.rows("SELECT fingerprint, COUNT(*) FROM mart.mart_profiles GROUP BY 1 ORDER BY 1") == [
            ("f1", 20),
            ("f2", 20),
        ]


class TestState:
    def test_nothing_is_published_of_a_mart_that_is_empty(self, mart):
        assert state.published(mart.rest, ["flight_delay__timetable"]) == {}
        assert state.published(mart.rest, []) == {}
        assert state.table_states(mart.rest) == {}
        assert state.newest_profile(mart.rest, "flight_delay__timetable", "minute") is None
        assert state.documented(mart.rest, ["flight_delay__timetable"]) == {"flight_delay__timetable": ""}

    @pytest.fixture
    def filled(self, mart, timetable, aircraft, flights):
        table = timetable()
        staging = mart.stage(table, flights(D1, 1, 2) + flights(D2, 3) + flights(D3, 4))
        days = [(D1, flights(D1, 1, 2)), (D2, flights(D2, 3)), (D3, flights(D3, 4))]
        mart.publish(table, *(mart.staged(table, day, rows, f"f{day}", staging) for day, rows in days))
        plane = {"tailnum": "a", "available_at": "2013-01-01T00:00:00Z", "seats": 1}
        mart.publish(aircraft(), mart.staged(aircraft(), None, [plane], "planes"))
        return mart

    def test_one_question_is_enough_for_a_workflow_and_a_range(self, filled):
        found = state.published(
            filled.rest,
            ["flight_delay__timetable", "flight_delay__aircraft", "never__made"],
            DayRange(D2, D3),
        )

        assert set(found) == {
            ("flight_delay__timetable", D2),
            ("flight_delay__timetable", D3),
            ("flight_delay__aircraft", None),
        }

    def test_tables_in_short(self, filled):
        timetable, aircraft = (
            state.table_states(filled.rest)[name]
            for name in ("flight_delay__timetable", "flight_delay__aircraft")
        )

        assert (timetable.partitions, timetable.first_day, timetable.last_day, timetable.rows) == (
            3,
            D1,
            D3,
            4,
        )
        assert (aircraft.partitions, aircraft.first_day, aircraft.rows) == (1, None, 1)
        assert (timetable.fingerprint, timetable.code_fingerprints) == ("c0de", 1)

    def test_a_table_remembers_its_texts(self, filled, timetable):
        changed = timetable(doc_fingerprint="other")

        assert state.documented(filled.rest, [changed.name]) == {changed.name: doc_label(timetable())}
        filled.publish(changed)
        assert state.documented(filled.rest, [changed.name]) == {changed.name: doc_label(changed)}

    def test_it_is_one_call(self, filled, monkeypatch):
        """A plan asks this for a whole workflow: it must cost one answer of BigQuery, however long the range."""
        calls = []
        send = Transport._send
        monkeypatch.setattr(Transport, "_send", lambda *a, **k: calls.append(a) or send(*a, **k))

        state.published(filled.rest, ["flight_delay__timetable", "flight_delay__aircraft"], DayRange(D1, D3))

        assert len(calls) == 1
