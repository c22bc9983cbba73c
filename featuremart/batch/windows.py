"""The rows that a window looks back on, without what was not known at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from featuremart.batch.availability import instant, masked
from featuremart.batch.dtypes import empty_batch

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from featuremart.batch.frames import Prepared
    from featuremart.catalog.model import SourceSpec


def window_rows(days: Sequence[Prepared], source: SourceSpec, end: dt.datetime) -> pa.RecordBatch:
    """Join the rows of the window's days and null every value that was not known before its end.

    Parameters
    ----------
    days
        In order of days, each sorted.
    source
        Declaration of the source.
    end
        The instant at which the last day ends in the source's time zone.
    """
    # most days are settled long before the window's end: nothing of them is hidden any more
    rows = [day.rows if day.settled < instant(end) else masked(day.rows, source, end) for day in days]
    return pa.concat_batches([empty_batch(source.columns), *rows])
