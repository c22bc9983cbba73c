"""Rehearse a transfer of one row, so that the JVM starts faster from then on.

Half of a small transfer's time goes into loading classes. The JVM can leave an archive of those that a run has
needed, which later runs map into memory; it is made by running one extraction and one load on real servers.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import time
import uuid
from typing import TYPE_CHECKING

from featuremart.errors import MartError
from featuremart.lake.columns import Column, ColumnType
from featuremart.lake.days import SNAPSHOT
from featuremart.lake.manifest import DataObject
from featuremart.transfer import render
from featuremart.transfer.build import ARCHIVE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from featuremart.config.settings import Environment
    from featuremart.lake.store import ObjectStore

_SQL = (
    "SELECT 1 AS a, 0.5 AS b, TRUE AS c, 'x' AS d, b'x' AS e, DATE '2013-01-01' AS f, "
    "DATETIME '2013-01-01 00:00:00' AS g, TIMESTAMP '2013-01-01 00:00:00+00' AS h"
)
_COLUMNS = tuple(
    Column(name, kind)
    for name, kind in zip(
        "abcdefgh", [kind for kind in ColumnType if kind != ColumnType.NUMERIC], strict=True
    )
)
_TIMEOUT = 120


def rehearse(command: Path, environment: Environment, *, say: Callable[[str], None] = lambda _: None) -> bool:
    """Leave an archive of classes beside a built Embulk, unless one is there or the servers do not run.

    Parameters
    ----------
    command
        What :func:`featuremart.transfer.build.build` returned.
    environment
        A local one.
    say
        Told what is done, a line at a time.

    Returns
    -------
    bool
        Whether there is an archive now. None is no error: a transfer takes a second longer without it.
    """
    archive = command.parent / ARCHIVE
    if archive.exists():
        return True
    if environment.endpoints.aws is None or environment.endpoints.bigquery is None:
        return False
    began = time.monotonic()
    try:
        said = _run(command, archive, environment)
    except MartError as error:
        said = str(error)
    if said:
        say(f"Embulk: its rehearsal failed, transfers start a second slower: {said}")
        return False
    say(f"Embulk: rehearsed in {time.monotonic() - began:.0f} s, transfers start faster from now on")
    return True


def _run(command: Path, archive: Path, environment: Environment) -> str:
    """Make the archive, whole or not at all; return what went wrong."""
    from featuremart.config import clients
    from featuremart.lake.store import ObjectStore

    store = ObjectStore(clients.s3(environment), environment.bucket)
    run = f"rehearsal-{uuid.uuid4().hex}"
    table = f"rehearsal__{run[-12:]}"
    words: list[str] = json.loads(command.read_text(encoding="utf-8"))
    beside = archive.with_suffix(".new")
    words = [word for word in words if not word.startswith("-XX:SharedArchiveFile")]
    words[1:1] = [f"-XX:ArchiveClassesAtExit={beside}"]
    try:
        ended = subprocess.run(
            [*words, *_configurations(store, environment, run, table)],
            env=_variables(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {_TIMEOUT} s"
    finally:
        clients.bigquery(environment).delete_table(
            f"{environment.staging_dataset}.{table}", not_found_ok=True
        )
    if ended.returncode != 0 or not beside.exists():
        beside.unlink(missing_ok=True)
        return (ended.stdout + ended.stderr).strip().rpartition("\n")[2]
    beside.replace(archive)
    return ""


def _variables(environment: Environment) -> dict[str, str]:
    """Return what ECS gives a task here: a real credential must never travel to an emulator."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": environment.endpoints.aws or "",
        "AWS_REGION": environment.aws_region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }


def _configurations(store: ObjectStore, environment: Environment, run: str, table: str) -> list[str]:
    """Write the configurations of an extraction and of a load, and return where they are."""
    extraction = render.extract(
        sql=_SQL,
        columns=_COLUMNS,
        partitions={SNAPSHOT: f"runs/{run}/rows/"},
        first_day=None,
        last_day=None,
        report_key=f"runs/{run}/extract.json",
        environment=environment,
    )
    loading = render.load(
        objects=[(SNAPSHOT, _one_row(store, f"runs/{run}/part-0.parquet"))],
        columns=_COLUMNS,
        staging_table=table,
        expires_hours=1,
        report_key=f"runs/{run}/load.json",
        environment=environment,
    )
    uris = []
    for name, text in (("extract", extraction), ("load", loading)):
        store.put(f"runs/{run}/{name}.yml", text.encode())
        uris.append(store.uri(f"runs/{run}/{name}.yml"))
    return uris


def _one_row(store: ObjectStore, key: str) -> DataObject:
    """Write a Parquet object of one row without values."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = (
        pa.int64(),
        pa.float64(),
        pa.bool_(),
        pa.string(),
        pa.binary(),
        pa.date32(),
        pa.timestamp("us"),
        pa.timestamp("us", "UTC"),
    )
    schema = pa.schema([pa.field(column.name, kind) for column, kind in zip(_COLUMNS, types, strict=True)])
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{}], schema), file, compression="zstd")
    body = file.getvalue()
    store.put(key, body)
    return DataObject(key=key, size=len(body), sha256=hashlib.sha256(body).hexdigest(), rows=1)
