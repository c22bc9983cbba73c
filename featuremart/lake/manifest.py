"""The manifest: written last beside an output, by ``If-None-Match``. No manifest, no output."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from featuremart.errors import WorkFailed
from featuremart.lake.columns import ColumnType
from featuremart.lake.days import parse_partition, partition_label

FORMAT: Literal[1] = 1
"""Version of the manifest's own form."""


class Frozen(BaseModel):
    """What crosses a boundary as JSON: immutable, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestColumn(Frozen):
    """A column as the output holds it."""

    name: str
    type: ColumnType
    required: bool = False


class DataObject(Frozen):
    """One data object: exactly this key, with exactly these bytes.

    Parameters
    ----------
    key
        Full key in the bucket.
    size
        Bytes.
    sha256
        Hexadecimal digest of the bytes.
    rows
        Rows it holds.
    """

    key: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    rows: int = Field(ge=0)


def _label(text: str) -> str:
    return partition_label(parse_partition(text))


class Manifest(Frozen):
    """What one output is: its schema, rows, exact objects, checksums, and who made it.

    Parameters
    ----------
    layer
        ``raw`` (extracted) or ``features`` (computed).
    name
        A source, or ``<model>/<table>``.
    partition
        ISO day or ``snapshot``.
    fingerprint
        Output fingerprint, as in the key.
    code_fingerprint
        Of the code and declared configuration alone.
    columns
        Schema in order.
    rows
        Total over the objects; 0 rows have a manifest too.
    objects
        Data objects.
    content_checksum
        Checksum of the typed rows, the same for every row order and file layout.
    inputs
        ``key of an input manifest -> its content checksum``.
    run, attempt, revision
        Who made it: run id, attempt id, git revision.
    created_at
        UTC.
    extracted_at
        UTC instant that the warehouse was read at; carried on to features of a snapshot.
    profile
        Key of the profile object, features only.
    """

    format: Literal[1] = FORMAT
    layer: Literal["raw", "features"]
    name: str
    partition: Annotated[str, AfterValidator(_label)]
    fingerprint: str
    code_fingerprint: str = ""
    columns: tuple[ManifestColumn, ...]
    rows: int = Field(ge=0)
    objects: tuple[DataObject, ...] = ()
    content_checksum: str
    inputs: dict[str, str] = {}
    run: str
    attempt: str
    revision: str
    created_at: dt.datetime
    extracted_at: dt.datetime | None = None
    profile: str | None = None

    def to_json(self) -> bytes:
        """Return the manifest as UTF-8 JSON."""
        return self.model_dump_json(indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes, *, key: str) -> Manifest:
        """Read a manifest.

        Parameters
        ----------
        data
            The object's bytes.
        key
            Where it was read, for the message.

        Raises
        ------
        WorkFailed
            Where it is no manifest of this format.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors()[0]
            path = ".".join(str(part) for part in first["loc"])
            raise WorkFailed(f"{key} is no manifest of format {FORMAT}: {path}: {first['msg']}") from error
