"""What is already made in the lake: raw and feature manifests. Reads, changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from featuremart.batch.inputs import days_read
from featuremart.catalog.fingerprint import output_fingerprint, raw_fingerprint
from featuremart.lake import keys
from featuremart.lake.days import Partition, partition_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from featuremart.catalog.model import Catalog, SourceSpec, TableSpec
    from featuremart.lake.keys import OutputKey
    from featuremart.lake.ledger import Ledger
    from featuremart.lake.manifest import Manifest


@dataclass(frozen=True)
class Output:
    """One partition of a source or table, made or not.

    Parameters
    ----------
    partition
        The partition day, None for a snapshot.
    key
        Its place; None where the fingerprint is not known because an input is not made yet.
    manifest
        None where it is not made.
    inputs
        Key of each input's manifest, by source and partition label; tables only.
    """

    partition: Partition
    key: OutputKey | None
    manifest: Manifest | None
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The partition as it stands in keys."""
        return partition_label(self.partition)


Outputs = dict[Partition, Output]


@dataclass
class Survey:
    """Looks at the lake for one step or plan; what it read once it does not read again.

    Parameters
    ----------
    ledger
        The lake's manifests.
    catalog
        Everything declared.
    version_of
        Tells the input version of a source.
    """

    ledger: Ledger
    catalog: Catalog
    version_of: Callable[[SourceSpec], str]
    _versions: dict[str, str] = field(default_factory=dict, init=False)
    _raw: dict[tuple[str, Partition], Output] = field(default_factory=dict, init=False)

    def version(self, source: SourceSpec) -> str:
        """Return the input version of a source, asked once."""
        if source.name not in self._versions:
            self._versions[source.name] = self.version_of(source)
        return self._versions[source.name]

    def raw(self, source: SourceSpec, partitions: Iterable[Partition]) -> Outputs:
        """Return the extracted partitions of a source."""
        wanted = list(partitions)
        missing = [partition for partition in wanted if (source.name, partition) not in self._raw]
        code = self.catalog.source_fingerprints[source.name]
        version = self.version(source) if missing else ""
        places = [
            keys.raw(source.name, partition, raw_fingerprint(code, partition_label(partition), version))
            for partition in missing
        ]
        for partition, key, manifest in zip(missing, places, self.ledger.find(places), strict=True):
            self._raw[source.name, partition] = Output(partition, key, manifest)
        return {partition: self._raw[source.name, partition] for partition in wanted}

    def features(self, table: TableSpec, partitions: Iterable[Partition]) -> Outputs:
        """Return the computed partitions of a table; without a key where a raw partition is missing."""
        wanted = list(partitions)
        self._read_ahead(table, wanted)
        unread = [self._expected(table, partition) for partition in wanted]
        known = [output for output in unread if output.key is not None]
        places = [output.key for output in known if output.key is not None]
        manifests = dict(zip((output.partition for output in known), self.ledger.find(places), strict=True))
        return {
            output.partition: Output(
                output.partition, output.key, manifests.get(output.partition), output.inputs
            )
            for output in unread
        }

    def _read_ahead(self, table: TableSpec, partitions: Sequence[Partition]) -> None:
        """Read the raw manifests of all partitions at once: windows share most of theirs."""
        needed: dict[str, set[Partition]] = {}
        for partition in partitions:
            for name, days in days_read(table, self.catalog.sources, partition).items():
                needed.setdefault(name, set()).update(days)
        for name, every in needed.items():
            self.raw(self.catalog.sources[name], every)

    def _expected(self, table: TableSpec, partition: Partition) -> Output:
        read = days_read(table, self.catalog.sources, partition)
        places: dict[str, dict[str, str]] = {}
        checksums: dict[str, str] = {}
        complete = True
        for name, days in read.items():
            for output in self.raw(self.catalog.sources[name], days).values():
                if output.manifest is None or output.key is None:
                    complete = False
                    continue
                places.setdefault(name, {})[output.label] = output.key.manifest
                checksums[f"{name}/{output.label}"] = output.manifest.content_checksum
        if not complete:
            return Output(partition, None, None, places)
        fingerprint = output_fingerprint(table.code_fingerprint, partition_label(partition), checksums)
        return Output(partition, keys.features(table.model, table.name, partition, fingerprint), None, places)
