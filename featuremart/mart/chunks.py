"""Parts of a query's result, as they come: rows of Python values, or Arrow where many are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from featuremart.mart.cells import Field

Row = tuple[Any, ...]


class Chunk(Protocol):
    """Some rows of a result, in order."""

    def rows(self) -> list[Row]:
        """Return them as tuples of Python values."""

    def arrow(self) -> pa.RecordBatch:
        """Return them as Arrow, typed as :func:`arrow_schema` says."""

    def first(self, count: int) -> Chunk:
        """Return the first rows alone."""

    def __len__(self) -> int:
        """Return how many they are."""


@dataclass(frozen=True)
class RowChunk:
    """Rows that came over REST.

    Parameters
    ----------
    fields
        The columns.
    values
        Tuples of Python values.
    """

    fields: tuple[Field, ...]
    values: list[Row]

    def rows(self) -> list[Row]:
        """Return them as they are."""
        return self.values

    def arrow(self) -> pa.RecordBatch:
        """Return them as Arrow."""
        import pyarrow as pa

        schema = arrow_schema(self.fields)
        columns = zip(*self.values, strict=True) if self.values else [()] * len(self.fields)
        return pa.record_batch(
            [pa.array(list(column), item.type) for column, item in zip(columns, schema, strict=True)],
            schema=schema,
        )

    def first(self, count: int) -> RowChunk:
        """Return the first rows alone."""
        return RowChunk(self.fields, self.values[:count])

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class ArrowChunk:
    """Rows that came over the Storage Read API.

    Parameters
    ----------
    batch
        In Arrow.
    """

    batch: pa.RecordBatch

    def rows(self) -> list[Row]:
        """Return them as tuples."""
        return list(zip(*(column.to_pylist() for column in self.batch.columns), strict=True))

    def arrow(self) -> pa.RecordBatch:
        """Return them as they are."""
        return self.batch

    def first(self, count: int) -> ArrowChunk:
        """Return the first rows alone."""
        return ArrowChunk(self.batch.slice(0, count))

    def __len__(self) -> int:
        rows: int = self.batch.num_rows
        return rows


def arrow_schema(fields: Sequence[Field]) -> pa.Schema:
    """Return the Arrow schema of some columns; types that Arrow has not are text."""
    import pyarrow as pa

    return pa.schema([pa.field(item.name, _arrow_type(item)) for item in fields])


def _arrow_type(item: Field) -> pa.DataType:
    import pyarrow as pa

    types: dict[str, pa.DataType] = {
        "INT64": pa.int64(),
        "FLOAT64": pa.float64(),
        "BOOL": pa.bool_(),
        "BYTES": pa.binary(),
        "DATE": pa.date32(),
        "TIME": pa.time64("us"),
        "DATETIME": pa.timestamp("us"),
        "TIMESTAMP": pa.timestamp("us", tz="UTC"),
        "NUMERIC": pa.decimal128(38, 9),
        "BIGNUMERIC": pa.decimal256(76, 38),
    }
    if item.type == "STRUCT":
        made = pa.struct([pa.field(inner.name, _arrow_type(inner)) for inner in item.fields])
    else:
        made = types.get(item.type, pa.string())
    return pa.list_(made) if item.mode == "REPEATED" else made
