"""What is published now, read from the metadata tables in one query for a whole workflow and range."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featuremart.lake.days import Partition, partition_label
from featuremart.mart.answers import NotThere
from featuremart.mart.cells import Parameter
from featuremart.mart.metadata import PARTITIONS, PROFILES, full_name
from featuremart.mart.schema import DOC_LABEL

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from featuremart.lake.days import DayRange
    from featuremart.mart.rest import Rest

_COLUMNS = (
    "table_name, partition_day, fingerprint, code_fingerprint, doc_fingerprint, row_count, available_from, "
    "available_to, manifest, run, attempt, revision, published_at"
)


@dataclass(frozen=True)
class PublishedPartition:
    """A partition as it stands in the mart.

    Parameters
    ----------
    table
        Table of the mart.
    partition
        Its day; None for a snapshot.
    fingerprint, code_fingerprint, doc_fingerprint
        Of what was published.
    rows
        Rows of the partition; 0 for a day without any.
    available_from, available_to
        Lowest and highest ``available_at`` of its rows; None without rows.
    manifest
        Key of the manifest of what was published.
    run, attempt, revision
        Who published it.
    published_at
        When.
    """

    table: str
    partition: Partition
    fingerprint: str
    code_fingerprint: str
    doc_fingerprint: str
    rows: int
    available_from: dt.datetime | None
    available_to: dt.datetime | None
    manifest: str
    run: str
    attempt: str
    revision: str
    published_at: dt.datetime


Current = dict[tuple[str, Partition], PublishedPartition]


def published(rest: Rest, tables: Sequence[str], days: DayRange | None = None) -> Current:
    """Return what is published of some tables.

    Parameters
    ----------
    rest
        BigQuery.
    tables
        Names of mart tables.
    days
        Only these days, and snapshots; all where not given.

    Returns
    -------
    dict
        ``(table, partition)`` -> what stands there; nothing for what was never published.
    """
    if not tables:
        return {}
    parameters: list[Parameter] = [Parameter("tables", "STRING", tuple(tables))]
    within = ""
    if days is not None:
        within = "AND (partition_day IS NULL OR partition_day BETWEEN @first_day AND @last_day)"
        parameters += [Parameter("first_day", "DATE", days.first), Parameter("last_day", "DATE", days.last)]
    view = full_name(rest.environment, f"{PARTITIONS}_current")
    statement = f"SELECT {_COLUMNS} FROM {view} WHERE table_name IN UNNEST(@tables) {within}"
    try:
        rows = rest.query(statement, parameters, what="what is published").rows
    except NotThere:
        return {}
    found = (PublishedPartition(*_without_null_texts(row)) for row in rows)
    return {(item.table, item.partition): item for item in found}


def newest(current: Current) -> dt.datetime | None:
    """Return when the last of some partitions was published; None for none."""
    return max((item.published_at for item in current.values()), default=None)


def documented(rest: Rest, tables: Iterable[str]) -> dict[str, str]:
    """Return which texts the tables of the mart show.

    Returns
    -------
    dict
        Table -> what :func:`featuremart.mart.schema.doc_label` gives for those texts; empty text where a table
        is missing or was not documented.
    """
    infos = rest.infos(rest.environment.mart_dataset, list(tables))
    return {name: (info.labels or {}).get(DOC_LABEL, "") if info else "" for name, info in infos.items()}


@dataclass(frozen=True)
class TableState:
    """All of a table's partitions, in short.

    Parameters
    ----------
    table
        Table of the mart.
    partitions
        How many are published.
    first_day, last_day
        Of them; None for a snapshot.
    rows
        Of all.
    published_at
        Of the last one.
    fingerprint
        Code fingerprint of the last one.
    code_fingerprints
        How many different ones its partitions have: more than one where some are older than the code.
    """

    table: str
    partitions: int
    first_day: dt.date | None
    last_day: dt.date | None
    rows: int
    published_at: dt.datetime
    fingerprint: str
    code_fingerprints: int


def table_states(rest: Rest) -> dict[str, TableState]:
    """Return all tables that anything was ever published of, by name."""
    statement = f"""
SELECT table_name, COUNT(*) AS partitions, MIN(partition_day) AS first_day, MAX(partition_day) AS last_day,
  SUM(row_count) AS row_count, MAX(published_at) AS published_at,
  ARRAY_AGG(code_fingerprint ORDER BY published_at DESC LIMIT 1)[OFFSET(0)] AS fingerprint,
  COUNT(DISTINCT code_fingerprint) AS code_fingerprints
FROM {full_name(rest.environment, f"{PARTITIONS}_current")}
GROUP BY table_name
ORDER BY table_name
"""
    try:
        rows = rest.query(statement, what="tables of the mart").rows
    except NotThere:
        return {}
    return {row[0]: TableState(*row) for row in rows}


def newest_profile(rest: Rest, table: str, feature: str) -> dict[str, Any] | None:
    """Return what the values of a feature look like in its newest published partition.

    Returns
    -------
    dict or None
        The worker's profile, with the ``partition`` that it is of; None where there is none.
    """
    profiles = full_name(rest.environment, f"{PROFILES}_current")
    current = full_name(rest.environment, f"{PARTITIONS}_current")
    statement = f"""
SELECT profiled.partition_day, TO_JSON_STRING(profiled.profile) AS profile
FROM {profiles} AS profiled
JOIN {current} AS published ON published.table_name = profiled.table_name
  AND published.fingerprint = profiled.fingerprint
WHERE profiled.table_name = @table_name AND profiled.feature = @feature
ORDER BY profiled.partition_day DESC
LIMIT 1
"""
    parameters = (Parameter("table_name", "STRING", table), Parameter("feature", "STRING", feature))
    try:
        rows = rest.query(statement, parameters, what=f"profile of {table}.{feature}").rows
    except NotThere:
        return None
    return {**json.loads(rows[0][1]), "partition": partition_label(rows[0][0])} if rows else None


def _without_null_texts(row: tuple[Any, ...]) -> list[Any]:
    """Return the row with "" for a text that was not known."""
    texts = {"code_fingerprint", "doc_fingerprint", "manifest", "run", "attempt", "revision"}
    return [
        "" if cell is None and name in texts else cell
        for name, cell in zip(_COLUMNS.split(", "), row, strict=True)
    ]
