"""What one row of a table is, and what its functions are handed: an event, or one combination of key values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from featuremart.batch.availability import instant, known
from featuremart.batch.dtypes import ARROW, key_dtypes, to_series, to_values
from featuremart.batch.failures import examples, named_row, shown
from featuremart.batch.frames import to_frame
from featuremart.batch.results import ANNOTATIONS
from featuremart.catalog.model import ParameterKind
from featuremart.lake.columns import ColumnType

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from featuremart.catalog.model import Parameter, SourceSpec, TableSpec


class Misshapen(Exception):
    """A result is no Series, or its index is not the one that it must have."""


class Grain(ABC):
    """The rows of one partition of a table, and what its functions are handed.

    Attributes
    ----------
    table
        The table.
    rows
        Its key columns (and event time, for a table of events), one row for each row of the output, in the
        output's order.
    index
        Index of a feature of this table where another takes it as a parameter.
    available_at
        When each row may be used, as an Arrow array.
    """

    table: TableSpec
    rows: pa.RecordBatch
    index: pd.Index
    available_at: pa.Array

    @abstractmethod
    def argument(self, parameter: Parameter) -> pd.Series[Any] | pd.DataFrame:
        """Return what a function is handed for a parameter that names no feature."""

    @abstractmethod
    def positions(self, result: pd.Series[Any]) -> pa.Array | None:
        """Tell where in a result the value of each row is: null for none, None where it is in place already.

        Raises
        ------
        Misshapen
            Where the index cannot be brought into line.
        """

    @abstractmethod
    def row_name(self, result: pd.Series[Any], position: int) -> str:
        """Name the row that a value of a result belongs to, by its keys."""

    def feature(
        self, array: pa.Array, parameter: Parameter, declared: ColumnType, *, nullable: bool
    ) -> pd.Series[Any]:
        """Return a computed feature as another function takes it."""
        return to_series(array, declared, nullable=nullable, index=self.index, name=parameter.name)


class Events(Grain):
    """Rows of a source, one row of the table for each: functions are handed Series that share one RangeIndex.

    Parameters
    ----------
    table
        The table.
    rows
        One partition of its source, sorted.
    lookups
        Parameter name -> looked-up values.
    sources
        Declarations by name.
    """

    def __init__(
        self,
        table: TableSpec,
        rows: pa.RecordBatch,
        lookups: Mapping[str, pa.Array],
        sources: Mapping[str, SourceSpec],
    ) -> None:
        self.table = table
        self._all = rows
        self._lookups = lookups
        self._sources = sources
        self.index = pd.RangeIndex(rows.num_rows)
        self.rows = rows.select(list(dict.fromkeys([*table.keys, str(table.event_time)])))
        self.available_at = rows.column(str(table.event_time))

    def argument(self, parameter: Parameter) -> pd.Series[Any]:
        """Return a column of the source, or a looked-up one, as a Series."""
        if parameter.kind is ParameterKind.LOOKUP:
            # a lookup may find nothing, whatever the column's own mode
            array, nullable = self._lookups[parameter.name], True
        else:
            array, nullable = self._all.column(parameter.column), False
        column = self._sources[parameter.source].column(parameter.column)
        nullable = nullable or not column.required
        return to_series(array, column.type, nullable=nullable, index=self.index, name=parameter.name)

    def positions(self, result: pd.Series[Any]) -> None:
        """Demand the index of the parameters: another order or selection of rows is an error."""
        if len(result) != len(self.index):
            raise Misshapen(f"it returned {len(result)} values for {len(self.index)} rows")
        if result.index is self.index or result.index.equals(self.index):
            return
        first = next(at for at, label in enumerate(result.index) if label is not at and label != at)
        raise Misshapen(
            "its result has another index than its parameters: "
            f"row {first} is labelled {shown(result.index[first])} (leave the index alone: no sort_values, "
            "reset_index or pd.Series(...) without index=)"
        )

    def row_name(self, result: pd.Series[Any], position: int) -> str:
        """Name a row by its keys."""
        del result
        return named_row(self.table.keys, self.rows, position)


class Groups(Grain):
    """Combinations of key values: functions are handed the whole frame and return Series indexed by the keys.

    Parameters
    ----------
    table
        A window or snapshot table.
    source
        The table's source.
    rows
        All rows that the functions may see, sorted, with what is not known yet nulled.
    available_at
        From when on the table's values for this partition may be used.
    """

    def __init__(
        self, table: TableSpec, source: SourceSpec, rows: pa.RecordBatch, available_at: dt.datetime
    ) -> None:
        self.table = table
        late = (column.name for column in source.columns if not known(column, source).with_event)
        self._frame = to_frame(rows, source, nullable=frozenset(late))
        self._by_key: pd.DataFrame | None = None
        self.rows = _combinations(rows, table)
        self.index = _key_index(self.rows, table)
        self.available_at = pa.repeat(
            pa.scalar(instant(available_at)).cast(ARROW[ColumnType.TIMESTAMP]), self.rows.num_rows
        )

    def argument(self, parameter: Parameter) -> pd.Series[Any] | pd.DataFrame:
        """Return the source's frame, or of a snapshot one column of it, indexed by the keys."""
        if parameter.kind is ParameterKind.SOURCE:
            return self._frame
        keys = list(self.table.keys)
        if self._by_key is None:
            self._by_key = self._frame.dropna(subset=keys).set_index(keys, drop=False)
        return self._by_key[parameter.column].rename(parameter.name)

    def positions(self, result: pd.Series[Any]) -> pa.Array | None:
        """Bring the result's keys into the table's order; keys that it lacks are null."""
        self._check_index(result.index)
        if result.index.equals(self.index):
            return None
        extra = self.index.get_indexer(result.index) < 0
        if extra.any():
            labels = examples(shown(label) for label in result.index[extra])
            raise Misshapen(f"{int(extra.sum())} of its keys do not occur in {self.table.source}: {labels}")
        found = result.index.get_indexer(self.index)
        return pa.array(found, mask=found < 0)

    def row_name(self, result: pd.Series[Any], position: int) -> str:
        """Name a row by its label."""
        label = result.index[position]
        labels = label if len(self.table.keys) > 1 else (label,)
        return ", ".join(f"{key}={shown(part)}" for key, part in zip(self.table.keys, labels, strict=True))

    def _check_index(self, index: pd.Index) -> None:
        keys = self.table.keys
        wanted = f".groupby({list(keys) if len(keys) > 1 else keys[0]!r}) or .set_index(...) gives it"
        if tuple(index.names) != keys:
            named = ", ".join(map(repr, index.names))
            raise Misshapen(f"its index is named {named}, not {', '.join(map(repr, keys))}; {wanted}")
        for level, column in enumerate(self.table.key_columns):
            dtype = index.levels[level].dtype if isinstance(index, pd.MultiIndex) else index.dtype
            if dtype not in key_dtypes(column.type):
                raise Misshapen(
                    f"its index level {column.name} is {dtype}, the key is {ANNOTATIONS[column.type]}; {wanted}"
                )
        if not index.is_unique:
            twice = examples(shown(label) for label in index[index.duplicated()].unique())
            raise Misshapen(f"its index repeats keys: {twice}")


def _combinations(rows: pa.RecordBatch, table: TableSpec) -> pa.RecordBatch:
    """Return the combinations of key values that occur, without NULLs, sorted."""
    keys = pa.Table.from_batches([rows.select(list(table.keys))]).drop_null()
    unique = keys.group_by(list(table.keys), use_threads=False).aggregate([])
    unique = unique.sort_by([(key, "ascending") for key in table.keys]).combine_chunks()
    arrays = [
        unique.column(key).combine_chunks().cast(ARROW[column.type])
        for key, column in zip(table.keys, table.key_columns, strict=True)
    ]
    return pa.record_batch(arrays, names=list(table.keys))


def _key_index(rows: pa.RecordBatch, table: TableSpec) -> pd.Index:
    levels = [to_values(rows.column(c.name), c.type, nullable=False) for c in table.key_columns]
    single = len(levels) == 1
    index: pd.Index = (
        pd.Index(levels[0], name=table.keys[0])
        if single
        else pd.MultiIndex.from_arrays(levels, names=list(table.keys))
    )
    return index
