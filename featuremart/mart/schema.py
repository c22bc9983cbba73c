"""A mart table's schema: made where there is none, added to where that loses nothing, refused elsewhere.

Schema changes cannot stand in a transaction; they run before it, and each leaves the table as readable as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from featuremart.errors import WorkFailed
from featuremart.lake.columns import PARTITION_COLUMN
from featuremart.mart.answers import translated
from featuremart.mart.cells import Field
from featuremart.mart.rest import TableInfo, table_info
from featuremart.mart.table import label_value

if TYPE_CHECKING:
    import datetime as dt

    from google.cloud.bigquery import Client, SchemaField, Table

    from featuremart.config.settings import Environment
    from featuremart.mart.table import MartTable

DOC_LABEL = "doc_fingerprint"
"""Label of a mart table that remembers which texts it shows."""
_REMOVED = "the feature was removed"
_RETIRED = re.compile(r"No longer computed since (\d{4}-\d{2}-\d{2}): ")
_MOST_COLUMN_TEXT = 1024
_MOST_TABLE_TEXT = 16384


@dataclass(frozen=True)
class Difference:
    """What has to change for a table of the mart to be as the code says.

    Parameters
    ----------
    columns
        As they shall be, in order: those that are there, then the new ones.
    added, relaxed, retired
        Names of columns that are new, may be NULL from now on, or are no longer computed.
    described
        Whether texts, labels or clustering differ.
    refused
        What cannot be changed without losing something, one sentence each.
    next_command
        The way out of the first refusal.
    """

    columns: tuple[Field, ...]
    added: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    described: bool = False
    refused: tuple[str, ...] = ()
    next_command: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether the table is as it shall be."""
        return not (self.added or self.relaxed or self.described or self.refused)


def doc_label(table: MartTable) -> str:
    """Return what :data:`DOC_LABEL` says while a table shows its current texts."""
    return label_value(table.doc_fingerprint)


def fields_of(table: MartTable) -> tuple[Field, ...]:
    """Return the columns of a new table."""
    return tuple(
        Field(
            column.name,
            str(column.type),
            "REQUIRED" if column.required else "NULLABLE",
            _shortened(column.description, _MOST_COLUMN_TEXT),
        )
        for column in table.columns
    )


def difference(table: MartTable, existing: TableInfo, *, today: dt.date) -> Difference:
    """Compare a table with what the mart has. Pure.

    Parameters
    ----------
    table
        What the code says.
    existing
        What BigQuery says.
    today
        Stands in the description of a column that is no longer computed from now on.
    """
    wanted = {item.name: item for item in fields_of(table)}
    known = {item.name for item in existing.columns}
    kept = [
        _kept(item, wanted[item.name]) if item.name in wanted else _retired(item, table, today)
        for item in existing.columns
    ]
    new = [replace(item, mode="NULLABLE") for item in wanted.values() if item.name not in known]
    refused, next_command = _refusals(table, existing, wanted)
    described = (
        tuple(item.description for item in kept) != tuple(item.description for item in existing.columns)
        or _shortened(table.description, _MOST_TABLE_TEXT) != existing.description
        or any((existing.labels or {}).get(key) != value for key, value in _labels(table).items())
        or table.clustering != existing.clustering
    )
    return Difference(
        columns=(*kept, *new),
        added=tuple(item.name for item in new),
        relaxed=tuple(b.name for a, b in zip(existing.columns, kept, strict=True) if a.mode != b.mode),
        retired=tuple(item.name for item in existing.columns if item.name not in wanted),
        described=described,
        refused=refused,
        next_command=next_command,
    )


def apply(client: Client, environment: Environment, table: MartTable, *, today: dt.date) -> Difference:
    """Make or change a table of the mart, and return what was different; a new table has only added columns.

    Parameters
    ----------
    client
        BigQuery's client.
    environment
        Names project and mart dataset.
    table
        What the code says.
    today
        See :func:`difference`.

    Raises
    ------
    WorkFailed
        Where a change is not additive; it names every one, and the command to type.
    Conflict
        Where somebody else changed the table at the same time.
    """
    from google.api_core.exceptions import NotFound

    name = f"{environment.gcp_project}.{environment.mart_dataset}.{table.name}"
    with translated(f"schema of {environment.mart_dataset}.{table.name}"):
        try:
            resource = client.get_table(name)
        except NotFound:
            client.create_table(_new(name, table))
            return Difference(columns=fields_of(table), added=table.column_names, described=True)
        found = difference(table, table_info(resource.to_api_repr()), today=today)
        if found.refused:
            text = "\n".join(f"  {sentence}" for sentence in found.refused)
            raise WorkFailed(
                f"the schema of {environment.mart_dataset}.{table.name} cannot be changed without loss:\n{text}",
                next_command=found.next_command,
            )
        if not found.nothing:
            _describe(resource, table, found.columns)
            # the resource carries its etag: BigQuery refuses where somebody else was quicker
            client.update_table(resource, ["schema", "description", "labels", "clustering_fields"])
    return found


def _new(name: str, table: MartTable) -> Table:
    from google.cloud import bigquery

    made = bigquery.Table(name)
    _describe(made, table, fields_of(table))
    if table.partitioned:
        made.time_partitioning = bigquery.TimePartitioning(field=PARTITION_COLUMN.name)
    return made


def _describe(resource: Table, table: MartTable, columns: tuple[Field, ...]) -> None:
    resource.schema = [_schema_field(item) for item in columns]
    resource.description = _shortened(table.description, _MOST_TABLE_TEXT)
    resource.labels = {**resource.labels, **_labels(table)}
    resource.clustering_fields = list(table.clustering) or None


def _schema_field(item: Field) -> SchemaField:
    from google.cloud.bigquery import SchemaField

    return SchemaField(item.name, item.type, item.mode, description=item.description)


def _labels(table: MartTable) -> dict[str, str]:
    labels = {key: label_value(value) for key, value in table.labels.items()}
    return labels | ({DOC_LABEL: doc_label(table)} if table.doc_fingerprint else {})


def _kept(existing: Field, wanted: Field) -> Field:
    """Return a column that stays: new rows may be NULL where the code allows it; old rows keep what they have."""
    mode = "NULLABLE" if wanted.mode == "NULLABLE" else existing.mode
    return replace(existing, mode=mode, description=wanted.description)


def _retired(existing: Field, table: MartTable, today: dt.date) -> Field:
    """Return a column that is no longer computed: it says since when and why, and what it was."""
    finding = " ".join(table.rejected.get(existing.name, _REMOVED).split())
    before = existing.description
    since = today.isoformat()
    if found := _RETIRED.match(before):
        since = found[1]
        _, _, before = before.partition("\n\n")
    text = f"No longer computed since {since}: {finding}" + (f"\n\n{before}" if before else "")
    mode = "REPEATED" if existing.mode == "REPEATED" else "NULLABLE"
    return replace(existing, mode=mode, description=_shortened(text, _MOST_COLUMN_TEXT))


def _refusals(
    table: MartTable, existing: TableInfo, wanted: dict[str, Field]
) -> tuple[tuple[str, ...], str | None]:
    if existing.kind != "TABLE":
        return (f"it is a {existing.kind.lower()}, not a table",), f"rename the module of {table.name}"
    partitioned_on = PARTITION_COLUMN.name if table.partitioned else None
    if existing.partition_column != partitioned_on:
        has = (
            f"is partitioned on {existing.partition_column}"
            if existing.partition_column
            else "has no partitions"
        )
        wants = "partitions by day" if table.partitioned else "a snapshot"
        return (f"it {has}, the code wants {wants}",), f"rename the module of {table.name}"
    changed = [
        item
        for item in existing.columns
        if item.name in wanted and item.full_type != wanted[item.name].full_type
    ]
    sentences = tuple(
        f"{item.name} is {item.full_type} in the mart, {wanted[item.name].full_type} in the code"
        for item in changed
    )
    command = f"mart migrate {table.name} retype {changed[0].name}" if changed else None
    return sentences, command


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
