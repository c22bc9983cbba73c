"""Rows of the metadata tables that are written outside of a publish transaction: runs, migrations, profiles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featuremart.mart import sql
from featuremart.mart.answers import NotThere
from featuremart.mart.cells import Parameter
from featuremart.mart.metadata import MIGRATIONS, PROFILES, RUNS, definition, ensure, full_name

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from featuremart.lake.days import Partition
    from featuremart.mart.rest import Rest

_PROFILE_BYTES_A_QUERY = 2**21


@dataclass(frozen=True)
class TaskRun:
    """How one attempt of one task ended: a row of ``mart_runs``.

    Parameters
    ----------
    run, task, attempt, revision
        Who; see the manifest.
    status
        ``done``, ``nothing to do``, ``failed``, ``transient`` or ``cancelled``.
    started_at, ended_at
        UTC.
    workflow
        Empty where a step was typed by hand.
    partitions
        Labels of the partitions it worked on.
    images, inputs, outputs
        Image digests; manifests and tables that it read and made.
    row_count
        Rows of its outputs.
    cpu_seconds, peak_memory, cost
        Of its worker: seconds, bytes, an estimate in US dollars.
    message
        Cause of a failure.
    """

    run: str
    task: str
    attempt: str
    revision: str
    status: str
    started_at: dt.datetime
    ended_at: dt.datetime
    workflow: str = ""
    partitions: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    row_count: int | None = None
    cpu_seconds: float | None = None
    peak_memory: int | None = None
    cost: float | None = None
    message: str = ""


def append_run(rest: Rest, row: TaskRun) -> None:
    """Append how one attempt of one task ended."""
    values = {name: getattr(row, name) for name, *_ in definition(RUNS).fields if name != "recorded_at"}
    _append(rest, RUNS, values, newest="recorded_at")


def append_migration(rest: Rest, values: dict[str, Any]) -> None:
    """Append one row of ``mart_migrations``: its columns but ``recorded_at``."""
    _append(rest, MIGRATIONS, values, newest="recorded_at")


def _append(rest: Rest, table: str, values: dict[str, Any], *, newest: str) -> None:
    """Append one row, whose time is the server's; make the table where it is missing."""
    types = {name: kind for name, kind, *_ in definition(table).fields}
    parameters = [Parameter(name, types[name], value) for name, value in values.items()]
    statement = (
        f"INSERT INTO {full_name(rest.environment, table)} ({sql.columns([*values, newest])}) "
        f"VALUES ({', '.join(f'@{name}' for name in values)}, CURRENT_TIMESTAMP())"
    )
    try:
        rest.query(statement, parameters, what=f"a row of {table}")
    except NotThere:
        ensure(rest)
        rest.query(statement, parameters, what=f"a row of {table}")


def append_profiles(
    rest: Rest, table: str, run: str, profiles: Iterable[tuple[Partition, str, bytes]]
) -> None:
    """Append what the values of partitions look like; what is known already is not appended again.

    Parameters
    ----------
    rest
        BigQuery.
    table
        Table of the mart.
    run
        The run that publishes them.
    profiles
        Partition, its fingerprint, and the profile that the worker wrote:
        ``{"features": {name: {"count": ..., "nulls": ..., ...}}}`` as JSON.
    """
    chunk: list[str] = []
    size = 0
    for partition, fingerprint, data in profiles:
        day = partition.isoformat() if partition else None
        for feature, found in json.loads(data)["features"].items():
            row = {"day": day, "fingerprint": fingerprint, "feature": feature, "profile": found}
            text = json.dumps(row, allow_nan=False)
            if chunk and size + len(text) > _PROFILE_BYTES_A_QUERY:
                _append_profiles(rest, table, run, chunk)
                chunk, size = [], 0
            chunk.append(text)
            size += len(text)
    if chunk:
        _append_profiles(rest, table, run, chunk)


def _append_profiles(rest: Rest, table: str, run: str, rows: list[str]) -> None:
    name = full_name(rest.environment, PROFILES)
    # a fingerprint may be published again: its values are the same
    statement = f"""
INSERT INTO {name} (table_name, partition_day, fingerprint, feature, value_count, null_count, distinct_count, mean,
  profile, run, recorded_at)
SELECT @table_name, CAST(JSON_VALUE(item, '$.day') AS DATE), JSON_VALUE(item, '$.fingerprint'),
  JSON_VALUE(item, '$.feature'), CAST(JSON_VALUE(item, '$.profile.count') AS INT64),
  CAST(JSON_VALUE(item, '$.profile.nulls') AS INT64), CAST(JSON_VALUE(item, '$.profile.distinct') AS INT64),
  CAST(JSON_VALUE(item, '$.profile.mean') AS FLOAT64),
  PARSE_JSON(JSON_QUERY(item, '$.profile'), wide_number_mode => 'round'), @run, CURRENT_TIMESTAMP()
FROM UNNEST(JSON_QUERY_ARRAY(@items)) AS item
WHERE CONCAT(JSON_VALUE(item, '$.fingerprint'), JSON_VALUE(item, '$.feature')) NOT IN (
  SELECT CONCAT(fingerprint, feature) FROM {name} WHERE table_name = @table_name)
"""
    parameters = (
        Parameter("table_name", "STRING", table),
        Parameter("run", "STRING", run),
        Parameter("items", "STRING", f"[{','.join(rows)}]"),
    )
    rest.query(statement, parameters, what=f"profiles of {table}")
