"""The content checksum: typed rows, whatever their order and their files."""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import struct

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuremart.batch.checksum import content_checksum
from featuremart.batch.dtypes import ARROW
from featuremart.lake.columns import Column, ColumnType

EXAMPLES = {
    ColumnType.INT64: -5,
    ColumnType.FLOAT64: -0.0,
    ColumnType.BOOL: True,
    ColumnType.STRING: "é",
    ColumnType.BYTES: b"\xff",
    ColumnType.DATE: dt.date(1969, 12, 31),
    ColumnType.DATETIME: dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC).replace(tzinfo=None),
    ColumnType.TIMESTAMP: dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC),
    ColumnType.NUMERIC: decimal.Decimal("-1.5"),
}
BYTES = {
    ColumnType.INT64: (struct.pack("<q", -5), struct.pack("<q", 0)),
    ColumnType.FLOAT64: (struct.pack("<d", -0.0), bytes(8)),
    ColumnType.BOOL: (b"\x01", b"\x00"),
    ColumnType.STRING: (struct.pack("<qq", 2, 0), "é".encode()),
    ColumnType.BYTES: (struct.pack("<qq", 1, 0), b"\xff"),
    ColumnType.DATE: (struct.pack("<i", -1), bytes(4)),
    ColumnType.DATETIME: (struct.pack("<q", 1_000_000), bytes(8)),
    ColumnType.TIMESTAMP: (struct.pack("<q", 1_000_000), bytes(8)),
    ColumnType.NUMERIC: ((-1_500_000_000).to_bytes(16, "little", signed=True), bytes(16)),
}


def checksum(rows, keys=("id",)):
    """Of ``{column: (type, values)}``."""
    columns = [Column(name, ColumnType(kind)) for name, (kind, _) in rows.items()]
    arrays = [pa.array(values, ARROW[ColumnType(kind)]) for kind, values in rows.values()]
    return content_checksum(pa.record_batch(arrays, names=list(rows)), columns, keys)


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_the_bytes_are_those_that_the_documentation_names(kind):
    expected = hashlib.sha256(b"featuremart features 1\n2\n")
    expected.update(b"id INT64\n\x01\x01" + struct.pack("<qq", 1, 2))
    expected.update(f"x {kind}\n".encode() + b"\x01\x00" + b"".join(BYTES[kind]))
    found = checksum({"id": ("INT64", [2, 1]), "x": (kind, [None, EXAMPLES[kind]])})
    assert found == expected.hexdigest()


rows_of_table = st.lists(
    st.tuples(
        st.text(max_size=3),
        st.integers(-2, 2),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.text(max_size=3),
    ),
    unique_by=lambda row: row[:2],
    max_size=8,
)


def of(rows):
    a, b, x, y = zip(*rows, strict=True) if rows else ((), (), (), ())
    columns = {"a": ("STRING", a), "b": ("INT64", b), "x": ("FLOAT64", x), "y": ("STRING", y)}
    return checksum(columns, keys=("a", "b"))


@given(rows=rows_of_table, random=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert of(shuffled) == of(rows)


@given(rows=rows_of_table.filter(bool), data=st.data())
def test_any_other_value_does(rows, data):
    at = data.draw(st.integers(0, len(rows) - 1))
    a, b, x, y = rows[at]
    changed = data.draw(
        st.sampled_from(
            [
                (a, b, (x or 0.0) + 1.5, y),
                (a, b, x, (y or "") + "x"),
                (a + "x", b + 9, x, y),
                (a, b, None if x is not None else 0.0, y),
                (a, b, x, None if y is not None else ""),
            ]
        )
    )
    if changed != rows[at]:
        assert of([*rows[:at], changed, *rows[at + 1 :]]) != of(rows)


def test_types_and_names_count():
    assert checksum({"id": ("INT64", [1]), "x": ("INT64", [None])}) != checksum(
        {"id": ("INT64", [1]), "x": ("FLOAT64", [None])}
    )
    assert checksum({"id": ("INT64", [1]), "x": ("INT64", [1])}) != checksum(
        {"id": ("INT64", [1]), "y": ("INT64", [1])}
    )
    assert checksum({"id": ("STRING", ["a", "b"]), "x": ("STRING", ["ab", ""])}) != checksum(
        {"id": ("STRING", ["a", "b"]), "x": ("STRING", ["a", "b"])}
    )


def test_slices_and_layout_do_not_matter():
    whole = pa.record_batch([pa.array(["a", None, "c", "d"]), pa.array([4, 3, 2, 1])], names=["x", "id"])
    columns = [Column("x", ColumnType.STRING), Column("id", ColumnType.INT64)]
    part = whole.slice(1, 2)
    anew = pa.record_batch([pa.array([None, "c"]), pa.array([3, 2])], names=["x", "id"])
    assert content_checksum(part, columns, ["id"]) == content_checksum(anew, columns, ["id"])
