"""Rows of a source in the one order in which every function sees them, and verified to lie in their day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from featuremart.batch.availability import instant
from featuremart.batch.dtypes import to_values
from featuremart.batch.failures import examples, named_row
from featuremart.batch.inputs import day_bounds
from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from featuremart.catalog.model import SourceSpec


@dataclass(frozen=True)
class Prepared:
    """The rows of one raw partition, as the engine takes them.

    Parameters
    ----------
    rows
        Verified and in order.
    settled
        Microseconds since 1970: at any later instant all of their values are known.
    """

    rows: pa.RecordBatch
    settled: int = 0


def in_order(rows: pa.RecordBatch, source: SourceSpec, keys: Sequence[str]) -> pa.RecordBatch:
    """Sort rows by event time, then keys, then all other columns.

    The other columns make the order total: neither the order of rows in a file nor the layout of files reaches
    a function, so a sum of floats has the same last bits whatever wrote the files.

    Parameters
    ----------
    rows
        Rows of the source.
    source
        Its declaration.
    keys
        Columns that identify a row of the table that is computed.
    """
    if rows.num_rows < 2:  # noqa: PLR2004
        return rows
    first = [*([source.event_time] if source.event_time else []), *keys]
    names = list(dict.fromkeys([*first, *rows.schema.names]))
    comparable = pa.record_batch([_comparable(rows.column(name)) for name in names], names=names)
    return rows.take(pc.sort_indices(comparable, sort_keys=[(name, "ascending") for name in names]))


def _comparable(array: pa.Array) -> pa.Array:
    # bits, not numbers: 0.0 and -0.0 are equal, and NaN is not even that
    return array.view(pa.int64()) if pt.is_float64(array.type) else array


def verify_day(rows: pa.RecordBatch, source: SourceSpec, day: dt.date) -> None:
    """Make sure that every row happened on its partition day, in the source's time zone.

    Raises
    ------
    WorkFailed
        Naming up to five rows that did not.
    """
    event = rows.column(source.event_time)
    start, end = day_bounds(day, source.timezone)
    ends = pc.min_max(event.view(pa.int64()), skip_nulls=False).as_py()
    if not rows.num_rows:
        return
    if ends["min"] is not None and instant(start) <= ends["min"] and ends["max"] < instant(end):
        return
    # the bounds are exact but where a clock was set back over midnight: there, only the calendar itself is
    local = pd.Series(event.to_pandas()).dt.tz_convert(ZoneInfo(source.timezone)).dt.date
    astray = [at for at, there in enumerate(local) if there != day]
    if astray:
        raise WorkFailed(
            f"source {source.name}, partition {day}: {len(astray)} of {rows.num_rows} rows happened on another day "
            f"in {source.timezone}: {examples(named_row([str(source.event_time)], rows, at) for at in astray)}",
            where=source.where,
            next_command=f"make partition_day of {source.where} "
            f"DATE({source.event_time}, '{source.timezone}'), then mart extract {source.name} --date {day}",
        )


def refuse_duplicates(rows: pa.RecordBatch, source: SourceSpec, on: Sequence[str], day: dt.date) -> None:
    """Make sure that an as-of lookup has one row for each key and event time.

    Rows without a key are never looked up and do not count.

    Raises
    ------
    WorkFailed
        Naming up to five that have more.
    """
    identity = [*on, str(source.event_time)]
    asked = pa.Table.from_batches([rows.select(identity)]).drop_null()
    if asked.group_by(identity, use_threads=False).aggregate([]).num_rows == asked.num_rows:
        return
    frame = pd.DataFrame({name: rows.column(name).to_pandas() for name in identity})
    twice = frame.duplicated(identity).to_numpy() & frame[list(on)].notna().all(axis=1).to_numpy()
    raise WorkFailed(
        f"source {source.name}, partition {day}: {int(twice.sum())} rows repeat {' and '.join(identity)}, "
        f"so a lookup has no single answer: {examples(named_row(identity, rows, int(at)) for at in twice.nonzero()[0])}",
        where=source.where,
        next_command=f"make {', '.join(identity)} unique in {source.where}, "
        f"then mart extract {source.name} --date {day}",
    )


def to_frame(
    rows: pa.RecordBatch, source: SourceSpec, *, nullable: frozenset[str] = frozenset()
) -> pd.DataFrame:
    """Turn rows into the frame that a function takes as the whole source.

    Parameters
    ----------
    rows
        Some or all of the source's columns.
    source
        Its declaration.
    nullable
        Columns that may be null although they are declared required.
    """
    columns = {}
    for name in rows.schema.names:
        column = source.column(name)
        mode = not column.required or name in nullable
        columns[name] = to_values(rows.column(name), column.type, nullable=mode)
    return pd.DataFrame(columns, index=pd.RangeIndex(rows.num_rows), copy=False)
