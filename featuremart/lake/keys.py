"""Where things live in the bucket. Nothing else builds a key.

``raw/<source>/<partition>/<fingerprint>/manifest.json``
``features/<model>/<table>/<partition>/<fingerprint>/manifest.json``
    with the data objects of one attempt under ``<fingerprint>/<attempt>/``
``staging/<model>/<table>/<time>-<attempt>.json``
    what one load put into one staging table; see ``loads``
``runs/<run>/<task>/<attempt>/``
    the request, the report and the verdict of one launched step
"""

from __future__ import annotations

from dataclasses import dataclass

from featuremart.lake.days import Partition, partition_label

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class OutputKey:
    """The place of one output: one partition of a source or table under one fingerprint.

    Parameters
    ----------
    layer
        ``raw`` or ``features``.
    name
        A source's name, or ``<model>/<table>``.
    partition
        The partition day, None for a snapshot.
    fingerprint
        Hexadecimal output fingerprint.
    """

    layer: str
    name: str
    partition: Partition
    fingerprint: str

    @property
    def prefix(self) -> str:
        """Return the key prefix, with a slash at its end."""
        return f"{self.layer}/{self.name}/{partition_label(self.partition)}/{self.fingerprint}/"

    @property
    def manifest(self) -> str:
        """Return the manifest's key."""
        return self.prefix + MANIFEST

    def data_prefix(self, attempt: str) -> str:
        """Return the prefix of the data objects that one attempt writes."""
        return f"{self.prefix}{attempt}/"


def raw(source: str, partition: Partition, fingerprint: str) -> OutputKey:
    """Return the place of an extracted partition of a source."""
    return OutputKey("raw", source, partition, fingerprint)


def features(model: str, table: str, partition: Partition, fingerprint: str) -> OutputKey:
    """Return the place of a computed partition of a feature table."""
    return OutputKey("features", f"{model}/{table}", partition, fingerprint)


def step_prefix(run: str, task: str, attempt: str) -> str:
    """Return the prefix under which a launched step keeps its request, report and verdict."""
    return f"runs/{run}/{task}/{attempt}/"
