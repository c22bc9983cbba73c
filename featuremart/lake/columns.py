"""The column types that travel from the warehouse through the lake into the mart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """A GoogleSQL type that features and sources may have.

    The dtype that a pandas function sees follows from type and mode alone, never from the day's values:

    ========= ==================== ============================
    type      required             nullable
    ========= ==================== ============================
    INT64     int64                Int64
    FLOAT64   float64              float64 (NULL reads as NaN)
    BOOL      bool                 boolean
    STRING    str                  str
    BYTES     object (bytes)       object
    DATE      object (date)        object
    DATETIME  datetime64[us]       datetime64[us]
    TIMESTAMP datetime64[us, UTC]  datetime64[us, UTC]
    NUMERIC   object (Decimal)     object
    ========= ==================== ============================
    """

    INT64 = "INT64"
    FLOAT64 = "FLOAT64"
    BOOL = "BOOL"
    STRING = "STRING"
    BYTES = "BYTES"
    DATE = "DATE"
    DATETIME = "DATETIME"
    TIMESTAMP = "TIMESTAMP"
    NUMERIC = "NUMERIC"


@dataclass(frozen=True)
class Column:
    """One typed column of a source, an object in the lake or a mart table.

    Parameters
    ----------
    name
        A lower-case identifier.
    type
        Its GoogleSQL type.
    required
        Whether NULL is refused.
    """

    name: str
    type: ColumnType
    required: bool = False


PARTITION_COLUMN = Column("partition_day", ColumnType.DATE, required=True)
"""The reserved column, carried by raw, feature and mart tables, and the only one they are partitioned on."""

AVAILABLE_AT = Column("available_at", ColumnType.TIMESTAMP, required=True)
"""When a mart row may first be used: every join in time asks ``available_at <= t``."""
