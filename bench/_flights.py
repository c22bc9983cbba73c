"""The year's flights as raw partitions, made once by the sources' own SQL, and a folder in place of S3."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING

from featuremart.lake.manifest import DataObject, Manifest, ManifestColumn
from featuremart.lake.store import ObjectMissing, sha256_hex

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from featuremart.catalog.model import SourceSpec

SOURCES = ("flights", "weather")


def days_of_year() -> list[dt.date]:
    """Return the days that the data are of."""
    return [dt.date(2013, 1, 1) + dt.timedelta(days=n) for n in range(365)]


def manifest_key(source: str, day: dt.date) -> str:
    """Return where :class:`FolderStore` keeps the manifest of a raw partition."""
    return f"{source}/{day}.json"


def raw_folder(root: Path) -> Path:
    """Return the folder of ``<source>/<day>.arrow`` and ``.json``; it is made where it is not there."""
    from featuremart.catalog import load

    sources = {name: load(root).sources[name] for name in SOURCES}
    made_of = [*(spec.sql for spec in sources.values()), json.dumps(Manifest.model_json_schema())]
    version = hashlib.sha256("".join(made_of).encode()).hexdigest()[:12]
    folder = root / ".mart" / "cache" / "bench" / version / "raw"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _make(root, sources, folder)
        (folder / "done").touch()
    return folder


def _make(root: Path, sources: dict[str, SourceSpec], folder: Path) -> None:
    import duckdb
    import sqlglot

    from featuremart.local.demo import TABLES, fetch_datasets, read_table

    datasets = root / ".mart" / "datasets"
    fetch_datasets(root, datasets, print)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA warehouse")
    for table in TABLES:
        schema = json.loads((root / "embulk" / "warehouse" / f"warehouse.{table.name}.json").read_text())
        connection.register("filled", read_table(datasets / table.archive, table, schema))
        connection.table("filled").create(f"warehouse.{table.name}")
    for source in sources.values():
        query = sqlglot.transpile(source.sql, read="bigquery", write="duckdb")[0]
        limits = {"first_day": days_of_year()[0], "last_day": days_of_year()[-1]}
        rows = connection.execute(query, limits).to_arrow_table()
        for day in days_of_year():
            _write(rows, source, day, folder)


def _write(rows: pa.Table, source: SourceSpec, day: dt.date, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.feather

    from featuremart.batch.dtypes import arrow_schema

    schema = pa.schema([field.with_nullable(True) for field in arrow_schema(source.columns)])
    of_day = rows.filter(pc.equal(rows["partition_day"], pa.scalar(day))).select(schema.names).cast(schema)
    path = folder / source.name / f"{day}.arrow"
    path.parent.mkdir(exist_ok=True)
    pyarrow.feather.write_feather(of_day.combine_chunks(), path, compression="zstd")
    data = path.read_bytes()
    item = DataObject(
        key=f"{source.name}/{day}.arrow", size=len(data), sha256=sha256_hex(data), rows=of_day.num_rows
    )
    manifest = Manifest(
        layer="raw",
        name=source.name,
        partition=str(day),
        fingerprint="0" * 16,
        columns=tuple(ManifestColumn(name=c.name, type=c.type, required=c.required) for c in source.columns),
        rows=of_day.num_rows,
        objects=(item,),
        content_checksum="0",
        run="bench",
        attempt="bench",
        revision="bench",
        created_at=dt.datetime.now(dt.UTC),
    )
    (folder / manifest_key(source.name, day)).write_bytes(manifest.to_json())


class FolderStore:
    """What the worker asks of the lake, on files: raw ones are read, all others written elsewhere.

    Parameters
    ----------
    raw, out
        Folders.
    """

    def __init__(self, raw: Path, out: Path) -> None:
        self._raw = raw
        self._out = out

    def _path(self, key: str) -> Path:
        return (self._out if key.startswith("features/") else self._raw) / key

    def get(self, key: str) -> bytes:
        """Read a file."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError as error:
            raise ObjectMissing(f"{key} does not exist") from error

    def find(self, key: str) -> bytes | None:
        """Read a file, None where there is none."""
        path = self._path(key)
        return path.read_bytes() if path.exists() else None

    def put(self, key: str, data: bytes) -> None:
        """Write a file."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def put_new(self, key: str, data: bytes) -> bool:
        """Write a file where none is."""
        if self._path(key).exists():
            return False
        self.put(key, data)
        return True
