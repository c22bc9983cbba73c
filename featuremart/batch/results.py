"""Accept what a feature function returned: a Series, cast without loss to the declared type, or an error."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from featuremart.batch.dtypes import ARROW
from featuremart.batch.failures import MOST_EXAMPLES
from featuremart.lake.columns import ColumnType

ANNOTATIONS: dict[ColumnType, str] = {
    ColumnType.INT64: "pd.Series[int]",
    ColumnType.FLOAT64: "pd.Series[float]",
    ColumnType.BOOL: "pd.Series[bool]",
    ColumnType.STRING: "pd.Series[str]",
    ColumnType.BYTES: "pd.Series[bytes]",
    ColumnType.TIMESTAMP: "pd.Series[pd.Timestamp]",
    ColumnType.DATE: "pd.Series[datetime.date]",
    ColumnType.DATETIME: "pd.Series[datetime.datetime]",
    ColumnType.NUMERIC: "pd.Series[Decimal]",
}

_ACCEPTED: dict[ColumnType, set[str]] = {
    ColumnType.INT64: {"int", "float", "bool"},
    ColumnType.FLOAT64: {"float", "int", "bool"},
    ColumnType.BOOL: {"bool"},
    ColumnType.STRING: {"str"},
    ColumnType.BYTES: {"bytes"},
    ColumnType.TIMESTAMP: {"instant"},
    ColumnType.DATE: {"date", "local time"},
    ColumnType.DATETIME: {"local time"},
    ColumnType.NUMERIC: {"decimal", "int"},
}
"""Kinds of values that may be cast to a type; whether the values themselves survive is asked after."""

_OBJECTS: dict[str, tuple[str, pa.DataType]] = {
    "integer": ("int", pa.int64()),
    "floating": ("float", pa.float64()),
    "mixed-integer-float": ("float", pa.float64()),
    "boolean": ("bool", pa.bool_()),
    "string": ("str", pa.string()),
    "bytes": ("bytes", pa.binary()),
    "date": ("date", pa.date32()),
    "decimal": ("decimal", ARROW[ColumnType.NUMERIC]),
}
"""What pandas finds in a Series of objects -> the kind and Arrow type that hold it."""


class NotLossless(Exception):
    """A result cannot become the declared type.

    Parameters
    ----------
    cause
        Why.
    positions
        Up to five rows that show it; empty where it is about the result as a whole.
    """

    def __init__(self, cause: str, positions: tuple[int, ...] = ()) -> None:
        super().__init__(cause)
        self.cause = cause
        self.positions = positions


def typed(result: pd.Series[Any], declared: ColumnType) -> pa.Array:
    """Cast a result to its declared type.

    Missing values of every sort (None, NaN, NaT, NA) become null. Integers up to 2^53 may become floats, whole
    floats integers; a boolean counts as 0 and 1; midnights may become dates. Text is never read as a number, nor
    a number as a truth value.

    Parameters
    ----------
    result
        What the function returned.
    declared
        Type of the feature.

    Raises
    ------
    NotLossless
        With the cause and up to five positions.
    """
    try:
        return _cast(result, declared)
    except NotLossless as error:
        raise NotLossless(error.cause, _offending(result, declared)) from error
    except (pa.ArrowException, ValueError, OverflowError) as error:
        cause = f"its {result.dtype} values do not fit {ANNOTATIONS[declared]} without loss"
        raise NotLossless(cause, _offending(result, declared)) from error


def _cast(result: pd.Series[Any], declared: ColumnType) -> pa.Array:
    natural, kind = _natural(result)
    target = ARROW[declared]
    if natural.null_count == len(natural):
        return pa.nulls(len(natural), target)
    if kind not in _ACCEPTED[declared]:
        raise NotLossless(f"it returned {result.dtype}, declared is {ANNOTATIONS[declared]} ({declared})")
    if natural.type == target:
        return natural
    array = natural.cast(target)
    if pt.is_date(target) and kind == "local time" and not array.cast(natural.type).equals(natural):
        raise NotLossless("it returned times of day where dates are declared")
    return array


def _natural(result: pd.Series[Any]) -> tuple[pa.Array, str]:
    """Return the values in the Arrow type that is nearest to them, and their kind."""
    if result.dtype == object:
        found = pd.api.types.infer_dtype(result, skipna=True)
        if found in _OBJECTS:
            kind, type_ = _OBJECTS[found]
            return pa.array(result, type=type_, from_pandas=True), kind
        if found == "empty":
            return pa.nulls(len(result)), "nothing"
        result = result.infer_objects()
        if result.dtype == object:
            return pa.array([True] * len(result)), f"objects ({found})"
    if isinstance(result.dtype, pd.CategoricalDtype):
        result = result.astype(result.dtype.categories.dtype)
    array = pa.array(result, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pt.is_floating(array.type) and pd.api.types.is_extension_array_dtype(result.dtype):
        # a masked or Arrow dtype keeps NaN beside NA; in the lake both are NULL
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    return array, _kind(array.type)


def _kind(type_: pa.DataType) -> str:
    if pt.is_boolean(type_):
        return "bool"
    if pt.is_integer(type_):
        return "int"
    if pt.is_floating(type_):
        return "float"
    if pt.is_string(type_) or pt.is_large_string(type_):
        return "str"
    if pt.is_binary(type_) or pt.is_large_binary(type_):
        return "bytes"
    if pt.is_timestamp(type_):
        return "local time" if type_.tz is None else "instant"
    if pt.is_date(type_):
        return "date"
    return "decimal" if pt.is_decimal(type_) else str(type_)


def _offending(result: pd.Series[Any], declared: ColumnType) -> tuple[int, ...]:
    """Find up to five rows that cannot be cast by themselves, halving where there are any."""
    found: list[int] = []
    spans = [(0, len(result))]
    while spans and len(found) < MOST_EXAMPLES:
        start, end = spans.pop()
        try:
            _cast(result.iloc[start:end], declared)
        except (NotLossless, pa.ArrowException, ValueError, OverflowError):
            if end - start == 1:
                found.append(start)
            else:
                middle = (start + end) // 2
                spans += [(middle, end), (start, middle)]
    return tuple(found)
