"""What a step asks of a worker, and what the worker answers: two JSON objects on S3."""

from __future__ import annotations

from typing import Literal

from pydantic import TypeAdapter, ValidationError

from featuremart.catalog.model import SourceSpec, TableSpec
from featuremart.errors import UsageError
from featuremart.lake.manifest import Frozen

REQUEST = "request.json"
RESULT = "result.json"


class PartitionWork(Frozen):
    """One partition to compute.

    Parameters
    ----------
    partition
        ISO day or ``snapshot``.
    fingerprint
        Output fingerprint: names the place of the result.
    """

    partition: str
    fingerprint: str


class BatchRequest(Frozen):
    """Compute these partitions of this table, from exactly these inputs.

    Parameters
    ----------
    bucket
        The lake.
    table
        What to compute. The worker compares ``code_fingerprint`` with the code that it has.
    sources
        Declarations of the sources it reads, by name.
    inputs
        Source name -> partition label -> key of its raw manifest. A window or as-of lookup reads the earlier
        days that it needs from here; a day before the source's first day is absent.
    partitions
        In order of days.
    run, task, attempt, revision
        Whom the outputs are made by; see the manifest.
    """

    format: Literal[1] = 1
    bucket: str
    table: TableSpec
    sources: dict[str, SourceSpec]
    inputs: dict[str, dict[str, str]]
    partitions: tuple[PartitionWork, ...]
    run: str
    task: str
    attempt: str
    revision: str

    def to_json(self) -> bytes:
        """Return the request as UTF-8 JSON."""
        return self.model_dump_json(indent=1).encode()


class PartitionDone(Frozen):
    """One partition that now has a manifest.

    Parameters
    ----------
    partition
        ISO day or ``snapshot``.
    manifest
        Key of its manifest.
    rows
        Rows of the output.
    made
        False where the manifest was there before.
    """

    partition: str
    manifest: str
    rows: int
    made: bool


class BatchResult(Frozen):
    """How the worker ended. Written before it exits, also when it failed.

    Parameters
    ----------
    exit_code
        0 done, 1 failed for good, 2 usage or configuration, 75 transient.
    done
        Partitions with a manifest.
    message, where, next_command
        Cause of a failure, as shown to a person.
    seconds, cpu_seconds
        Wall and processor time of the worker, without its imports.
    import_seconds
        Wall time that importing took.
    peak_memory
        Bytes.
    """

    exit_code: int
    done: tuple[PartitionDone, ...] = ()
    message: str = ""
    where: str = ""
    next_command: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    import_seconds: float = 0.0
    peak_memory: int = 0


def parse_request(data: bytes, *, uri: str) -> BatchRequest:
    """Read a request.

    Raises
    ------
    UsageError
        Where it is no request of this format: the image and the step have different versions.
    """
    try:
        return TypeAdapter(BatchRequest).validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{uri} is no batch request of format 1: {path}: {first['msg']}", next_command="mart images"
        ) from error
