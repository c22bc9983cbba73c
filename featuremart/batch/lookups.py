"""As-of lookups: for each row, the latest row of a second source that was known at its event time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from featuremart.batch.availability import known, known_times, micros

if TYPE_CHECKING:
    from collections.abc import Iterable

    from featuremart.catalog.model import Known, Lookup, SourceSpec

Integers = np.ndarray[Any, np.dtype[np.int64]]
_NO_KEY = -1
_NOTHING = -1


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
    asked = left.column(event_time).view(pa.int64()).to_numpy()
    events = right.column(source.event_time).view(pa.int64()).to_numpy()
    if (np.diff(events) < 0).any():
        order = np.argsort(events, kind="stable")
        right, events = right.take(pa.array(order)), events[order]
    keys, right_keys = _common_keys(left, right, lookup.on)
    groups: dict[Known, list[str]] = {}
    for name in columns:
        groups.setdefault(known(source.column(name), source), []).append(name)
    found: dict[str, pa.Array] = {}
    for when, names in groups.items():
        times = known_times(right, source, when)
        usable = np.flatnonzero(times.is_valid().to_numpy(zero_copy_only=False) & (right_keys != _NO_KEY))
        rows = _latest(asked, keys, times.fill_null(0).to_numpy()[usable], right_keys[usable])
        rows = np.where(rows == _NOTHING, _NOTHING, usable[rows]) if len(usable) else rows
        missing = (keys == _NO_KEY) | (rows == _NOTHING)
        if len(usable):
            missing |= asked - events[rows] > micros(lookup.tolerance)
        taken = pa.array(rows, mask=missing)
        found |= {name: right.column(name).take(taken) for name in names}
    return found


def _common_keys(left: pa.RecordBatch, right: pa.RecordBatch, on: Iterable[str]) -> tuple[Integers, Integers]:
    """Give the same number to equal combinations of key values on both sides; -1 where one is NULL."""
    both = np.zeros(left.num_rows + right.num_rows, dtype=np.int64)
    for name in on:
        values = pa.chunked_array([left.column(name), right.column(name)]).combine_chunks()
        codes = values.dictionary_encode().indices.fill_null(_NO_KEY).to_numpy().astype(np.int64)
        missing = (codes == _NO_KEY) | (both == _NO_KEY)
        if both.any():
            # numbered anew with each further column, so that no product of counts overflows
            _, both = np.unique(both * (codes.max(initial=0) + 1) + codes, return_inverse=True)
        else:
            both = codes
        both[missing] = _NO_KEY
    return both[: left.num_rows], both[left.num_rows :]


def _latest(asked: Integers, keys: Integers, known_at: Integers, right_keys: Integers) -> Integers:
    """Find for each asked instant and key the latest row that was known by then.

    A binary search over all keys at once, as ``pandas.merge_asof`` gives it; that one took five times as long for
    a day of flights, and asks for one time that is both sorted and compared.

    Parameters
    ----------
    asked, keys
        Instant and key of each row that looks up.
    known_at, right_keys
        When each row of history was known, and its key; the rows in order of their event times.

    Returns
    -------
    numpy.ndarray
        Position in the history, -1 for nothing.
    """
    if not len(known_at):
        return np.full(len(asked), _NOTHING)
    instants, ranks = np.unique(np.concatenate([known_at, asked]), return_inverse=True)
    # one number for (key, instant), in the same order; ranks keep it small
    place = np.concatenate([right_keys, keys]) * len(instants) + ranks
    told, wanted = place[: len(known_at)], place[len(known_at) :]
    order = np.argsort(told, kind="stable")
    at = np.searchsorted(told[order], wanted, side="right") - 1
    # news may come in late: what is known after a later row does not replace it
    behind = right_keys[order] * len(order)
    newest = np.maximum.accumulate(behind + order) - behind
    found = (at >= 0) & (right_keys[order][at] == keys)
    return np.where(found, newest[at], _NOTHING)
