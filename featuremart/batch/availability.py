"""When a value is known, and which values a function may therefore see."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from featuremart.catalog.model import Known

if TYPE_CHECKING:
    from featuremart.catalog.model import SourceColumn, SourceSpec

_MICROSECOND = dt.timedelta(microseconds=1)


def known(column: SourceColumn, source: SourceSpec) -> Known:
    """Return when a column's value is known.

    A column that says when others are known (``known_at: landed_at``) is itself not known earlier: read on the
    day before, it would tell the future.
    """
    if column.known.at == source.event_time:
        return Known(delay=column.known.delay)
    if column.known.with_event and any(other.known.at == column.name for other in source.columns):
        return Known(at=column.name)
    return column.known


def micros(duration: dt.timedelta) -> int:
    """Return a duration in microseconds, the unit of every instant in the lake."""
    return duration // _MICROSECOND


def instant(moment: dt.datetime) -> int:
    """Return an aware instant as microseconds since 1970 in UTC."""
    return micros(moment - dt.datetime.fromtimestamp(0, dt.UTC))


def known_times(rows: pa.RecordBatch, source: SourceSpec, when: Known) -> pa.Int64Array:
    """Return the instant from which each row's value is known.

    Parameters
    ----------
    rows
        Rows of the source, with its event time and the column that ``when`` names.
    source
        Its declaration.
    when
        From :func:`known`.

    Returns
    -------
    pyarrow.Int64Array
        Microseconds since 1970, never before the event itself; null where it is never known.
    """
    event = rows.column(source.event_time).view(pa.int64())
    if when.with_event:
        return event
    base = event if when.at is None else rows.column(when.at).view(pa.int64())
    stated = pc.add(base, micros(when.delay))
    # a null of max_element_wise would be skipped: not knowing when must not read as "at once"
    return pc.if_else(pc.is_valid(stated), pc.max_element_wise(stated, event), pa.scalar(None, pa.int64()))


def masked(rows: pa.RecordBatch, source: SourceSpec, cutoff: dt.datetime) -> pa.RecordBatch:
    """Null every value that was not known before an instant.

    Parameters
    ----------
    rows
        Rows of the source.
    source
        Its declaration.
    cutoff
        UTC instant; a value known exactly then is not known before it.
    """
    return _masked(rows, source, instant(cutoff))


def _masked(rows: pa.RecordBatch, source: SourceSpec, cutoff: int) -> pa.RecordBatch:
    keep: dict[Known, pa.BooleanArray] = {}
    columns = []
    for name, array in zip(rows.schema.names, rows.columns, strict=True):
        when = known(source.column(name), source)
        if when.with_event:
            columns.append(array)
            continue
        if when not in keep:
            early = pc.less(known_times(rows, source, when), cutoff)
            keep[when] = pc.fill_null(early, fill_value=False)
        columns.append(pc.if_else(keep[when], array, pa.scalar(None, array.type)))
    return pa.record_batch(columns, names=rows.schema.names)


def settle(rows: pa.RecordBatch, source: SourceSpec) -> tuple[pa.RecordBatch, int]:
    """Null what is never known, and tell from which instant on all the rest is.

    Parameters
    ----------
    rows
        Rows of the source, with all of its columns.
    source
        Its declaration.

    Returns
    -------
    tuple of pyarrow.RecordBatch and int
        The rows, and microseconds since 1970: at any later instant nothing of them is hidden.
    """
    whens = {known(column, source) for column in source.columns}
    times = [known_times(rows, source, when) for when in whens if not when.with_event]
    latest = [pc.max(some).as_py() for some in times]
    settled = max((some for some in latest if some is not None), default=0)
    never = any(some.null_count for some in times)
    return (_masked(rows, source, settled + 1) if never else rows), settled


def columns_needed(source: SourceSpec, names: set[str]) -> tuple[SourceColumn, ...]:
    """Return the columns to read so that some can be given out: with those that say when they are known."""
    wanted = {*names, *(() if source.event_time is None else (source.event_time,))}
    wanted |= {
        at for column in source.columns if column.name in names and (at := column.known.at) is not None
    }
    return tuple(column for column in source.columns if column.name in wanted)
