"""What a function may return: anything that survives the cast to the declared type, in the parameters' index."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuremart.batch.dtypes import ARROW, to_series
from featuremart.batch.results import NotLossless, typed
from featuremart.errors import WorkFailed
from featuremart.lake.columns import ColumnType

DAY = "2013-01-05"
D = decimal.Decimal
NY = "America/New_York"


@pytest.mark.parametrize(
    ("declared", "values", "expected"),
    [
        ("INT64", pd.Series([1, 2], dtype="int8"), [1, 2]),
        ("INT64", pd.Series([1.0, np.nan]), [1, None]),
        ("INT64", pd.Series([1, None], dtype="Int64"), [1, None]),
        ("INT64", pd.Series([1.0, None], dtype="Float64"), [1, None]),
        ("INT64", pd.Series([True, False]), [1, 0]),
        ("INT64", pd.Series([3, None], dtype=object), [3, None]),
        ("INT64", pd.Series([2**63 - 1], dtype="uint64"), [2**63 - 1]),
        ("FLOAT64", pd.Series([1.5], dtype="float32"), [1.5]),
        ("FLOAT64", pd.Series([1, 2**53]), [1.0, 2.0**53]),
        ("FLOAT64", pd.Series([1.5, np.nan, np.inf]), [1.5, None, np.inf]),
        ("FLOAT64", pd.Series([0.0, 1.0], dtype="Float64") / 0, [None, np.inf]),
        ("FLOAT64", pd.Series([1.5, pd.NA], dtype=pd.ArrowDtype(pa.float64())), [1.5, None]),
        ("FLOAT64", pd.Series([1, 2.5, None], dtype=object), [1.0, 2.5, None]),
        ("BOOL", pd.Series([True, None], dtype="boolean"), [True, None]),
        ("BOOL", pd.Series([True, None], dtype=object), [True, None]),
        ("STRING", pd.Series(["a", None, "😀\n\"'\x00"]), ["a", None, "😀\n\"'\x00"]),
        ("STRING", pd.Series(["a", None], dtype=object), ["a", None]),
        ("STRING", pd.Series(["a", None, "a"], dtype="category"), ["a", None, "a"]),
        ("BYTES", pd.Series([b"\xff", None]), [b"\xff", None]),
        (
            "TIMESTAMP",
            pd.Series(pd.to_datetime(["2020-01-01"])).dt.tz_localize(NY),
            [dt.datetime(2020, 1, 1, 5, tzinfo=dt.UTC)],
        ),
        ("TIMESTAMP", pd.Series([pd.NaT], dtype="datetime64[ns, UTC]"), [None]),
        (
            "DATETIME",
            pd.Series(pd.to_datetime(["2020-01-01 05:00"])),
            [dt.datetime.fromisoformat("2020-01-01T05:00")],
        ),
        ("DATE", pd.Series([dt.date(2020, 2, 29), None]), [dt.date(2020, 2, 29), None]),
        ("DATE", pd.Series(pd.to_datetime(["2020-01-01"])), [dt.date(2020, 1, 1)]),
        ("NUMERIC", pd.Series([D("1.5"), None]), [D("1.500000000"), None]),
        ("NUMERIC", pd.Series([7]), [D("7.000000000")]),
        ("STRING", pd.Series([None, None]), [None, None]),
        ("TIMESTAMP", pd.Series([np.nan, np.nan]), [None, None]),
        ("INT64", pd.Series([], dtype=object), []),
    ],
)
def test_a_cast_that_loses_nothing_is_made(declared, values, expected):
    array = typed(values, ColumnType(declared))
    assert array.type == ARROW[ColumnType(declared)]
    assert array.to_pylist() == expected


@pytest.mark.parametrize(
    ("declared", "values", "positions"),
    [
        ("INT64", pd.Series([1.0, 1.5, 2.5]), (1, 2)),
        ("INT64", pd.Series([1.0, np.inf]), (1,)),
        ("INT64", pd.Series([1, 2**63], dtype="uint64"), (1,)),
        ("INT64", pd.Series([1, 2.5, None], dtype=object), (1,)),
        ("INT64", pd.Series(["1", "2"]), (0, 1)),
        ("INT64", pd.Series(range(100)) + 0.5, (0, 1, 2, 3, 4)),
        ("FLOAT64", pd.Series([0, 2**53 + 1]), (1,)),
        ("FLOAT64", pd.Series(["1.5"]), (0,)),
        ("BOOL", pd.Series([0, 1]), (0, 1)),
        ("STRING", pd.Series(["a", 1], dtype=object), (1,)),
        ("STRING", pd.Series([b"a"]), (0,)),
        ("STRING", pd.Series(["ok", "\ud800"], dtype=object), (1,)),
        ("BYTES", pd.Series(["a"]), (0,)),
        ("TIMESTAMP", pd.Series(pd.to_datetime(["2020-01-01"])), (0,)),
        ("TIMESTAMP", pd.Series([pd.Timestamp("2020-01-01T00:00:00.000000001Z")]), (0,)),
        ("DATETIME", pd.Series(pd.to_datetime(["2020-01-01"])).dt.tz_localize(NY), (0,)),
        ("DATE", pd.Series(pd.to_datetime(["2020-01-01", "2020-01-01 05:00"], format="mixed")), (1,)),
        ("NUMERIC", pd.Series([1.5]), (0,)),
        ("NUMERIC", pd.Series([D("1"), D("0.0000000001")]), (1,)),
        ("NUMERIC", pd.Series([D("1e30")]), (0,)),
        ("INT64", pd.Series(pd.to_timedelta(["1h"])), (0,)),
        ("INT64", pd.Series([{"a": 1}]), (0,)),
    ],
)
def test_any_other_cast_is_refused_with_the_rows_that_show_it(declared, values, positions):
    with pytest.raises(NotLossless) as info:
        typed(values, ColumnType(declared))
    assert info.value.positions == positions


cells = {
    ColumnType.INT64: st.integers(-(2**63), 2**63 - 1),
    ColumnType.FLOAT64: st.floats(allow_nan=False),
    ColumnType.BOOL: st.booleans(),
    ColumnType.STRING: st.text(),
    ColumnType.BYTES: st.binary(),
    ColumnType.DATE: st.dates(),
    ColumnType.DATETIME: st.datetimes(),
    ColumnType.TIMESTAMP: st.datetimes(timezones=st.just(dt.UTC)),
    ColumnType.NUMERIC: st.decimals(-(10**18), 10**18, places=9),
}


@given(data=st.data(), declared=st.sampled_from(sorted(cells)), nullable=st.booleans())
def test_a_column_that_is_returned_as_it_was_handed_out_is_the_same(data, declared, nullable):
    """Every type survives the way from file to function to file, bit by bit."""
    cell = cells[declared]
    values = data.draw(st.lists(st.none() | cell if nullable else cell, max_size=8))
    array = pa.array(values, ARROW[declared])
    series = to_series(array, declared, nullable=nullable, index=pd.RangeIndex(len(values)), name="x")
    assert typed(series, declared).equals(array)


def run(demo, function, declared="FLOAT64"):
    table = demo.table("row", [function], types={function.__name__: declared})
    rows = [demo.flight(n, f"{DAY} 1{n}:00") for n in range(4)]
    return demo.compute(table, [function], DAY, {"flights": {DAY: rows}})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda distance: distance.iloc[:3], "it returned 3 values for 4 rows"),
        (
            lambda distance: distance.dropna().to_numpy(),
            r"it returned numpy.ndarray of shape \(4,\), not a pandas Series",
        ),
        (lambda distance: None, "it returned nothing"),
        (lambda distance: distance.to_frame(), "not a pandas Series"),
        (lambda distance: distance.sort_values(ascending=False), "row 0 is labelled 3"),
        (lambda distance: distance.set_axis(list("abcd")), "row 0 is labelled 'a'"),
        (
            lambda distance: distance + 2**53,
            "do not fit pd.Series.float. without loss: flight_id='F0' -> 9007199254741092",
        ),
        (
            lambda origin: origin,
            r"it returned str, declared is pd.Series\[float\] \(FLOAT64\): flight_id='F0' -> 'EWR'",
        ),
    ],
)
def test_the_error_names_table_partition_feature_rows_and_the_way_on(demo, wrong, message):
    with pytest.raises(WorkFailed, match=message) as info:
        run(demo, wrong)
    text = str(info.value)
    assert text.startswith(
        f"features/demo/table.py:{wrong.__code__.co_firstlineno}: demo.table, partition {DAY}, feature <lambda>: "
    )
    assert f"then mart transform demo.table --date {DAY}" in text
    assert text.count("flight_id=") <= 5


def test_an_index_that_was_made_anew_but_is_equal_is_accepted(demo):
    def copied(distance):
        return pd.Series(distance.to_numpy() * 1.0, index=[0, 1, 2, 3], name="anything")

    assert run(demo, copied).column("copied").to_pylist() == [100.0, 101.0, 102.0, 103.0]


def test_long_and_broken_values_stay_one_short_line(demo):
    def tall(origin):
        return origin + "\n" * 1_000_000

    with pytest.raises(WorkFailed) as info:
        run(demo, tall, "INT64")
    assert len(str(info.value)) < 2000
    assert len(str(info.value).splitlines()) == 2


def test_a_function_that_raises_is_named_by_the_failing_line(demo):
    def broken(distance):
        raise KeyError("nowhere")

    with pytest.raises(WorkFailed, match="it raised KeyError: 'nowhere'") as info:
        run(demo, broken)
    assert isinstance(info.value.__cause__, KeyError)
    assert info.value.next_command.endswith(f"then mart transform demo.table --date {DAY}")
