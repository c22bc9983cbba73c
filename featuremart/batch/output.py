"""Write one computed partition: Parquet, then its profile, then the manifest that makes them exist."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from featuremart.batch.checksum import content_checksum
from featuremart.batch.profile import profile
from featuremart.batch.request import PartitionDone
from featuremart.lake import keys
from featuremart.lake.days import parse_partition
from featuremart.lake.manifest import DataObject, Manifest, ManifestColumn
from featuremart.lake.store import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featuremart.batch.objects import Objects
    from featuremart.batch.request import BatchRequest, PartitionWork

DATA = "part-0.parquet"
PROFILE = "profile.json"


@dataclass(frozen=True)
class Finished:
    """One computed and checked partition, still in memory.

    Parameters
    ----------
    work
        Which one it is.
    rows
        The output.
    inputs
        Key of each raw manifest that it read -> its content checksum.
    extracted_at
        Snapshot tables: when the source was read.
    """

    work: PartitionWork
    rows: pa.RecordBatch
    inputs: Mapping[str, str]
    extracted_at: dt.datetime | None = None


def place_of(request: BatchRequest, work: PartitionWork) -> keys.OutputKey:
    """Return the place of one partition's output."""
    table = request.table
    return keys.features(table.model, table.name, parse_partition(work.partition), work.fingerprint)


def find_done(store: Objects, request: BatchRequest, work: PartitionWork) -> PartitionDone | None:
    """Return a partition that somebody made before, or None."""
    key = place_of(request, work).manifest
    data = store.find(key)
    return None if data is None else _somebody_elses(data, key)


def parquet_bytes(rows: pa.RecordBatch) -> bytes:
    """Return rows as a Parquet file: zstd, and the exact Arrow schema stored in it.

    The same rows give the same bytes. It is made in memory: a worker needs no disk.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_batches([rows]), sink, compression="zstd")
    return bytes(sink.getvalue())


def write(store: Objects, request: BatchRequest, finished: Finished) -> PartitionDone:
    """Write a partition; the manifest comes last and only where none is.

    Parameters
    ----------
    store
        The lake.
    request
        On whose behalf.
    finished
        The partition.

    Returns
    -------
    PartitionDone
        Of the manifest that stands: this one, or that of another worker that was faster.
    """
    place = place_of(request, finished.work)
    prefix = place.data_prefix(request.attempt)
    data = parquet_bytes(finished.rows)
    item = DataObject(key=prefix + DATA, size=len(data), sha256=sha256_hex(data), rows=finished.rows.num_rows)
    store.put(item.key, data)
    store.put(prefix + PROFILE, profile(request.table, finished.rows))
    manifest = _manifest(request, finished, place, item)
    if store.put_new(place.manifest, manifest.to_json()):
        return PartitionDone(
            partition=finished.work.partition, manifest=place.manifest, rows=manifest.rows, made=True
        )
    return _somebody_elses(store.get(place.manifest), place.manifest)


def _manifest(request: BatchRequest, finished: Finished, place: keys.OutputKey, item: DataObject) -> Manifest:
    table = request.table
    columns = table.output_columns
    return Manifest(
        layer="features",
        name=place.name,
        partition=finished.work.partition,
        fingerprint=place.fingerprint,
        code_fingerprint=table.code_fingerprint,
        columns=tuple(ManifestColumn(name=c.name, type=c.type, required=c.required) for c in columns),
        rows=item.rows,
        objects=(item,),
        content_checksum=content_checksum(finished.rows, columns, table.keys),
        inputs=dict(finished.inputs),
        run=request.run,
        attempt=request.attempt,
        revision=request.revision,
        created_at=dt.datetime.now(dt.UTC),
        extracted_at=finished.extracted_at,
        profile=place.data_prefix(request.attempt) + PROFILE,
    )


def _somebody_elses(data: bytes, key: str) -> PartitionDone:
    manifest = Manifest.from_json(data, key=key)
    return PartitionDone(partition=manifest.partition, manifest=key, rows=manifest.rows, made=False)
