"""Rows of every column type: hand-picked extremes, generated ones, and the checksum as its definition says it."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import struct
from decimal import Context, Decimal

import pyarrow as pa
from hypothesis import strategies as st

from featuremart.lake.columns import Column, ColumnType

ARROW = {
    ColumnType.INT64: pa.int64(),
    ColumnType.FLOAT64: pa.float64(),
    ColumnType.BOOL: pa.bool_(),
    ColumnType.STRING: pa.string(),
    ColumnType.BYTES: pa.binary(),
    ColumnType.DATE: pa.date32(),
    ColumnType.DATETIME: pa.timestamp("us"),
    ColumnType.TIMESTAMP: pa.timestamp("us", "UTC"),
    ColumnType.NUMERIC: pa.decimal128(38, 9),
}

COLUMNS = (
    Column("row", ColumnType.INT64, required=True),
    *(Column(f"a_{kind.lower()}", kind) for kind in ColumnType),
    *(Column(f"the_{kind.lower()}", kind, required=True) for kind in ColumnType),
)
"""A number to order by, and each type nullable and required."""

DAY = Column("partition_day", ColumnType.DATE, required=True)
FIRST_DAY = dt.date(2013, 3, 9)
_MOST = Decimal("99999999999999999999999999999.999999999")
_LEAST = _MOST.copy_negate()  # a minus sign would round it
_WIDE = Context(prec=60)

EXTREMES = {
    ColumnType.INT64: [0, -1, 2**63 - 1, -(2**63), 2**53 + 1],
    ColumnType.FLOAT64: [
        0.0,
        -0.0,
        float("nan"),
        float("inf"),
        float("-inf"),
        5e-324,
        1.7976931348623157e308,
        0.1,
    ],
    ColumnType.BOOL: [True, False],
    ColumnType.STRING: [
        "",
        "null",
        "NULL",
        r"\N",
        "NaN",
        '"',
        "'",
        '""", \\"',
        "a,b;c\td",
        "two\nlines\r\nand\rmore",
        "\u00e9\u4e2d\u05d0",
        "\U0001f6eb\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\ufeff",
        " spaces ",
        "x" * 70_000,
    ],
    ColumnType.BYTES: [b"", b"\x00", bytes(range(256)), b"\xff\xfe", b"null"],
    ColumnType.DATE: [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1969, 12, 31), dt.date(2000, 2, 29)],
    ColumnType.DATETIME: [
        dt.datetime.fromisoformat(text)
        for text in (
            "0001-01-01",
            "9999-12-31T23:59:59.999999",
            "1969-12-31T23:59:59.999999",
            "2013-03-10T02:30:00",
        )
    ],
    ColumnType.TIMESTAMP: [
        dt.datetime(1, 1, 1, tzinfo=dt.UTC),
        dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
        dt.datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC),
    ],
    ColumnType.NUMERIC: [
        Decimal(0),
        Decimal("0.000000001"),
        Decimal("-0.000000001"),
        _MOST,
        _LEAST,
        Decimal("123.456789012"),
    ],
}

GENERATED = {
    ColumnType.INT64: st.integers(-(2**63), 2**63 - 1),
    ColumnType.FLOAT64: st.floats(),
    ColumnType.BOOL: st.booleans(),
    ColumnType.STRING: st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    ColumnType.BYTES: st.binary(max_size=40),
    ColumnType.DATE: st.dates(),
    ColumnType.DATETIME: st.datetimes(),
    ColumnType.TIMESTAMP: st.datetimes(timezones=st.just(dt.UTC)),
    ColumnType.NUMERIC: st.decimals(_LEAST, _MOST, places=9, allow_nan=False, allow_infinity=False),
}


def _cell(column):
    some = st.one_of(GENERATED[column.type], st.sampled_from(EXTREMES[column.type]))
    return some if column.required else st.one_of(st.none(), some)


def row_values():
    """Rows without their number: one value a column."""
    return st.fixed_dictionaries({column.name: _cell(column) for column in COLUMNS[1:]})


def extreme_rows():
    """Rows that hold every extreme, each column in turn also null."""
    count = 1 + max(len(values) for values in EXTREMES.values())
    rows = []
    for index in range(count):
        row = {}
        for column in COLUMNS[1:]:
            values = EXTREMES[column.type] + ([] if column.required else [None])
            row[column.name] = values[index % len(values)]
        rows.append(row)
    return rows


def table(rows, *, days=1):
    """Make an Arrow table of rows, numbered, spread over days from :data:`FIRST_DAY` on."""
    columns = (*COLUMNS, DAY)
    numbered = [
        {"row": number, **row, DAY.name: FIRST_DAY + dt.timedelta(days=number % days)}
        for number, row in enumerate(rows)
    ]
    schema = pa.schema([pa.field(column.name, ARROW[column.type], not column.required) for column in columns])
    return pa.Table.from_pylist(numbered, schema)


def cells(data, column):
    """Return the values of a column in a form in which ``==`` means the same bits: a NaN is a NaN, -0.0 is not 0.0."""
    values = data.column(column.name).cast(ARROW[column.type]).to_pylist()
    if column.type is not ColumnType.FLOAT64:
        return values
    return [
        None if value is None else "nan" if math.isnan(value) else struct.pack(">d", value)
        for value in values
    ]


def assert_same_columns(data, expected, columns):
    """Assert equal values column by column; both are ordered by their row number."""
    data, expected = data.sort_by("row"), expected.sort_by("row")
    for column in columns:
        assert cells(data, column) == cells(expected, column), column


def content_checksum(data, columns):
    """Count the checksum of typed rows, straight from its definition (ContentChecksum.java, RowEncoding.java)."""
    total = 0
    for row in data.select([column.name for column in columns]).to_pylist():
        encoded = b"".join(_encoded(row[column.name], column.type) for column in columns)
        total += int.from_bytes(hashlib.sha256(encoded).digest()[:16], "big")
    text = "featuremart rows 1\n" + "".join(f"{column.name}:{column.type}\n" for column in columns)
    tail = (total % 2**128).to_bytes(16, "big") + data.num_rows.to_bytes(8, "big")
    return hashlib.sha256(text.encode() + tail).hexdigest()


def _encoded(value, kind):
    return b"\x00" if value is None else b"\x01" + _ENCODERS[kind](value)


def _micros(value):
    since = value.replace(tzinfo=dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return struct.pack(">q", since // dt.timedelta(microseconds=1))


def _sized(value):
    return struct.pack(">I", len(value)) + value


_ENCODERS = {
    ColumnType.INT64: lambda value: struct.pack(">q", value),
    ColumnType.FLOAT64: lambda value: struct.pack(">d", math.nan if math.isnan(value) else value),
    ColumnType.BOOL: lambda value: bytes([value]),
    ColumnType.STRING: lambda value: _sized(value.encode()),
    ColumnType.BYTES: _sized,
    ColumnType.DATE: lambda value: struct.pack(">q", (value - dt.date(1970, 1, 1)).days),
    ColumnType.DATETIME: _micros,
    ColumnType.TIMESTAMP: _micros,
    ColumnType.NUMERIC: lambda value: int(_WIDE.scaleb(value, 9)).to_bytes(16, "big", signed=True),
}
