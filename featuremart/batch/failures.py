"""How the worker says what went wrong: table, partition, feature, a few rows, and what to type next."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

import numpy as np

from featuremart.errors import Where, WorkFailed
from featuremart.lake.days import SNAPSHOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from featuremart.catalog.model import FeatureSpec, TableSpec

MOST_EXAMPLES = 5
_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 60


def transform_command(table: TableSpec, label: str) -> str:
    """Return the command that computes one partition of a table again."""
    return f"mart transform {table.id}" + ("" if label == SNAPSHOT else f" --date {label}")


def failed(
    table: TableSpec,
    label: str,
    message: str,
    *,
    feature: FeatureSpec | None = None,
    where: Where | None = None,
) -> WorkFailed:
    """Make the error of a table's own code or data.

    Parameters
    ----------
    table, label
        What was being computed.
    message
        The cause.
    feature
        The function it is about, if it is about one.
    where
        The failing line, where it is known better than by the function's ``def``.
    """
    about = f"{table.id}, partition {label}" + (f", feature {feature.name}" if feature else "")
    place = where or (feature.where if feature else table.where)
    return WorkFailed(
        f"{about}: {message}",
        where=place,
        next_command=f"edit {place}, then {transform_command(table, label)}",
    )


def shown(value: Any) -> str:
    """Return a value as text of bounded length."""
    if isinstance(value, np.generic):
        value = value.item()
    return "NULL" if value is None else _short.repr(value)


def named_row(keys: Sequence[str], rows: pa.RecordBatch, position: int) -> str:
    """Return the keys of one row as ``flight_id='UA1545'``."""
    return ", ".join(f"{key}={shown(rows.column(key)[position].as_py())}" for key in keys)


def examples(parts: Iterable[str]) -> str:
    """Join a bounded number of examples, each of one line."""
    found = [part.replace("\n", "\\n") for part, _ in zip(parts, range(MOST_EXAMPLES), strict=False)]
    return "; ".join(found)
