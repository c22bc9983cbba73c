"""Read what an Embulk run reports: the last object that it writes."""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from featuremart.errors import WorkFailed
from featuremart.lake.manifest import DataObject, Frozen, ManifestColumn


class ExtractedPartition(Frozen):
    """What was extracted of one partition.

    Parameters
    ----------
    partition
        Its label.
    rows
        Rows; 0 where the query gave none.
    content_checksum
        Checksum of the typed rows, the same for every row order and file layout.
    objects
        Exactly what was written.
    """

    partition: str
    rows: int = Field(ge=0)
    content_checksum: str = Field(pattern=r"^[0-9a-f]{64}$")
    objects: tuple[DataObject, ...]


class ExtractReport(Frozen):
    """What an extraction did.

    Parameters
    ----------
    columns
        Columns of every object, in order.
    partitions
        Every partition that was asked for.
    extracted_at
        UTC instant that the warehouse was read as of.
    bytes_billed
        What the query cost.
    """

    format: Literal[1]
    columns: tuple[ManifestColumn, ...]
    partitions: tuple[ExtractedPartition, ...]
    extracted_at: dt.datetime
    bytes_billed: int = Field(ge=0)


class LoadedPartition(Frozen):
    """How many rows of one partition were loaded."""

    partition: str
    rows: int = Field(ge=0)


class LoadReport(Frozen):
    """What a load did.

    Parameters
    ----------
    table
        ``project.dataset.table``.
    rows
        Rows that stand in the table.
    partitions
        Partitions that had objects.
    """

    format: Literal[1]
    table: str
    rows: int = Field(ge=0)
    partitions: tuple[LoadedPartition, ...]


_Report = TypeVar("_Report", ExtractReport, LoadReport)


def parse_extract(data: bytes, *, key: str) -> ExtractReport:
    """Read the report of an extraction.

    Parameters
    ----------
    data
        The object's bytes.
    key
        Where it was read, for the message.

    Raises
    ------
    WorkFailed
        Where it is no such report: Embulk and this package have different versions.
    """
    return _parse(ExtractReport, data, key)


def parse_load(data: bytes, *, key: str) -> LoadReport:
    """Read the report of a load; as :func:`parse_extract`."""
    return _parse(LoadReport, data, key)


def _parse(kind: type[_Report], data: bytes, key: str) -> _Report:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise WorkFailed(
            f"{key} is no report of format 1: {path}: {first['msg']}", next_command="mart images"
        ) from error
