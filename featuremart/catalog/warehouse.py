"""Schemas of the warehouse's tables: ``embulk/warehouse/<dataset>.<table>.json``, as ``bq show --schema`` prints them.

They are committed, so that a query is judged on any machine, without asking the warehouse.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, field_validator

from featuremart.errors import Problem, UsageError, Where

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = "embulk/warehouse"
_TABLE = re.compile(r"[A-Za-z0-9_]+\.[A-Za-z0-9_-]+")
_LEGACY = {
    "INTEGER": "INT64",
    "FLOAT": "FLOAT64",
    "BOOLEAN": "BOOL",
    "RECORD": "STRUCT",
    "DECIMAL": "NUMERIC",
}
_TYPES = frozenset(
    {"INT64", "FLOAT64", "BOOL", "STRING", "BYTES", "DATE", "DATETIME", "TIME", "TIMESTAMP", "NUMERIC", "BIGNUMERIC",
     "GEOGRAPHY", "JSON", "INTERVAL", "STRUCT", "RANGE"}
)  # fmt: skip


class WarehouseColumn(BaseModel):
    """A column of a warehouse table.

    Parameters
    ----------
    name
        As BigQuery has it.
    type
        Its GoogleSQL type; the older spellings of the API (``INTEGER``) are read too. ``STRUCT`` has ``fields``.
    mode
        ``NULLABLE``, ``REQUIRED`` or ``REPEATED``.
    description
        What it means.
    fields
        Of a ``STRUCT``.
    """

    # the API adds keys as it grows (policy tags, collation ...); none of them changes a query's columns
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    type: str
    mode: str = "NULLABLE"
    description: str = ""
    fields: tuple[WarehouseColumn, ...] = ()

    @field_validator("name")
    @classmethod
    def _quotable_name(cls, value: str) -> str:
        # BigQuery takes no other names either; these two would end a quoted one
        if not value or not value.isprintable() or any(character in value for character in "`\\"):
            raise ValueError(f"{value!r} is no name of a column")
        return value

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        name = _LEGACY.get(value.upper(), value.upper())
        if name not in _TYPES:
            raise ValueError(f"there is no type {value!r}")
        return name


TableSchema: TypeAlias = "tuple[WarehouseColumn, ...]"
_SCHEMA = TypeAdapter(tuple[WarehouseColumn, ...])


def parse_schema(document: Any) -> TableSchema:
    """Read a schema.

    Parameters
    ----------
    document
        What ``bq show --schema`` prints, or ``schema.fields`` of a table in BigQuery's REST API.

    Raises
    ------
    pydantic.ValidationError
        Where it is no schema.
    """
    return _SCHEMA.validate_python(document)


def load_schemas(root: Path) -> tuple[dict[str, TableSchema], list[Problem]]:
    """Read all committed schemas.

    Parameters
    ----------
    root
        The repository's root.

    Returns
    -------
    tuple
        Schemas by ``dataset.table``, and what is wrong with the files.
    """
    schemas: dict[str, TableSchema] = {}
    problems: list[Problem] = []
    for path in sorted((root / FOLDER).glob("*.json")):
        where = Where(path.relative_to(root).as_posix())
        if not _TABLE.fullmatch(path.stem):
            problems.append(Problem(where, "the name is not <dataset>.<table>.json", "rename it"))
            continue
        try:
            schemas[path.stem] = parse_schema(json.loads(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            problems.append(
                Problem(where, f"this is no table schema: {place}: {first['msg']}", how_to_get(path.stem))
            )
        except json.JSONDecodeError as error:
            at = Where(where.file, error.lineno)
            problems.append(Problem(at, f"this is no JSON: {error.msg}", how_to_get(path.stem)))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(where, f"cannot be read: {error}", how_to_get(path.stem)))
    return schemas, problems


def schema_file(table: str) -> str:
    """Return the path of a table's schema, relative to the repository's root.

    Raises
    ------
    UsageError
        Where the name is not ``dataset.table``.
    """
    if not _TABLE.fullmatch(table):
        raise UsageError(f"{table!r} names no table", next_command="write it as dataset.table")
    return f"{FOLDER}/{table}.json"


def schema_text(columns: Iterable[WarehouseColumn]) -> str:
    """Return a schema as its file holds it."""
    document = [column.model_dump(mode="json", exclude_defaults=True) for column in columns]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write_schema(root: Path, table: str, columns: Iterable[WarehouseColumn]) -> Path:
    """Write a table's schema into the repository, for example the one that the warehouse has now.

    Parameters
    ----------
    root
        The repository's root.
    table
        ``dataset.table``.
    columns
        Its columns.

    Returns
    -------
    pathlib.Path
        The file.
    """
    path = root / schema_file(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(schema_text(columns), encoding="utf-8")
    return path


def how_to_get(table: str) -> str:
    """Return the command that fetches a table's schema."""
    return f"bq show --schema --format=prettyjson {table} > {FOLDER}/{table}.json"
