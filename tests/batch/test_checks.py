"""What must hold before anything leaves the worker."""

from __future__ import annotations

import datetime as dt
import decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuremart.batch.checks import Checks
from featuremart.batch.dtypes import arrow_schema
from featuremart.catalog.model import Check, TableRules
from featuremart.errors import WorkFailed

DAY = "2013-01-05"
NOON = dt.datetime(2013, 1, 5, 12, tzinfo=dt.UTC)


def value(distance):
    return distance


def other(distance):
    return distance


def output(table, values, *, keys=None, **others):
    """Make an output with these values of the feature ``value``."""
    count = len(values)
    columns = {
        "partition_day": [dt.date(2013, 1, 5)] * count,
        "flight_id": keys or [f"F{n}" for n in range(count)],
        "departure": [NOON] * count,
        "available_at": [NOON] * count,
        "value": values,
        **others,
    }
    schema = pa.schema([field.with_nullable(True) for field in arrow_schema(table.output_columns)])
    return pa.record_batch(
        [pa.array(columns[name], schema.field(name).type) for name in schema.names], schema=schema
    )


def enforce(demo, values, check=None, type_="FLOAT64", *, keys=None, rows=None, **changes):
    table = demo.table("row", [value], types={"value": type_}, checks={"value": check or Check()}, **changes)
    Checks(table).enforce(
        DAY, output(table, values, keys=keys), source_rows=len(values) if rows is None else rows
    )


D = decimal.Decimal
INSTANT = dt.datetime(2013, 1, 5, tzinfo=dt.UTC)
GOOD_AND_BAD = [
    ("FLOAT64", Check(between=(0, 1)), [0.0, 1.0, None], 1.0000000000000002),
    ("FLOAT64", Check(between=(0, None)), [0.0, float("inf"), None], -5e-324),
    ("FLOAT64", Check(between=(None, 1)), [-float("inf"), None], float("inf")),
    ("INT64", Check(between=(0, 1439)), [0, 1439, None], 1440),
    ("INT64", Check(isin=(1, 2)), [1, 2, None], 3),
    ("STRING", Check(isin=("EWR", "JFK")), ["EWR", None], "LGA"),
    ("STRING", Check(matches="[A-Z]{3}"), ["EWR", None], "EWR\n"),
    ("STRING", Check(matches="(?!x)[a-z]"), ["y"], "x"),  # Python's own syntax, as the catalog checked it
    ("STRING", Check(between=("b", "d")), ["b", "d"], "a"),
    ("BOOL", Check(isin=(True,)), [True, None], False),
    ("BYTES", Check(isin=("a",)), [b"a", None], b"b"),
    ("DATE", Check(between=("2013-01-01", None)), [dt.date(2013, 1, 1), None], dt.date(2012, 12, 31)),
    (
        "TIMESTAMP",
        Check(between=("2013-01-05", None)),
        [INSTANT, None],
        INSTANT - dt.timedelta(microseconds=1),
    ),
    (
        "TIMESTAMP",
        Check(between=(None, "2013-01-05T01:00+01:00")),
        [INSTANT],
        INSTANT + dt.timedelta(microseconds=1),
    ),
    (
        "DATETIME",
        Check(between=("2013-01-05", None)),
        [INSTANT.replace(tzinfo=None)],
        (INSTANT - dt.timedelta(days=1)).replace(tzinfo=None),
    ),
    ("NUMERIC", Check(between=(0, "0.1")), [D("0.1"), None], D("0.100000001")),
    ("NUMERIC", Check(isin=("1.5",)), [D("1.5"), None], D("1.6")),
    ("FLOAT64", Check(nulls=False), [0.0], None),
    ("INT64", Check(unique=True), [1, 2, None, None], 2),
]


@pytest.mark.parametrize(("type_", "check", "good", "bad"), GOOD_AND_BAD)
def test_a_check_lets_good_values_through_and_refuses_bad_ones(demo, type_, check, good, bad):
    enforce(demo, good, check, type_)
    enforce(demo, [], check, type_)
    with pytest.raises(WorkFailed, match=r"feature value: .*@check"):
        enforce(demo, [*good, bad], check, type_)


def test_the_message_names_rows_by_their_keys_and_at_most_five(demo):
    with pytest.raises(WorkFailed) as info:
        enforce(demo, [float(n) for n in range(20)], Check(between=(0, 9)))
    line = value.__code__.co_firstlineno
    assert str(info.value) == (
        f"features/demo/table.py:{line}: demo.table, partition {DAY}, feature value: "
        "10 of 20 values break @check(between=(0, 9)): flight_id='F10' -> 10.0; flight_id='F11' -> 11.0; "
        "flight_id='F12' -> 12.0; flight_id='F13' -> 13.0; flight_id='F14' -> 14.0\n"
        f"  next: edit features/demo/table.py:{line}, then mart transform demo.table --date {DAY}"
    )


def test_a_share_of_nulls(demo):
    enforce(demo, [1.0, None, 3.0, 4.0], Check(nulls=0.25))
    enforce(demo, [None, None], Check(nulls=1.0))
    with pytest.raises(WorkFailed, match=r"2 of 4 values are NULL, more than @check\(nulls=0.25\) allows"):
        enforce(demo, [1.0, None, None, 4.0], Check(nulls=0.25))
    with pytest.raises(WorkFailed, match="1 of 4 values are NULL"):
        enforce(demo, [1.0, None, 2.0, 4.0], Check(nulls=0))


def test_all_broken_checks_are_told_at_once(demo):
    table = demo.table(
        "row",
        [value, other],
        checks={"value": Check(between=(0, 1), nulls=False), "other": Check(isin=(1.0,))},
        rules=TableRules(min_rows=9, rows_match_source=True),
    )
    rows = output(table, [2.0, None, 0.5], keys=["a", "a", None], other=[7.0, 1.0, 1.0])
    with pytest.raises(WorkFailed) as info:
        Checks(table).enforce(DAY, rows, source_rows=4)
    lines = str(info.value).splitlines()
    assert lines[0] == f"features/demo/table.py:1: demo.table, partition {DAY}: 7 checks are broken"
    assert sorted(line.strip() for line in lines[1:-1]) == [
        "it has 3 rows, its source flights has 4",
        "it has 3 rows, min_rows is 9",
        "other: 1 of 3 values break @check(isin=[1.0]): flight_id='a' -> 7.0",
        "the key flight_id is NULL in 1 of 3 rows: flight_id=NULL -> NULL",
        "the keys flight_id are not unique, 2 of 3 rows repeat them: flight_id='a'; flight_id='a'",
        "value: 1 of 3 values are NULL, @check(nulls=False) allows none: flight_id='a' -> NULL",
        "value: 1 of 3 values break @check(between=(0, 1)): flight_id='a' -> 2.0",
    ]


def test_keys_of_several_columns_are_unique_together(demo):
    table = demo.table("row", [value], keys=("flight_id", "departure"))
    rows = output(table, [1.0, 1.0], keys=["a", "a"])
    with pytest.raises(WorkFailed, match="the keys flight_id, departure are not unique, 2 of 2 rows"):
        Checks(table).enforce(DAY, rows, source_rows=2)


def test_a_check_that_does_not_fit_the_type_says_so(demo):
    with pytest.raises(WorkFailed, match=r"@check\(between=\(0, 1\)\) cannot be decided"):
        enforce(demo, ["a"], Check(between=(0, 1)), "STRING")


@given(
    values=st.lists(st.none() | st.floats(allow_nan=False), max_size=30),
    low=st.none() | st.floats(allow_nan=False),
    high=st.floats(allow_nan=False),
    share=st.sampled_from([True, False, 0.0, 0.3, 1.0]),
    unique=st.booleans(),
)
def test_the_law_of_checks(demo, values, low, high, share, unique):
    """A partition passes exactly where every value obeys what is written."""
    high = high if low is None else max(low, high)
    present = [v for v in values if v is not None]
    nulls = len(values) - len(present)
    passes = (
        all((low is None or v >= low) and v <= high for v in present)
        and (share is True or nulls == 0 or (share is not False and nulls <= share * len(values)))
        and (not unique or len(set(present)) == len(present))
    )
    check = Check(between=(low, high), nulls=share, unique=unique)
    if passes:
        enforce(demo, values, check)
    else:
        with pytest.raises(WorkFailed):
            enforce(demo, values, check)
