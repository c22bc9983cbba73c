"""Say in the mart's words what the catalog says of a feature table. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.catalog.model import TableKind
from featuremart.lake.columns import AVAILABLE_AT, PARTITION_COLUMN
from featuremart.mart.table import MartColumn, MartTable

if TYPE_CHECKING:
    from featuremart.catalog.model import Docstring, SourceSpec, TableSpec

_AVAILABLE = {
    TableKind.ROW: "When the row may first be used: the event time.",
    TableKind.WINDOW: "When the row may first be used: the end of its partition day, plus the declared delay.",
    TableKind.SNAPSHOT: "When the row may first be used: when the source was extracted.",
}


def mart_table(table: TableSpec, source: SourceSpec) -> MartTable:
    """Return a feature table as it shall stand in the mart.

    Parameters
    ----------
    table
        The table.
    source
        The source it is computed from: its header tells what keys and event time mean.
    """
    texts = _texts(table, source)
    columns = tuple(
        MartColumn(column.name, column.type, column.required, texts.get(column.name, ""))
        for column in table.output_columns
    )
    return MartTable(
        name=table.mart_name,
        description=f"{text_of(table.doc)}\n\nOwner: {table.owner}",
        columns=columns,
        keys=table.keys,
        labels={"model": table.model, "feature_table": table.name, "kind": table.kind},
        partitioned=table.kind is not TableKind.SNAPSHOT,
        rejected={
            feature.name: feature.rejected for feature in table.features if feature.rejected is not None
        },
        doc_fingerprint=table.doc_fingerprint,
    )


def text_of(doc: Docstring) -> str:
    """Return a docstring as one text: summary, body, and each section behind its title."""
    parts = [doc.summary, doc.body, *(f"{title}: {text}" for title, text in doc.sections)]
    return "\n".join(part for part in parts if part)


def _texts(table: TableSpec, source: SourceSpec) -> dict[str, str]:
    known = {column.name: column.about for column in source.columns}
    texts = {key: f"Key. {known.get(key, '')}".strip() for key in table.keys}
    if table.event_time is not None:
        texts.setdefault(table.event_time, f"Event time. {known.get(table.event_time, '')}".strip())
    texts[PARTITION_COLUMN.name] = f"Partition: the day of the row in {source.timezone}."
    texts[AVAILABLE_AT.name] = _AVAILABLE[table.kind]
    texts |= {feature.name: text_of(feature.doc) for feature in table.computed}
    return texts
