"""Fill the local warehouse with the real data of the demonstration."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.config import clients
from featuremart.errors import UsageError, WorkFailed
from featuremart.local.datasets import TABLES, fetch_datasets, read_table, sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa
    from google.cloud.bigquery import Client, Table

    from featuremart.config.settings import Environment
    from featuremart.local.datasets import DemoTable

MARKER = "demo_data"
"""Label of a filled table; its value names the data and the schema that it was filled with."""
_ANSWER_WITHIN = 5.0
_LONGEST_CAUSE = 1000


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Filled:
    """One table of the warehouse after :func:`fill`.

    Parameters
    ----------
    table
        ``dataset.table``.
    rows
        Rows in it.
    made
        False where it was there already.
    """

    table: str
    rows: int
    made: bool


def fill(
    environment: Environment,
    datasets_dir: Path,
    progress: Callable[[str], None] = _silent,
    *,
    root: Path,
) -> tuple[Filled, ...]:
    """Fill the local warehouse. A table that holds this data already is left alone.

    Parameters
    ----------
    environment
        A local one, whose servers run.
    datasets_dir
        Where the archives are kept; what is missing is fetched.
    progress
        Told one line a table.
    root
        The repository: the schemas stand in its ``embulk/warehouse``.

    Returns
    -------
    tuple of Filled
        One for each of :data:`featuremart.local.datasets.TABLES`.

    Raises
    ------
    UsageError
        Where the environment is in the cloud: its warehouse holds data of its own.
    WorkFailed
        Where the data cannot be fetched, or a load does not end with all rows.
    """
    if not environment.is_local:
        raise UsageError(
            f"environment {environment.name!r} is in the cloud: the demonstration fills local warehouses only",
            next_command="mart demo data --env local",
        )
    from google.api_core.exceptions import GoogleAPIError
    from google.cloud.bigquery import DEFAULT_RETRY
    from requests import ConnectionError as NoConnection

    client = clients.bigquery(environment)
    fetch_datasets(root, datasets_dir, progress)
    try:
        # The calls below are repeated for ten minutes if nobody answers: ask once, shortly, before them.
        client.get_dataset(environment.warehouse_dataset, retry=DEFAULT_RETRY.with_timeout(_ANSWER_WITHIN))
        return tuple(
            _fill_table(client, environment, table, datasets_dir, root, progress) for table in TABLES
        )
    except (GoogleAPIError, NoConnection) as error:
        raise WorkFailed(
            f"the warehouse cannot be filled: {type(error).__name__}: {str(error)[:_LONGEST_CAUSE]}",
            next_command="mart servers",
        ) from error


def _fill_table(
    client: Client,
    environment: Environment,
    table: DemoTable,
    datasets_dir: Path,
    root: Path,
    progress: Callable[[str], None],
) -> Filled:
    from google.api_core.exceptions import NotFound

    name = f"{environment.warehouse_dataset}.{table.name}"
    schema = json.loads((root / "embulk" / "warehouse" / f"warehouse.{table.name}.json").read_text("utf-8"))
    archive = datasets_dir / table.archive
    marker = f"{sha256(archive)[:12]}-{hashlib.sha256(json.dumps(schema).encode()).hexdigest()[:12]}"
    try:
        there = client.get_table(name)
    except NotFound:
        there = None
    if there is not None and there.labels.get(MARKER) == marker and _count(client, name) == table.rows:
        progress(f"{name}: {table.rows:,} rows, already there")
        return Filled(name, table.rows, made=False)
    data = read_table(archive, table, schema)
    made = _make_table(client, f"{environment.gcp_project}.{name}", table, schema)
    _load(client, made, data)
    # The label comes last: without it a load that was cut short is made again.
    made.labels = {MARKER: marker}
    client.update_table(made, ["labels"])
    progress(f"{name}: {table.rows:,} rows loaded")
    return Filled(name, table.rows, made=True)


def _make_table(client: Client, name: str, table: DemoTable, schema: list[dict[str, str]]) -> Table:
    """Make the table empty, whatever was there."""
    from google.cloud import bigquery

    client.delete_table(name, not_found_ok=True)
    wanted = bigquery.Table(name, schema=[bigquery.SchemaField.from_api_repr(field) for field in schema])
    wanted.description = table.about
    if table.partitioned_on:
        wanted.time_partitioning = bigquery.TimePartitioning(field=table.partitioned_on)
    return client.create_table(wanted)


def _load(client: Client, table: Table, data: pa.Table) -> None:
    """Load the rows as one Parquet file, columns in the table's order."""
    import pyarrow.parquet as pq
    from google.cloud import bigquery

    buffer = io.BytesIO()
    pq.write_table(data, buffer, compression="zstd")
    config = bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.PARQUET, write_disposition="WRITE_APPEND", schema=table.schema
    )
    client.load_table_from_file(buffer, table.reference, rewind=True, job_config=config).result()
    rows = _count(client, f"{table.dataset_id}.{table.table_id}")
    if rows != data.num_rows:
        raise WorkFailed(
            f"{table.reference} has {rows} rows after a load of {data.num_rows}",
            next_command="mart demo data",
        )


def _count(client: Client, name: str) -> int:
    """Count the rows of a table. The count that the emulator keeps beside a table forgets what DML changed."""
    (row,) = client.query(f"SELECT COUNT(*) AS rows_there FROM {name}").result()  # noqa: S608 - a name of ours
    count: int = row["rows_there"]
    return count
