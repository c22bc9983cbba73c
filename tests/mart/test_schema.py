"""Schemas: what is added, what is refused, and what the descriptions say."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from google.cloud import bigquery

from featuremart.errors import UsageError, WorkFailed
from featuremart.lake.columns import ColumnType
from featuremart.mart.cells import Field
from featuremart.mart.rest import TableInfo
from featuremart.mart.schema import difference, doc_label, fields_of
from featuremart.mart.table import MartColumn, MartTable, label_value

D1 = dt.date(2013, 1, 1)
TODAY = dt.date(2026, 3, 1)
LATER = dt.date(2026, 4, 1)


def shown(table, **changes):
    """Return what BigQuery shows of a table that was made as the code says."""
    info = TableInfo(
        name=table.name,
        kind="TABLE",
        columns=fields_of(table),
        rows=0,
        last_modified=None,
        description=table.description,
        labels={"model": "flight_delay", "doc_fingerprint": "d0c"},
        clustering=table.clustering,
        partition_column="partition_day" if table.partitioned else None,
    )
    return replace(info, **changes)


def without(table, name, **changes):
    return replace(table, columns=tuple(column for column in table.columns if column.name != name), **changes)


class TestDifference:
    def test_a_table_as_it_was_made_has_none(self, timetable):
        assert difference(timetable(), shown(timetable()), today=TODAY).nothing

    def test_a_new_column_may_be_null_whatever_the_code_says(self, timetable):
        table = timetable()
        wider = replace(
            table,
            columns=(*table.columns, MartColumn("new", ColumnType.BOOL, required=True, description="x")),
        )

        found = difference(wider, shown(table), today=TODAY)

        assert (found.added, found.refused) == (("new",), ())
        assert found.columns[-1] == Field("new", "BOOL", "NULLABLE", "x")

    def test_a_column_that_may_be_null_now_is_relaxed_and_never_tightened(self, timetable):
        table = timetable()
        other_way = tuple(replace(column, required=not column.required) for column in table.columns)

        found = difference(replace(table, columns=other_way), shown(table), today=TODAY)

        assert found.relaxed == ("partition_day", "flight_id", "available_at")
        assert {column.mode for column in found.columns} == {"NULLABLE"}

    def test_a_changed_text_is_described_and_nothing_else(self, timetable):
        table = timetable()
        changed = replace(table.columns[3], description="minutes after midnight")
        told = replace(table, columns=(*table.columns[:3], changed, table.columns[4]), doc_fingerprint="new")

        found = difference(told, shown(table), today=TODAY)

        assert (found.added, found.relaxed, found.retired, found.described) == ((), (), (), True)
        assert found.columns[3].description == "minutes after midnight"

    @pytest.mark.parametrize(
        "changes",
        [
            {"description": "other"},
            {"labels": {"model": "x"}},
            {"doc_fingerprint": "x"},
            {"keys": ("minute",)},
        ],
    )
    def test_texts_labels_and_clustering_are_described(self, timetable, changes):
        found = difference(timetable(**changes), shown(timetable()), today=TODAY)

        assert found.described

    def test_labels_of_others_stay(self, timetable):
        labels = {"model": "flight_delay", "doc_fingerprint": "d0c", "team": "ours"}

        assert difference(timetable(), shown(timetable(), labels=labels), today=TODAY).nothing

    def test_a_rejected_feature_says_since_when_and_why(self, timetable):
        table = timetable()

        found = difference(without(table, "speed", rejected={"speed": "no  gain"}), shown(table), today=TODAY)

        assert found.retired == ("speed",)
        assert found.columns[-1] == Field(
            "speed", "FLOAT64", "NULLABLE", "No longer computed since 2026-03-01: no gain\n\nmiles an hour"
        )

    def test_the_day_of_a_rejection_stays_while_its_finding_may_change(self, timetable):
        table = timetable()
        first = difference(without(table, "speed"), shown(table), today=TODAY)
        after = shown(without(table, "speed"), columns=first.columns)

        same = difference(without(table, "speed"), after, today=LATER)
        other = difference(
            without(table, "speed", rejected={"speed": "leaks\n\nthe label"}), after, today=LATER
        )

        assert same.nothing
        assert other.columns[-1].description == (
            "No longer computed since 2026-03-01: leaks the label\n\nmiles an hour"
        )

    def test_a_feature_that_returns_has_its_text_back(self, timetable):
        table = timetable()
        gone = difference(without(table, "speed"), shown(table), today=TODAY)

        back = difference(table, shown(table, columns=gone.columns), today=LATER)

        assert back.columns == fields_of(table)

    def test_long_texts_are_cut_as_bigquery_wants_and_are_no_difference(self, timetable):
        table = timetable(description="t" * 20_000)
        columns = tuple(replace(column, description="c" * 2_000) for column in table.columns)
        table = replace(table, columns=columns)
        first = difference(table, shown(timetable()), today=TODAY)
        gone = difference(without(table, "speed"), shown(table, columns=first.columns), today=TODAY)

        assert {len(column.description) for column in (*first.columns, *gone.columns)} == {1024}
        cut = shown(table, columns=gone.columns, description="t" * 16_383 + "…")
        assert difference(without(table, "speed"), cut, today=LATER).nothing

    @pytest.mark.parametrize(
        ("changes", "sentence", "next_command"),
        [
            ({"kind": "VIEW"}, "it is a view", "rename"),
            ({"partition_column": None}, "it has no partitions, the code wants partitions by day", "rename"),
            ({"partition_column": "other"}, "it is partitioned on other", "rename"),
            (
                {"columns": (Field("speed", "STRING"),)},
                "speed is STRING in the mart, FLOAT64 in the code",
                "mart migrate flight_delay__timetable retype speed",
            ),
            (
                {"columns": (Field("minute", "INT64", "REPEATED"),)},
                "minute is ARRAY<INT64> in the mart",
                "mart migrate",
            ),
        ],
    )
    def test_what_would_lose_something_is_refused(self, timetable, changes, sentence, next_command):
        found = difference(timetable(), shown(timetable(), **changes), today=TODAY)

        assert sentence in found.refused[0]
        assert found.next_command.startswith(next_command)


class TestTable:
    def test_keys_must_be_columns(self, timetable):
        for keys in ((), ("nope",)):
            with pytest.raises(UsageError, match="keys must be columns"):
                timetable(keys=keys)

    def test_it_is_clustered_by_four_keys_that_bigquery_can_cluster_by(self):
        kinds = [ColumnType.FLOAT64, ColumnType.STRING, ColumnType.BYTES, *[ColumnType.INT64] * 4]
        columns = tuple(MartColumn(f"k{number}", kind) for number, kind in enumerate(kinds))
        table = MartTable("m__t", "", columns, tuple(column.name for column in columns))

        assert table.clustering == ("k1", "k3", "k4", "k5")

    def test_labels_are_made_fit(self):
        assert label_value("Flight-Data@example.com") == "flight-data_example_com"
        assert len(label_value("x" * 100)) == 63


@pytest.mark.slow
class TestOnTheServer:
    """What the client library and the server make of it."""

    def table(self, mart):
        return mart.client.get_table(f"{mart.environment.mart_dataset}.flight_delay__timetable")

    def test_a_new_table_is_described_partitioned_and_clustered(self, mart, timetable):
        mart.publish(timetable())

        made = self.table(mart)
        assert [(field.name, field.mode, field.description) for field in made.schema] == [
            ("partition_day", "REQUIRED", "day of departure"),
            ("flight_id", "REQUIRED", "the flight"),
            ("available_at", "REQUIRED", "when it may be used"),
            ("minute", "NULLABLE", "scheduled departure"),
            ("speed", "NULLABLE", "miles an hour"),
        ]
        assert made.description == "What the timetable tells."
        assert (made.time_partitioning.field, made.clustering_fields) == ("partition_day", ["flight_id"])
        assert made.labels == {"model": "flight_delay", "doc_fingerprint": doc_label(timetable())}

    def test_a_changed_docstring_touches_no_row(self, mart, timetable, flights):
        table = timetable()
        staged = mart.staged(table, D1, flights(D1, 60), "f1")
        mart.publish(table, staged)

        done = mart.publish(
            timetable(description="What it tells now.", doc_fingerprint="new"), staged, run="run-2"
        )

        assert (done.current, done.schema.described) == ((D1,), True)
        assert self.table(mart).description == "What it tells now."
        assert mart.rows("SELECT run FROM mart.mart_partitions") == [("run-1",)]

    def test_a_new_feature_is_null_before_and_a_rejected_one_after(self, mart, timetable, flights):
        table = timetable()
        mart.publish(table, mart.staged(table, D1, flights(D1, 60), "f1"))
        new = MartColumn("night", ColumnType.BOOL, required=True, description="departs at night")
        changed = without(table, "speed", rejected={"speed": "no gain"})
        changed = replace(changed, columns=(*changed.columns, new))
        rows = [{k: v for k, v in row.items() if k != "speed"} | {"night": True} for row in flights(D1, 61)]
        second = [{**row, "partition_day": "2013-01-02"} for row in rows]

        mart.publish(changed, mart.staged(changed, dt.date(2013, 1, 2), second, "f2"))

        assert mart.rows("SELECT minute, speed, night FROM mart.flight_delay__timetable ORDER BY minute") == [
            (60, 30.0, None),
            (61, None, True),
        ]
        text = {field.name: field.description for field in self.table(mart).schema}["speed"]
        assert text.startswith("No longer computed since 2026-03-01: no gain")

    def test_what_is_refused_leaves_the_table_alone(self, mart, timetable, flights):
        table = timetable()
        mart.publish(table, mart.staged(table, D1, flights(D1, 60), "f1"))
        retyped = (*table.columns[:4], replace(table.columns[4], type=ColumnType.STRING))

        with pytest.raises(WorkFailed, match="speed is FLOAT64 in the mart, STRING in the code") as refused:
            mart.publish(replace(table, columns=retyped, description="other"))

        assert refused.value.next_command == "mart migrate flight_delay__timetable retype speed"
        assert self.table(mart).description == "What the timetable tells."

    def test_labels_that_others_put_there_stay(self, mart, timetable):
        mart.publish(timetable())
        made = self.table(mart)
        made.labels = {**made.labels, "team": "ours"}
        mart.client.update_table(made, ["labels"])

        mart.publish(timetable(description="other"))

        assert self.table(mart).labels["team"] == "ours"

    def test_a_view_in_its_place_is_refused(self, mart, timetable):
        name = f"{mart.environment.mart_dataset}.flight_delay__timetable"
        mart.client.query(f"CREATE VIEW {name} AS SELECT 1 AS x").result()

        with pytest.raises(WorkFailed, match="it is a view"):
            mart.publish(timetable())


def test_the_type_names_of_the_client_are_the_same_as_ours():
    """BigQuery's answers may name types as its old dialect does; the schema must not take them for a change."""
    for old, standard in [("INTEGER", "INT64"), ("FLOAT", "FLOAT64"), ("BOOLEAN", "BOOL")]:
        table = bigquery.Table("p.d.t", schema=[bigquery.SchemaField("x", old)])
        from featuremart.mart.rest import table_info

        resource = {**table.to_api_repr(), "tableReference": {"tableId": "t"}}
        assert table_info(resource).columns[0].type == standard
