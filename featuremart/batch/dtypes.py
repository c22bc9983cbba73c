"""One meaning for each column type: its Arrow type in files, its dtype in functions.

The table stands in :class:`featuremart.lake.columns.ColumnType`. Everything that a function sees passes through
:func:`to_series`, everything that it returns through :mod:`featuremart.batch.results`: a dtype never depends on
the values of the day.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from featuremart.lake.columns import ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from featuremart.lake.columns import Column

ARROW: dict[ColumnType, pa.DataType] = {
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
"""The Arrow type of a column in raw files and in feature Parquet."""

IN_MEMORY: dict[ColumnType, pa.DataType] = {**ARROW, ColumnType.STRING: pa.large_string()}
"""The Arrow type of a source's column while the worker holds it: pandas takes large strings as they are."""

_STRING = pd.StringDtype(na_value=np.nan)
_TIMESTAMP = pd.DatetimeTZDtype("us", "UTC")
_EXTENSION: dict[tuple[ColumnType, bool], Any] = {
    (ColumnType.INT64, True): pd.Int64Dtype(),
    (ColumnType.BOOL, True): pd.BooleanDtype(),
    (ColumnType.STRING, True): _STRING,
    (ColumnType.STRING, False): _STRING,
    (ColumnType.TIMESTAMP, True): _TIMESTAMP,
    (ColumnType.TIMESTAMP, False): _TIMESTAMP,
}
_OBJECTS = {ColumnType.BYTES, ColumnType.DATE, ColumnType.NUMERIC}


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """Return the exact schema of a file with these columns; a required column is a non-nullable field."""
    return pa.schema([pa.field(c.name, ARROW[c.type], nullable=not c.required) for c in columns])


def in_memory_schema(columns: Iterable[Column]) -> pa.Schema:
    """Return the schema of a source's columns while the worker holds them."""
    return pa.schema([(column.name, IN_MEMORY[column.type]) for column in columns])


def empty_batch(columns: Iterable[Column]) -> pa.RecordBatch:
    """Return no rows of some columns of a source."""
    return pa.RecordBatch.from_pylist([], in_memory_schema(columns))


def to_values(array: pa.Array, declared: ColumnType, *, nullable: bool) -> Any:
    """Turn an Arrow array into the array that a Series of the declared type and mode holds.

    Parameters
    ----------
    array
        Of the column type's Arrow type; without nulls where not ``nullable``.
    declared
        Declared type.
    nullable
        Declared mode.
    """
    extension = _EXTENSION.get((declared, nullable))
    if extension is not None:
        return extension.__from_arrow__(array)
    if declared in _OBJECTS:
        # an element by itself: NumPy would make datetime64 of dates
        values = np.empty(len(array), dtype=object)
        values[:] = array.to_pylist()
        return values
    return array.to_numpy(zero_copy_only=False)


def to_series(
    array: pa.Array,
    declared: ColumnType,
    *,
    nullable: bool,
    index: pd.Index,
    name: str,
) -> pd.Series[Any]:
    """Turn an Arrow array into the Series that a function sees."""
    values = to_values(array, declared, nullable=nullable)
    dtype = object if declared in _OBJECTS else None
    return pd.Series(values, index=index, name=name, dtype=dtype, copy=False)


@lru_cache
def key_dtypes(declared: ColumnType) -> set[Any]:
    """Return the dtypes that an index level of a key of this type may have."""
    empty = pa.array([], ARROW[declared])
    return {pd.Index(to_values(empty, declared, nullable=nullable)).dtype for nullable in (False, True)}
