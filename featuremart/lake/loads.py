"""What one load put into one staging table: the manifest of the layer ``staging``.

A load serves a range of partitions, so it leaves one object, ``staging/<model>/<table>/<UTC time>-<attempt>.json``.
Staging tables expire, and so does what their manifests say: only the youngest ones are ever read.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from featuremart.lake.manifest import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from featuremart.lake.store import ObjectStore

STAGING_HOURS = 72
"""A staging table lives this long: a weekend between a load and its publish."""
_TIME = "%Y%m%dT%H%M%S.%fZ"


class LoadedPartition(Frozen):
    """One partition in a staging table.

    Parameters
    ----------
    fingerprint
        Of the output that was loaded.
    rows
        Rows of the partition.
    manifest
        Key of the feature manifest it was loaded from.
    profile
        Key of its profile.
    """

    fingerprint: str
    rows: int = Field(ge=0)
    manifest: str
    profile: str | None = None


class LoadManifest(Frozen):
    """One finished load.

    Parameters
    ----------
    model, table
        The feature table.
    staging_table
        ``project.dataset.table`` that holds the rows.
    rows
        Rows of the whole staging table.
    partitions
        What it holds, by partition label.
    run, attempt, revision
        Who loaded.
    created_at
        UTC, after the load.
    """

    format: Literal[1] = 1
    model: str
    table: str
    staging_table: str
    rows: int = Field(ge=0)
    partitions: dict[str, LoadedPartition]
    run: str
    attempt: str
    revision: str
    created_at: dt.datetime

    @property
    def key(self) -> str:
        """Its key: the youngest of a table is the last in key order."""
        return f"{_prefix(self.model, self.table)}{self.created_at:{_TIME}}-{self.attempt}.json"


def write_load(store: ObjectStore, manifest: LoadManifest) -> None:
    """Say that a load is done."""
    store.put_new(manifest.key, manifest.model_dump_json(indent=1).encode())


def recent_loads(store: ObjectStore, model: str, table: str, *, now: dt.datetime) -> Iterator[LoadManifest]:
    """Yield the loads of a table whose staging tables may still exist, the youngest first."""
    prefix = _prefix(model, table)
    oldest = f"{prefix}{now - dt.timedelta(hours=STAGING_HOURS):{_TIME}}"
    keys = [key for key, _ in store.entries(oldest, f"{prefix}~")]
    for key in reversed(keys):
        yield LoadManifest.model_validate_json(store.get(key))


def _prefix(model: str, table: str) -> str:
    return f"staging/{model}/{table}/"
