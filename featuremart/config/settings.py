"""Read ``mart.toml``: which environment is meant, and what it consists of."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from featuremart.errors import Problem, ProblemsFound, UsageError, Where, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

FILE = "mart.toml"
ROOT_VARIABLE = "MART_ROOT"
_SECTIONS = {"mart": "mart", "environment": "environment.local"}
_MART_KEYS = ("name", "environment")
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

    def declared(self, name: str | None = None) -> Environment:
        """Return an environment as ``mart.toml`` declares it, without looking for its servers.

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
        return self.environments[wanted]

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
        found = self.declared(name)
        if found.servers is None:
            return found
        return found.model_copy(update={"endpoints": _endpoints(self.root / found.servers)})


def _endpoints(path: Path) -> Endpoints:
    """Read the endpoints that the local servers left; none are known while they are down."""
    import json

    try:
        return Endpoints.model_validate(json.loads(path.read_text(encoding="utf-8"))["endpoints"])
    except (FileNotFoundError, NotADirectoryError):
        return Endpoints()
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path.name} is damaged: {error}", next_command="mart down && mart up") from error


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
        Where the file is missing or no TOML.
    ProblemsFound
        Where it lacks a key, or holds a wrong or unknown one: all of them in one go.
    """
    folder = root or find_root()
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        raise UsageError(
            f"no {FILE} in {folder}", next_command="cd into the repository of your mart"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = re.search(r"at line (\d+)", str(error))
        where = Where(FILE, int(line[1]) if line else 0)
        raise UsageError(f"this is no TOML: {error}", where=where, next_command=f"edit {FILE}") from error
    problems = list(_unknown_sections(document, text))
    environments: dict[str, Environment] = {}
    for name, body in _table(document, "environment").items():
        try:
            environments[name] = Environment.model_validate(
                {**body, "name": name} if isinstance(body, dict) else body
            )
        except ValidationError as error:
            problems += [_problem(found, f"environment.{name}", text) for found in error.errors()]
    mart = _table(document, "mart")
    default = str(mart.get("environment", "local"))
    if default not in environments and not problems:
        hint = did_you_mean(default, environments)
        problems.append(
            Problem(_where(text, "mart", "environment"), f"there is no environment {default!r}", hint)
        )
    if problems:
        raise ProblemsFound(problems)
    return Settings(
        root=folder, name=str(mart.get("name", folder.name)), default=default, environments=environments
    )


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _unknown_sections(document: dict[str, Any], text: str) -> Iterator[Problem]:
    """Find what nothing reads: a misspelt name would be silently without effect."""
    for key, value in document.items():
        if key not in _SECTIONS:
            yield Problem(_where(text, key), f"nothing reads {key}", did_you_mean(key, _SECTIONS))
        elif not isinstance(value, dict):
            yield Problem(_where(text, "", key), f"{key} is a section", f"write [{_SECTIONS[key]}]")
    for key in _table(document, "mart"):
        if key not in _MART_KEYS:
            yield Problem(
                _where(text, "mart", key), f"[mart] has no key {key}", did_you_mean(key, _MART_KEYS)
            )


def _problem(error: ErrorDetails, section: str, text: str) -> Problem:
    key = str(error["loc"][0]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        message, instead = f"[{section}] has no key {key}", did_you_mean(key, Environment.model_fields)
    elif error["type"] == "missing":
        message, instead = f"[{section}] lacks {key}", f"write {key} = ..."
    else:
        message, instead = f"[{section}] {key}: {error['msg']}", ""
    return Problem(_where(text, section, key), message, instead)


def _where(text: str, section: str, key: str = "") -> Where:
    """Return the line of a key, or of its section where the key is missing."""
    at, current = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            current = header[1]
            if current == section or (current.startswith(f"{section}.") and not at):
                at = number
        elif current == section and re.match(rf"\s*{re.escape(key)}\s*=", line):
            return Where(FILE, number)
    return Where(FILE, at)
