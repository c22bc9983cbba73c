"""Read one raw partition: exactly the objects that its manifest names, verified byte by byte and type by type.

The raw format (Arrow IPC, zstd inside) is known here and nowhere else in the worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.types as pt

from featuremart.batch.dtypes import IN_MEMORY, empty_batch
from featuremart.errors import WorkFailed
from featuremart.lake.manifest import Manifest
from featuremart.lake.store import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from featuremart.batch.objects import Objects
    from featuremart.catalog.model import SourceColumn, SourceSpec
    from featuremart.lake.manifest import DataObject

_FILE_MAGIC = b"ARROW1"
_KINDS = (
    pt.is_boolean,
    pt.is_integer,
    pt.is_floating,
    pt.is_date32,
    pt.is_decimal,
    lambda kind: pt.is_timestamp(kind) and kind.tz is None,
    lambda kind: pt.is_timestamp(kind) and kind.tz is not None,
    lambda kind: pt.is_string(kind) or pt.is_large_string(kind),
    lambda kind: pt.is_binary(kind) or pt.is_large_binary(kind),
)


@dataclass(frozen=True)
class RawPartition:
    """One partition of a source as it was extracted.

    Parameters
    ----------
    key
        Of its manifest.
    manifest
        What it says of itself.
    rows
        The wanted columns, in no particular order of rows.
    """

    key: str
    manifest: Manifest
    rows: pa.RecordBatch


def read_raw(store: Objects, key: str, source: SourceSpec, columns: Sequence[SourceColumn]) -> RawPartition:
    """Read one partition of a source.

    Parameters
    ----------
    store
        The lake.
    key
        Of the raw manifest.
    source
        Declaration of the source.
    columns
        The columns to read, some of the source's.

    Raises
    ------
    WorkFailed
        Where the manifest or an object is missing, damaged, of another source or of other types.
    TransientError
        Where S3 did not answer.
    """
    manifest = Manifest.from_json(store.get(key), key=key)
    if (manifest.layer, manifest.name) != ("raw", source.name):
        raise WorkFailed(f"{key} is a manifest of {manifest.layer}/{manifest.name}, not of raw/{source.name}")
    parts = [_object_rows(store, item, source, columns) for item in manifest.objects]
    found = parts[0] if len(parts) == 1 else pa.concat_batches([empty_batch(columns), *parts])
    if found.num_rows != manifest.rows:
        raise _damaged(f"{key} promises {manifest.rows} rows, its objects hold {found.num_rows}", source)
    return RawPartition(key, manifest, found)


def _object_rows(
    store: Objects, item: DataObject, source: SourceSpec, columns: Sequence[SourceColumn]
) -> pa.RecordBatch:
    data = _verified(store, item, source)
    try:
        return _typed(_decoded(data, item, source, columns), item, source, columns)
    except pa.ArrowException as error:
        raise _damaged(f"{item.key} cannot be read: {error}", source) from error


def _verified(store: Objects, item: DataObject, source: SourceSpec) -> bytes:
    """Read an object's bytes; a second time where they are not the promised ones, for a short answer of S3."""
    for _ in range(2):
        data = store.get(item.key)
        if len(data) == item.size and sha256_hex(data) == item.sha256:
            return data
    raise _damaged(f"{item.key} does not hold the {item.size} bytes that its manifest names", source)


def _decoded(data: bytes, item: DataObject, source: SourceSpec, columns: Sequence[SourceColumn]) -> pa.Table:
    open_ipc = pa.ipc.open_file if data.startswith(_FILE_MAGIC) else pa.ipc.open_stream
    with open_ipc(pa.BufferReader(data)) as reader:
        present = {name: at for at, name in enumerate(reader.schema.names)}
    absent = [column.name for column in columns if column.name not in present]
    if absent:
        raise _damaged(f"{item.key} has no column {absent[0]}; it has {', '.join(present)}", source)
    # decompress what is asked for, not the whole file; the worker reads several objects at once already
    wanted = [present[column.name] for column in columns]
    options = pa.ipc.IpcReadOptions(included_fields=wanted, use_threads=False)
    with open_ipc(pa.BufferReader(data), options=options) as reader:
        return reader.read_all()


def _typed(
    table: pa.Table, item: DataObject, source: SourceSpec, columns: Sequence[SourceColumn]
) -> pa.RecordBatch:
    if table.num_rows != item.rows:
        raise _damaged(f"{item.key} holds {table.num_rows} rows, its manifest says {item.rows}", source)
    arrays = []
    for column in columns:
        chunks = table.column(column.name)
        target = IN_MEMORY[column.type]
        if chunks.type != target:
            if not any(kind(chunks.type) and kind(target) for kind in _KINDS):
                raise _damaged(
                    f"{item.key}: column {column.name} is {chunks.type}, declared {column.type}", source
                )
            chunks = chunks.cast(target)
        array = chunks.combine_chunks()
        if column.required and array.null_count:
            raise _damaged(
                f"{item.key}: column {column.name} is declared required and holds {array.null_count} NULL",
                source,
            )
        arrays.append(array)
    return pa.record_batch(arrays, names=[column.name for column in columns])


def _damaged(message: str, source: SourceSpec) -> WorkFailed:
    return WorkFailed(message, where=source.where, next_command=f"mart extract {source.name} --refresh")
