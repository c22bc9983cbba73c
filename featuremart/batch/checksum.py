"""The content checksum of a feature output: the same for the same typed rows, however they are ordered and filed.

Form 1. SHA-256 over, in this sequence:

1. the ASCII text ``featuremart features 1`` and a newline;
2. the number of rows, as a decimal number, and a newline;
3. for each column in the table's order: its name, a space, its type (``INT64`` and so on), a newline, then the
   column's values as below, for the rows sorted by the key columns in the table's order (ascending; text and
   bytes by their bytes; the keys are unique and not null, so the order is total).

A column's values are one byte a row, 1 where there is a value and 0 where there is NULL, followed by the values
themselves with zeros (or nothing, for text and bytes) in place of NULL, all little-endian:

==================== ==========================================================
INT64                8 bytes
DATETIME, TIMESTAMP  8 bytes, microseconds since 1970-01-01 00:00 (UTC)
FLOAT64              8 bytes, IEEE 754 bits: 0.0 and -0.0 differ; there is no NaN
BOOL                 1 byte
DATE                 4 bytes, days since 1970-01-01
NUMERIC              16 bytes, two's complement of the value times 10^9
STRING, BYTES        8 bytes a row with its length in bytes, then all bytes
==================== ==========================================================
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from featuremart.lake.columns import Column

_NUMERIC_BYTES = 16


def content_checksum(rows: pa.RecordBatch, columns: Sequence[Column], keys: Sequence[str]) -> str:
    """Return the checksum of some rows, in hexadecimal.

    Parameters
    ----------
    rows
        The output's rows in any order, without NaN.
    columns
        Their declaration, in the table's order.
    keys
        Columns that identify a row: unique and not null.
    """
    by_keys = pa.record_batch([rows.column(key) for key in keys], names=list(keys))
    order = pc.sort_indices(by_keys, sort_keys=[(key, "ascending") for key in keys])
    digest = hashlib.sha256(b"featuremart features 1\n")
    digest.update(f"{rows.num_rows}\n".encode())
    ordered = rows.select([column.name for column in columns]).take(order)
    for column, array in zip(columns, ordered.columns, strict=True):
        digest.update(f"{column.name} {column.type}\n".encode())
        for part in _parts(array):
            digest.update(part)
    return digest.hexdigest()


def _parts(array: pa.Array) -> Iterator[Any]:
    """Yield a column's bytes; the array begins at the beginning of its buffers, as :func:`take` makes it."""
    valid = np.ones(len(array), dtype=bool)
    if array.null_count:
        valid = array.is_valid().to_numpy(zero_copy_only=False)
    yield valid.view(np.uint8).data
    kind = array.type
    if pt.is_string(kind) or pt.is_binary(kind):
        yield from _text(array.cast(pa.binary()))
    elif pt.is_decimal(kind):
        values = np.frombuffer(array.buffers()[1], dtype=np.uint8, count=len(array) * _NUMERIC_BYTES)
        yield np.where(valid[:, None], values.reshape(-1, _NUMERIC_BYTES), np.uint8(0)).data
    elif pt.is_boolean(kind):
        yield _filled(array.cast(pa.uint8())).data
    elif pt.is_date(kind):
        yield _filled(array.view(pa.int32())).astype("<i4", copy=False).data
    else:
        yield _filled(array.view(pa.int64())).astype("<i8", copy=False).data


def _filled(array: pa.Array) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = (array.fill_null(0) if array.null_count else array).to_numpy()
    return values


def _text(array: pa.Array) -> Iterator[Any]:
    array = array.fill_null(b"") if array.null_count else array
    _, offsets, data = array.buffers()
    ends = (
        np.frombuffer(offsets, dtype=np.int32, count=len(array) + 1) if len(array) else np.zeros(1, np.int32)
    )
    yield np.diff(ends).astype("<i8").data
    if data is not None:
        yield memoryview(data)[ends[0] : ends[-1]]
