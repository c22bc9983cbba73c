"""Migrations: planned, done, logged, and refused where they would lose something unasked."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from featuremart.errors import MartError, UsageError
from featuremart.lake.columns import ColumnType
from featuremart.mart import migrate
from featuremart.mart.migrate import Action, Migration

pytestmark = pytest.mark.slow

D1 = dt.date(2013, 1, 1)


@pytest.fixture
def published(mart, timetable, flights):
    """Return a mart with two rows of the timetable, one of them without speed."""
    mart.publish(timetable(), mart.staged(timetable(), D1, flights(D1, 60, None), "f1"))
    return mart


def changed(table, old, **changes):
    """Return the table with one column changed, or without it."""
    columns = [replace(c, **changes) if c.name == old else c for c in table.columns]
    return replace(table, columns=tuple(c for c in columns if changes or c.name != old))


def migrated(mart, table, *words):
    wanted = migrate.plan(mart.rest, table, Migration(Action(words[0]), *words[1:]))
    migrate.run(mart.rest, wanted, who="ann", revision="abc")
    return wanted


def test_a_removed_feature_is_dropped(published, timetable):
    wanted = migrated(published, changed(timetable(), "speed"), "drop", "speed")

    assert (wanted.rows, wanted.values) == (2, 1)
    assert "speed" in wanted.effect
    names = [
        column.name
        for column in published.rest.table(published.environment.mart_dataset, wanted.table).columns
    ]
    assert names == ["partition_day", "flight_id", "available_at", "minute"]
    assert published.minutes() == [(D1, None), (D1, 60)]


def test_a_renamed_function_keeps_its_values(published, timetable):
    table = changed(timetable(), "speed", name="ground_speed")

    migrated(published, table, "rename", "speed", "ground_speed")
    done = published.publish(table)

    assert (done.schema.added, done.schema.retired) == ((), ())
    assert published.rows("SELECT ground_speed FROM mart.flight_delay__timetable ORDER BY minute") == [
        (None,),
        (30.0,),
    ]


def test_a_wider_type_keeps_the_values(published, timetable):
    table = changed(timetable(), "minute", type=ColumnType.FLOAT64)

    wanted = migrated(published, table, "retype", "minute")

    assert (wanted.migration.to, wanted.then) == ("FLOAT64", "")
    assert published.publish(table).schema.refused == ()
    assert published.rows("SELECT minute FROM mart.flight_delay__timetable ORDER BY minute") == [
        (None,),
        (60.0,),
    ]


def test_a_type_that_cannot_be_converted_is_computed_anew(published, timetable):
    table = changed(timetable(), "speed", type=ColumnType.STRING)

    wanted = migrated(published, table, "retype", "speed")
    done = published.publish(table)

    assert "removed" in wanted.effect
    assert wanted.then.startswith("mart run")
    assert done.schema.added == ("speed",)
    assert published.rows("SELECT speed FROM mart.flight_delay__timetable WHERE speed IS NOT NULL") == []


def test_it_is_logged_before_and_after(published, timetable):
    migrated(published, changed(timetable(), "speed"), "drop", "speed")

    rows = published.rows(
        "SELECT table_name, action, column_name, status, who, revision, COUNT(*) OVER (PARTITION BY migration) "
        "FROM mart.mart_migrations ORDER BY recorded_at"
    )
    same = ("flight_delay__timetable", "drop", "speed")
    assert rows == [(*same, "begun", "ann", "abc", 2), (*same, "done", "ann", "abc", 2)]


def test_a_failure_is_logged_too(published, timetable):
    wanted = migrate.plan(published.rest, changed(timetable(), "speed"), Migration(Action.DROP, "speed"))
    broken = replace(wanted, statement=wanted.statement.replace("timetable", "timetables"))

    with pytest.raises(MartError):
        migrate.run(published.rest, broken, who="ann", revision="abc")

    assert published.rows("SELECT status, message != '' FROM mart.mart_migrations ORDER BY recorded_at") == [
        ("begun", False),
        ("failed", True),
    ]


@pytest.mark.parametrize(
    ("change", "words", "said", "next_command"),
    [
        ({}, ("drop", "speed"), "still computes speed", "reject or remove the function speed first"),
        ({}, ("drop", "sped"), "did you mean speed", "mart describe flight_delay__timetable"),
        ({}, ("drop", "flight_id"), "cannot be changed", "rename its module"),
        ({}, ("drop", "available_at"), "cannot be changed", "rename its module"),
        ({}, ("retype", "partition_day", "STRING"), "cannot be changed", "rename its module"),
        ({}, ("retype", "speed"), "speed is FLOAT64 already", "mart describe"),
        ({}, ("retype", "speed", "STRING"), "the code says that speed is FLOAT64", "retype speed FLOAT64"),
        ({}, ("retype", "speed", "GEOGRAPHY"), "without a type of a feature", None),
        ({"drop": "speed"}, ("retype", "speed"), "name the type", None),
        ({"drop": "speed"}, ("retype", "speed", "INT64"), "does not compute speed anew", "drop speed"),
        ({}, ("rename", "speed", "minute"), "still computes speed", "reject or remove"),
        ({"drop": "speed"}, ("rename", "speed", "minute"), "has both columns", "drop speed"),
        (
            {"drop": "speed"},
            ("rename", "speed", "velocity"),
            "has no feature 'velocity'",
            "rename the function first",
        ),
        ({"drop": "speed"}, ("rename", "speed"), "needs the new name", "rename speed NEW"),
        (
            {"rename": "velocity", "type": "STRING"},
            ("rename", "speed", "velocity"),
            "renamed with its type",
            "retype speed STRING",
        ),
    ],
)
def test_what_would_be_undone_or_lost_unasked_is_refused(
    published, timetable, change, words, said, next_command
):
    table = timetable()
    if "drop" in change:
        table = changed(table, change["drop"])
    if "rename" in change:
        table = changed(table, "speed", name=change["rename"], type=ColumnType(change["type"]))

    with pytest.raises(UsageError) as refused:
        migrated(published, table, *words)

    assert said in refused.value.message
    assert (next_command or "") in (refused.value.next_command or "")
    assert published.rows("SELECT speed FROM mart.flight_delay__timetable ORDER BY minute") == [
        (None,),
        (30.0,),
    ]


def test_a_table_that_was_never_published_has_nothing_to_change(mart, timetable):
    with pytest.raises(UsageError, match="never published"):
        migrated(mart, timetable(), "drop", "speed")
