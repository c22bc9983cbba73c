"""Read ``mart.toml``: which environment is meant, and what it consists of."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from featuremart.errors import UsageError, Where, did_you_mean

FILE = "mart.toml"
ROOT_VARIABLE = "MART_ROOT"
_UNITS = {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def _bytes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+) ?([KMGT]iB|B|)", value)
    if not match:
        raise ValueError(f'{value!r} is no size: write it as "10GiB"')
    return int(match[1]) * _UNITS[match[2]]


Bytes = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Endpoints(_Frozen):
    """Where the servers of an environment listen; None means the cloud's own address.

    Parameters
    ----------
    aws
        ``http://127.0.0.1:PORT`` of S3, ECR, logs and secrets.
    ecs
        The same of ECS.
    bigquery
        REST endpoint of BigQuery.
    bigquery_storage
        ``127.0.0.1:PORT`` of the Storage API's gRPC, in plain text.
    """

    aws: str | None = None
    ecs: str | None = None
    bigquery: str | None = None
    bigquery_storage: str | None = None


class Environment(_Frozen):
    """One ``[environment.NAME]`` section.

    Parameters
    ----------
    name
        ``local``, ``staging``, ``production`` or a name of the team's own.
    servers
        File that the local servers' endpoints stand in, relative to the root; local environments only.
    bucket
        The lake.
    cluster
        ECS cluster.
    gcp_project, gcp_location
        Where BigQuery jobs run.
    warehouse_dataset, mart_dataset, staging_dataset
        BigQuery datasets. SQL of a source names tables as ``warehouse.flights``.
    max_bytes_billed
        Limit of bytes billed per query, in bytes.
    subnets, security_groups
        Of the Fargate tasks.
    """

    name: str
    servers: str | None = None
    bucket: str
    cluster: str
    aws_region: str
    gcp_project: str
    gcp_location: str
    warehouse_dataset: str
    mart_dataset: str
    staging_dataset: str
    max_bytes_billed: Bytes
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    endpoints: Endpoints = Endpoints()

    @property
    def is_local(self) -> bool:
        """Whether the servers run on this machine."""
        return self.servers is not None


class Settings(_Frozen):
    """All of ``mart.toml``.

    Parameters
    ----------
    root
        The repository's root: the folder that ``mart.toml`` stands in.
    name
        The mart's name.
    default
        Environment used where none is named.
    environments
        By name.
    """

    root: Path
    name: str
    default: str
    environments: dict[str, Environment]

    def environment(self, name: str | None = None) -> Environment:
        """Return an environment, with the endpoints of its servers where it has any that run.

        Parameters
        ----------
        name
            Its name; None for the default one.

        Raises
        ------
        UsageError
            For an unknown name, with the nearest ones.
        """
        wanted = name or self.default
        if wanted not in self.environments:
            hint = did_you_mean(wanted, self.environments)
            raise UsageError(f"{FILE} has no environment {wanted!r}: {hint}", next_command=f"edit {FILE}")
        found = self.environments[wanted]
        if found.servers is None:
            return found
        return found.model_copy(update={"endpoints": _endpoints(self.root / found.servers)})


def _endpoints(path: Path) -> Endpoints:
    """Read the endpoints that the local servers left; none are known while they are down."""
    import json

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Endpoints()
    except ValueError as error:
        raise UsageError(f"{path.name} is not JSON: {error}", next_command="mart down && mart up") from error
    return Endpoints.model_validate(document["endpoints"])


def find_root(start: Path | None = None) -> Path:
    """Return the folder of the nearest ``mart.toml``, from a folder upwards.

    Parameters
    ----------
    start
        Where to begin: the working directory where not given; ``MART_ROOT`` beats it.

    Raises
    ------
    UsageError
        Where none is found.
    """
    begin = Path(os.environ.get(ROOT_VARIABLE) or start or Path.cwd()).resolve()
    for folder in (begin, *begin.parents):
        if (folder / FILE).is_file():
            return folder
    raise UsageError(f"no {FILE} in {begin} or above it", next_command="cd into the repository of your mart")


def load_settings(root: Path | None = None) -> Settings:
    """Read ``mart.toml``.

    Parameters
    ----------
    root
        The repository's root; found upwards from the working directory where not given.

    Raises
    ------
    UsageError
        Where the file is missing, no TOML, or holds a wrong or unknown key.
    """
    folder = root or find_root()
    path = folder / FILE
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"no {FILE} in {folder}", next_command="cd into the repository of your mart"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"no TOML: {error}", where=Where(FILE), next_command=f"edit {FILE}") from error
    mart = document.get("mart", {})
    sections = document.get("environment", {})
    try:
        return Settings(
            root=folder,
            name=mart.get("name", folder.name),
            default=mart.get("environment", "local"),
            environments={
                name: Environment.model_validate({"name": name, **body}) for name, body in sections.items()
            },
        )
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        hint = (
            did_you_mean(key, Environment.model_fields)
            if first["type"] == "extra_forbidden"
            else first["msg"]
        )
        raise UsageError(
            f"wrong key {key}: {hint}", where=Where(FILE), next_command=f"edit {FILE}"
        ) from error
