"""A small picture of each feature's values: what a person looks at when a day seems odd.

``profile.json``::

    {"format": 1, "rows": 842, "features": {"departure_minute": {
        "count": 842, "nulls": 0, "distinct": 213,
        "mean": 804.1, "quantiles": {"0": 315.0, "0.05": 360.0, ..., "1": 1439.0},
        "histogram": {"low": 315.0, "high": 1439.0, "counts": [...]}}}}

``mean``, ``quantiles`` and ``histogram`` (equal bins from the lowest to the highest value) stand with numbers,
over the finite values; instants count as seconds and dates as days since 1970. ``infinite`` counts what is not
finite. ``top`` (value, count; most frequent first) stands with texts and truth values.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from featuremart.lake.columns import ColumnType

if TYPE_CHECKING:
    from featuremart.catalog.model import TableSpec

FORMAT = 1
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
BINS = 20
MOST_TOP = 10
_LONGEST_TEXT = 100
_MICROSECONDS = 1e6
_INNER_EDGES = np.arange(1, BINS) / BINS


def profile(table: TableSpec, rows: pa.RecordBatch) -> bytes:
    """Return the profile of one partition as UTF-8 JSON.

    Parameters
    ----------
    table
        Its declaration.
    rows
        All rows of the partition.
    """
    features = {feature.name: _column(rows.column(feature.name), feature.type) for feature in table.computed}
    return json.dumps(
        {"format": FORMAT, "rows": rows.num_rows, "features": features}, allow_nan=False
    ).encode()


def _column(array: pa.Array, declared: ColumnType) -> dict[str, Any]:
    found: dict[str, Any] = {"count": len(array) - array.null_count, "nulls": array.null_count}
    if declared in {ColumnType.STRING, ColumnType.BOOL}:
        return found | _frequent(array)
    if declared is ColumnType.BYTES:
        return found
    return found | _numeric(_numbers(array, declared))


def _frequent(array: pa.Array) -> dict[str, Any]:
    counts = pc.value_counts(array.drop_null())
    values, numbers = counts.field("values"), counts.field("counts")
    # ties by value: the same rows give the same profile
    ranked = pc.sort_indices(
        pa.record_batch([numbers, values], names=["count", "value"]),
        sort_keys=[("count", "descending"), ("value", "ascending")],
    )[:MOST_TOP]
    top = zip(values.take(ranked).to_pylist(), numbers.take(ranked).to_pylist(), strict=True)
    return {
        "distinct": len(counts),
        "top": [[value[:_LONGEST_TEXT] if isinstance(value, str) else value, count] for value, count in top],
    }


def _numbers(array: pa.Array, declared: ColumnType) -> np.ndarray[Any, np.dtype[np.float64]]:
    array = array.drop_null()
    if declared in {ColumnType.TIMESTAMP, ColumnType.DATETIME}:
        array = pc.divide(array.view(pa.int64()).cast(pa.float64()), _MICROSECONDS)
    elif declared is ColumnType.DATE:
        array = array.view(pa.int32())
    elif declared is ColumnType.NUMERIC:
        array = array.cast(pa.float64(), safe=False)
    numbers: np.ndarray[Any, np.dtype[np.float64]] = array.to_numpy().astype(np.float64)
    return numbers


def _numeric(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    # sorted once: quantiles, bins and the number of different values all follow from the order
    ordered = np.sort(values)
    finite = ordered[np.isfinite(ordered)]
    found: dict[str, Any] = {
        "distinct": int(np.count_nonzero(ordered[1:] != ordered[:-1])) + bool(len(ordered))
    }
    if len(finite) < len(ordered):
        found["infinite"] = len(ordered) - len(finite)
    if not len(finite):
        return found
    nearest = finite[np.floor(np.asarray(QUANTILES) * (len(finite) - 1) + 0.5).astype(np.int64)]
    low, high = finite[0], finite[-1]
    # halves, as the distance between the largest floats is no float
    edges = 2 * (low / 2 + (high / 2 - low / 2) * _INNER_EDGES)
    below = np.searchsorted(finite, edges, side="left")
    return found | {
        "mean": float((finite / len(finite)).sum()),
        "quantiles": {f"{q:g}": value for q, value in zip(QUANTILES, nearest.tolist(), strict=True)},
        "histogram": {
            "low": float(low),
            "high": float(high),
            "counts": np.diff(below, prepend=0, append=len(finite)).tolist(),
        },
    }
