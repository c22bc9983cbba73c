"""The profile: small, exact, and valid JSON whatever the values."""

from __future__ import annotations

import json
import math

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from featuremart.batch.dtypes import ARROW
from featuremart.batch.profile import BINS, MOST_TOP, profile
from featuremart.lake.columns import ColumnType


def value(distance):
    return distance


def of(demo, kind, values):
    table = demo.table("row", [value], types={"value": kind})
    rows = pa.record_batch([pa.array(values, ARROW[ColumnType(kind)])], names=["value"])
    found = json.loads(profile(table, rows))
    assert found["rows"] == len(values)
    return found["features"]["value"]


def test_numbers(demo):
    found = of(demo, "INT64", [*range(101), None])
    assert found["count"] == 101
    assert found["nulls"] == 1
    assert found["distinct"] == 101
    assert found["mean"] == 50.0
    assert found["quantiles"] == {"0": 0, "0.05": 5, "0.25": 25, "0.5": 50, "0.75": 75, "0.95": 95, "1": 100}
    assert found["histogram"]["low"] == 0
    assert found["histogram"]["high"] == 100
    assert sum(found["histogram"]["counts"]) == 101


def test_texts_by_frequency_then_name(demo):
    found = of(demo, "STRING", ["b", "a", "c", "c", None, *(f"x{n}" for n in range(30))])
    assert found["distinct"] == 33
    assert found["top"][:3] == [["c", 2], ["a", 1], ["b", 1]]
    assert len(found["top"]) == MOST_TOP


def test_truth_values(demo):
    assert of(demo, "BOOL", [True, False, True, None])["top"] == [[True, 2], [False, 1]]


def test_nothing_at_all(demo):
    for kind in ColumnType:
        assert of(demo, kind, [])["count"] == 0
        assert of(demo, kind, [None])["nulls"] == 1


def test_a_long_text_is_cut(demo):
    [[text, _]] = of(demo, "STRING", ["x" * 1_000_000])["top"]
    assert len(text) == 100


@given(values=st.lists(st.none() | st.floats(allow_nan=False), max_size=30))
def test_any_floats(demo, values):
    found = of(demo, "FLOAT64", values)
    finite = sorted(v for v in values if v is not None and math.isfinite(v))
    present = [v for v in values if v is not None]
    assert found["distinct"] == len(set(present))
    assert found.get("infinite", 0) == len(present) - len(finite)
    if finite:
        assert found["quantiles"]["0"] == finite[0]
        assert found["quantiles"]["1"] == finite[-1]
        assert len(found["histogram"]["counts"]) == BINS
        assert sum(found["histogram"]["counts"]) == len(finite)
        assert min(found["histogram"]["counts"]) >= 0
