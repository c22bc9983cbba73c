"""``servers.json``: where the servers listen, which processes they are, and the ports to try next time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from featuremart.config.settings import Endpoints
from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    from pathlib import Path


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerRecord(_Frozen):
    """One server.

    Parameters
    ----------
    ports
        By purpose: ``http``, ``grpc``. Remembered while the server is down.
    pid
        Its process; None while it is down.
    started
        When the process began, in seconds since 1970.
    """

    ports: dict[str, int]
    pid: int | None = None
    started: float | None = None


class Record(_Frozen):
    """All of ``servers.json``.

    Parameters
    ----------
    endpoints
        Of the servers; empty unless all of them are up and furnished.
    servers
        By name.
    """

    endpoints: Endpoints = Endpoints()
    servers: dict[str, ServerRecord] = {}


def read(path: Path) -> Record:
    """Read the record; a missing or damaged one is as none: the processes are found without it."""
    try:
        return Record.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, ValidationError):
        return Record()


def write(path: Path, record: Record) -> None:
    """Write the record whole or not at all.

    Raises
    ------
    WorkFailed
        Where the disk is full.
    """
    beside = path.with_suffix(".new")
    try:
        beside.write_text(record.model_dump_json(indent=1), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise WorkFailed(
            f"{path} cannot be written: {error.strerror or error}", next_command=f"df -h {path.parent}"
        ) from error
