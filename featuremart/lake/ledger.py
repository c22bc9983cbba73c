"""The manifests of the lake: many found at once, each read from S3 once on a machine.

A manifest never changes once it is written, so its text is kept in a folder under its key and S3's own ETag.
Whether it still exists is always asked of S3: one listing answers for a thousand keys, where a request for each
would cost more than the work that a year of partitions is.
"""

from __future__ import annotations

import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from featuremart.lake.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from featuremart.lake.keys import OutputKey
    from featuremart.lake.store import ObjectStore

_CALLERS = 8
"""Requests under way at once."""
_FEW = 8
"""Up to so many manifests are asked for one by one: a listing would name everything between them."""


@dataclass(frozen=True)
class Ledger:
    """Finds and writes manifests.

    Parameters
    ----------
    store
        The lake.
    folder
        Where texts are kept; None for nowhere.
    """

    store: ObjectStore
    folder: Path | None = None

    def find(self, places: Sequence[OutputKey]) -> list[Manifest | None]:
        """Return the manifest of each place, None where there is none.

        Parameters
        ----------
        places
            Any places, of one source or table or of several.
        """
        found: dict[str, Manifest | None] = {}
        in_order = sorted({place.manifest: place for place in places}.values(), key=_family)
        for _, family in groupby(in_order, key=_family):
            found |= self._find_family([place.manifest for place in family])
        return [found[place.manifest] for place in places]

    def write(self, manifests: Iterable[tuple[OutputKey, Manifest]]) -> None:
        """Write manifests where there are none; who was there first stays."""
        with ThreadPoolExecutor(_CALLERS, thread_name_prefix="manifests") as pool:
            # list: an error of any of them is raised here
            list(pool.map(lambda pair: self.store.put_new(pair[0].manifest, pair[1].to_json()), manifests))

    def _find_family(self, keys: list[str]) -> dict[str, Manifest | None]:
        if len(keys) <= _FEW:
            tags: dict[str, str] | None = None
        else:
            keys.sort()
            wanted = set(keys)
            tags = {key: tag for key, tag in self.store.entries(keys[0], keys[-1]) if key in wanted}
        with ThreadPoolExecutor(min(_CALLERS, len(keys)), thread_name_prefix="manifests") as pool:
            texts = pool.map(lambda key: self._read(key, tags), keys)
            return {
                key: None if text is None else Manifest.from_json(text, key=key)
                for key, text in zip(keys, texts, strict=True)
            }

    def _read(self, key: str, tags: dict[str, str] | None) -> bytes | None:
        if tags is None:
            return self.store.find(key)
        tag = tags.get(key)
        if tag is None:
            return None
        kept = self._kept(key, tag)
        if kept is not None and kept.exists():
            return kept.read_bytes()
        text = self.store.get(key)
        if kept is not None:
            _keep(kept, text)
        return text

    def _kept(self, key: str, tag: str) -> Path | None:
        if self.folder is None:
            return None
        name = hashlib.sha256(f"{self.store.bucket}\0{key}\0{tag}".encode()).hexdigest()
        return self.folder / name[:2] / name[2:]


def _family(place: OutputKey) -> tuple[str, str]:
    return place.layer, place.name


def _keep(path: Path, text: bytes) -> None:
    """Write a file whole or not at all: another process may read it at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{secrets.token_hex(8)}")
    beside.write_bytes(text)
    beside.replace(path)
