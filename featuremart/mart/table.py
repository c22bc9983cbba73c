"""What a feature table is in the mart: its columns, texts and keys. The catalog's words are not known here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from featuremart.errors import UsageError
from featuremart.lake.columns import Column, ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_CLUSTERING_COLUMNS = 4
_NOT_CLUSTERED = frozenset({ColumnType.FLOAT64, ColumnType.BYTES})


@dataclass(frozen=True)
class MartColumn(Column):
    """One column of a mart table.

    Parameters
    ----------
    name, type, required
        As of any column.
    description
        What it means, as an analyst reads it in BigQuery.
    """

    description: str = ""


@dataclass(frozen=True)
class MartTable:
    """One feature table as it stands in the mart.

    Parameters
    ----------
    name
        ``<model>__<table>``.
    description
        What it tells.
    columns
        In order. A column that the mart has and this table has not is kept there, NULL from then on.
    keys
        Columns that identify a row, within a partition day where there is one; the table is clustered by them.
    labels
        Shown with the table and its jobs; made fit for BigQuery.
    partitioned
        Whether it has a partition a day. False for a snapshot, which is replaced whole.
    rejected
        Feature -> the finding that rejected it: the text of the columns they leave behind.
    doc_fingerprint
        Hash of all texts; remembered with the table, to see that they changed.
    """

    name: str
    description: str
    columns: tuple[MartColumn, ...]
    keys: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    partitioned: bool = True
    rejected: Mapping[str, str] = field(default_factory=dict)
    doc_fingerprint: str = ""

    def __post_init__(self) -> None:
        unknown = set(self.keys) - set(self.column_names)
        if unknown or not self.keys:
            raise UsageError(
                f"table {self.name}: its keys must be columns of it, and there must be one: {sorted(unknown)}"
            )

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def clustering(self) -> tuple[str, ...]:
        """The keys that BigQuery can cluster by, as many as it takes."""
        types = {column.name: column.type for column in self.columns}
        fit = [key for key in self.keys if types[key] not in _NOT_CLUSTERED]
        return tuple(fit[:MOST_CLUSTERING_COLUMNS])


def label_value(text: str) -> str:
    """Return a text as a BigQuery label takes it: lower case, digits, ``_`` and ``-``, at most 63 characters."""
    return re.sub(r"[^a-z0-9_-]", "_", text.lower())[:63]
