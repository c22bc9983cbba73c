"""As-of lookups: for each row, the latest row of a second source that was known at its event time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from featuremart.batch.availability import known, known_times, micros

if TYPE_CHECKING:
    from collections.abc import Iterable

    from featuremart.catalog.model import Known, Lookup, SourceSpec

_NO_KEY = -1


def look_up(
    left: pa.RecordBatch,
    event_time: str,
    right: pa.RecordBatch,
    source: SourceSpec,
    lookup: Lookup,
    columns: Iterable[str],
) -> dict[str, pa.Array]:
    """Join columns of a second source as of the event time.

    A row's value is that of the row with equal ``on`` columns and the latest event time, among those that
    happened and were known not later than the row's event time and happened not longer before it than the
    tolerance. NULL keys match nothing. Rows keep their number and order.

    Parameters
    ----------
    left
        Rows of the table, sorted by event time.
    event_time
        Their event time column.
    right
        Rows of the second source from ``[start - tolerance, end)`` at least; no two with the same ``on`` columns
        and event time.
    source
        Declaration of the second source.
    lookup
        Of the table.
    columns
        Names of the wanted columns.

    Returns
    -------
    dict of str to pyarrow.Array
        As long as ``left``, null where nothing was found.
    """
    instants = left.column(event_time).view(pa.int64()).to_numpy()
    events = right.column(source.event_time).view(pa.int64()).to_numpy()
    if (np.diff(events) < 0).any():
        order = np.argsort(events, kind="stable")
        right, events = right.take(pa.array(order)), events[order]
    left_keys, right_keys = _common_keys(left, right, lookup.on)
    groups: dict[Known, list[str]] = {}
    for name in columns:
        groups.setdefault(known(source.column(name), source), []).append(name)
    found: dict[str, pa.Array] = {}
    for when, names in groups.items():
        history = _history(right, right_keys, source, when)
        rows = _latest(instants, left_keys, history, events, micros(lookup.tolerance))
        found |= {name: right.column(name).take(rows) for name in names}
    return found


def _common_keys(
    left: pa.RecordBatch, right: pa.RecordBatch, on: Iterable[str]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Number the combinations of key values that occur, alike on both sides; -1 where one is NULL."""
    both = np.zeros(left.num_rows + right.num_rows, dtype=np.int64)
    for name in on:
        values = pa.chunked_array([left.column(name), right.column(name)]).combine_chunks()
        codes = values.dictionary_encode().indices.fill_null(_NO_KEY).to_numpy().astype(np.int64)
        missing = (codes == _NO_KEY) | (both == _NO_KEY)
        # numbered anew after each column, so that no product of counts overflows
        _, both = np.unique(both * (codes.max(initial=0) + 1) + codes, return_inverse=True)
        both[missing] = _NO_KEY
    return both[: left.num_rows], both[left.num_rows :]


def _history(
    right: pa.RecordBatch, keys: np.ndarray[Any, Any], source: SourceSpec, when: Known
) -> pd.DataFrame:
    """Return, sorted by the instant it became so, which row was the latest known of its key.

    Columns: ``known``, ``key`` and ``row``, the position in ``right``, where a later row happened later.
    """
    times = known_times(right, source, when)
    usable = pc.is_valid(times).to_numpy(zero_copy_only=False) & (keys != _NO_KEY)
    history = pd.DataFrame(
        {
            "known": times.fill_null(0).to_numpy()[usable],
            "key": keys[usable],
            "row": np.flatnonzero(usable),
        }
    )
    if when.at is None:
        return history
    # news may come in late: a row that is known after a later one does not replace it
    history = history.sort_values(["known", "row"], ignore_index=True)
    overtaken = history["row"] < history.groupby("key")["row"].cummax()
    latest = history["row"].where(~overtaken).groupby(history["key"]).ffill()
    return history.assign(row=latest.astype(np.int64))


def _latest(
    instants: np.ndarray[Any, Any],
    keys: np.ndarray[Any, Any],
    history: pd.DataFrame,
    events: np.ndarray[Any, Any],
    tolerance: int,
) -> pa.Int64Array:
    """Return for each asked instant and key the row to use, null where there is none."""
    asked = pd.DataFrame({"known": instants, "key": keys})
    joined = pd.merge_asof(asked, history, on="known", by="key")["row"]
    missing = joined.isna().to_numpy()
    rows = joined.fillna(0).to_numpy().astype(np.int64)
    if len(events):
        missing = missing | (instants - events[rows] > tolerance)
    return pa.array(rows, mask=missing)
