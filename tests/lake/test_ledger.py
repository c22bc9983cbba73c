"""The manifests of the lake: found at once, read once, and only while they exist."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from featuremart.errors import WorkFailed
from featuremart.lake import keys
from featuremart.lake.ledger import Ledger
from featuremart.lake.loads import LoadedPartition, LoadManifest, recent_loads, write_load
from featuremart.lake.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path

    from featuremart.lake.keys import OutputKey
    from featuremart.lake.store import ObjectStore

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def place(day: int, *, fingerprint: str = "f0", source: str = "flights") -> OutputKey:
    return keys.raw(source, dt.date(2013, 1, 1) + dt.timedelta(days=day), fingerprint)


def manifest(where: OutputKey, *, rows: int = 1) -> Manifest:
    return Manifest(
        layer="raw", name=where.name, partition=str(where.partition), fingerprint=where.fingerprint, columns=(),
        rows=rows, content_checksum="c", run="r", attempt="a", revision="v", created_at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize("count", [3, 40])
def test_what_was_written_is_found_and_what_was_not_is_not(
    store: ObjectStore, tmp_path: Path, count: int
) -> None:
    ledger = Ledger(store, tmp_path / "kept")
    written = [place(day) for day in range(0, count, 2)]
    ledger.write((where, manifest(where)) for where in written)
    found = ledger.find([place(day) for day in range(count)])
    assert [entry is not None for entry in found] == [day % 2 == 0 for day in range(count)]
    assert [entry.partition for entry in found if entry] == [str(where.partition) for where in written]


def test_places_of_several_sources_come_back_in_the_order_asked(store: ObjectStore, tmp_path: Path) -> None:
    ledger = Ledger(store, tmp_path)
    asked = [place(day, source=source) for day in range(20, 0, -1) for source in ("weather", "flights")]
    ledger.write((where, manifest(where)) for where in asked)
    assert [(entry.name, entry.partition) for entry in ledger.find(asked) if entry] == [
        (where.name, str(where.partition)) for where in asked
    ]


def test_a_manifest_that_is_gone_from_s3_is_not_found_though_its_text_is_kept(
    store: ObjectStore, tmp_path: Path
) -> None:
    ledger = Ledger(store, tmp_path)
    places = [place(day) for day in range(20)]
    ledger.write((where, manifest(where)) for where in places)
    assert None not in ledger.find(places)
    store.client.delete_object(Bucket=store.bucket, Key=places[5].manifest)
    assert [index for index, entry in enumerate(ledger.find(places)) if entry is None] == [5]


def test_kept_texts_are_read_without_s3_and_may_be_deleted(store: ObjectStore, tmp_path: Path) -> None:
    places = [place(day) for day in range(20)]
    Ledger(store, tmp_path).write((where, manifest(where)) for where in places)
    Ledger(store, tmp_path).find(places)
    kept = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(kept) == 20
    for file in kept:
        file.unlink()
    assert None not in Ledger(store, tmp_path).find(places)


def test_who_writes_second_does_not_replace_the_first(store: ObjectStore) -> None:
    ledger = Ledger(store)
    ledger.write([(place(0), manifest(place(0), rows=1))])
    ledger.write([(place(0), manifest(place(0), rows=2))])
    found = ledger.find([place(0)])[0]
    assert found is not None
    assert found.rows == 1


def test_what_is_no_manifest_fails_with_its_key(store: ObjectStore) -> None:
    store.put(place(0).manifest, b'{"format": 1}')
    with pytest.raises(WorkFailed, match=r"raw/flights/2013-01-01/f0/manifest\.json is no manifest"):
        Ledger(store).find([place(0)])


def test_only_loads_whose_staging_table_may_still_exist_are_read_the_youngest_first(
    store: ObjectStore,
) -> None:
    for hours in (100, 71, 1):
        write_load(
            store,
            LoadManifest(
                model="m", table="t", staging_table=f"p.d.{hours}", rows=1, run="r", attempt="a", revision="v",
                partitions={"snapshot": LoadedPartition(fingerprint="f", rows=1, manifest="k")},
                created_at=NOW - dt.timedelta(hours=hours),
            ),
        )  # fmt: skip
    assert [load.staging_table for load in recent_loads(store, "m", "t", now=NOW)] == ["p.d.1", "p.d.71"]
    assert list(recent_loads(store, "m", "other", now=NOW)) == []
