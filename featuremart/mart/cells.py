"""Values as BigQuery's REST interface writes them: results become Python values, Python values parameters.

Results are asked for with ``useInt64Timestamp``, so that no instant is rounded.
"""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_STANDARD = {
    "INTEGER": "INT64",
    "FLOAT": "FLOAT64",
    "BOOLEAN": "BOOL",
    "RECORD": "STRUCT",
    "DECIMAL": "NUMERIC",
}
_READERS: dict[str, Callable[[str], Any]] = {
    "INT64": int,
    "FLOAT64": float,
    "BOOL": lambda text: text == "true",
    "BYTES": base64.b64decode,
    "DATE": dt.date.fromisoformat,
    "TIME": dt.time.fromisoformat,
    "DATETIME": dt.datetime.fromisoformat,
    "TIMESTAMP": lambda text: _EPOCH + dt.timedelta(microseconds=int(text)),
    "NUMERIC": Decimal,
    "BIGNUMERIC": Decimal,
}


@dataclass(frozen=True)
class Field:
    """One column of a result or table, as BigQuery describes it.

    Parameters
    ----------
    name
        May be empty in a STRUCT.
    type
        GoogleSQL's name: ``INT64``, not ``INTEGER``.
    mode
        ``NULLABLE``, ``REQUIRED`` or ``REPEATED``.
    description
        Empty where there is none.
    fields
        Of a STRUCT.
    """

    name: str
    type: str
    mode: str = "NULLABLE"
    description: str = ""
    fields: tuple[Field, ...] = ()

    @property
    def full_type(self) -> str:
        """The type as GoogleSQL writes it, for example ``ARRAY<STRUCT<x INT64>>``."""
        inner = ", ".join(f"{item.name} {item.full_type}".strip() for item in self.fields)
        name = f"{self.type}<{inner}>" if self.fields else self.type
        return f"ARRAY<{name}>" if self.mode == "REPEATED" else name


def read_fields(resource: Mapping[str, Any]) -> tuple[Field, ...]:
    """Read a ``TableSchema``: ``{"fields": [...]}``."""
    return tuple(
        Field(
            name=item.get("name", ""),
            type=_STANDARD.get(item["type"], item["type"]),
            mode=item.get("mode") or "NULLABLE",
            description=item.get("description", ""),
            fields=read_fields(item),
        )
        for item in resource.get("fields", ())
    )


def read_rows(fields: Sequence[Field], rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Read rows ``{"f": [{"v": ...}]}``, each as a tuple of Python values in order of the fields.

    An array is a list, a STRUCT a dict; JSON, GEOGRAPHY, INTERVAL and RANGE stay text.
    """
    return [
        tuple(_read(item, cell["v"]) for item, cell in zip(fields, row["f"], strict=True)) for row in rows
    ]


def _read(item: Field, value: Any) -> Any:
    if item.mode == "REPEATED":
        return [_read_one(item, element["v"]) for element in value or ()]
    return _read_one(item, value)


def _read_one(item: Field, value: Any) -> Any:
    if value is None:
        return None
    if item.type == "STRUCT":
        return {
            inner.name: _read(inner, cell["v"]) for inner, cell in zip(item.fields, value["f"], strict=True)
        }
    return _READERS.get(item.type, str)(value)


Value = str | int | float | bool | dt.date | dt.datetime | None


@dataclass(frozen=True)
class Parameter:
    """A named query parameter.

    Parameters
    ----------
    name
        Written ``@name`` in the query.
    type
        ``STRING``, ``INT64``, ``FLOAT64``, ``BOOL``, ``DATE`` or ``TIMESTAMP``.
    value
        One value, or a tuple for an array.
    """

    name: str
    type: str
    value: Value | tuple[Value, ...]

    def to_api(self) -> dict[str, Any]:
        """Return it as a ``QueryParameter`` resource."""
        if isinstance(self.value, tuple):
            kind: dict[str, Any] = {"type": "ARRAY", "arrayType": {"type": self.type}}
            held: dict[str, Any] = {"arrayValues": [{"value": _write(item)} for item in self.value]}
        else:
            kind, held = {"type": self.type}, {"value": _write(self.value)}
        return {"name": self.name, "parameterType": kind, "parameterValue": held}


def _write(value: Value) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(sep=" ")
    return value.isoformat() if isinstance(value, dt.date) else str(value)
