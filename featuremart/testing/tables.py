"""Small frames with a source's declared dtypes, and whole tables run by the engine that the worker runs."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa

from featuremart.batch.availability import known
from featuremart.batch.checks import Checks
from featuremart.batch.dtypes import ARROW, to_series
from featuremart.batch.engine import Engine
from featuremart.batch.frames import to_frame
from featuremart.batch.functions import load_functions
from featuremart.batch.inputs import days_read
from featuremart.batch.results import NotLossless, typed
from featuremart.catalog import read
from featuremart.catalog.model import TableKind
from featuremart.errors import ProblemsFound, UsageError, WorkFailed, did_you_mean
from featuremart.lake.columns import ColumnType
from featuremart.lake.days import Partition, parse_day, partition_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from featuremart.batch.frames import Prepared
    from featuremart.catalog.model import SourceSpec, TableSpec

Rows: TypeAlias = pd.DataFrame | Sequence[Mapping[str, Any]]
"""Rows of a source: a frame, or a list of dicts."""

_EXTRACTED_AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Repository:
    """The declarations of one repository.

    Parameters
    ----------
    root
        Its root: ``features`` and ``embulk/sources`` stand in it.
    """

    def __init__(self, root: Path) -> None:
        self._catalog, self._problems = read(root)

    def frame(self, source: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """Make the frame of a source that a function is handed.

        Parameters
        ----------
        source
            Its name.
        rows
            Column -> value; what is left out is null, and its column then nullable.

        Raises
        ------
        UsageError
            For an unknown source or column, or a value that is not of the column's type.
        """
        spec = self._source(source)
        given = list(rows)
        batch = _from_dicts(spec, given)
        missing = {name for name in batch.schema.names if batch.column(name).null_count}
        late = {column.name for column in spec.columns if not known(column, spec).with_event}
        return to_frame(batch, spec, nullable=frozenset(missing | late))

    def read_csv(self, source: str, path: Path) -> pd.DataFrame:
        """Make the frame of a source of a CSV file with a header; an empty cell is null."""
        with path.open(newline="", encoding="utf-8") as text:
            rows = [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(text)]
        return self.frame(source, rows)

    def run(
        self,
        table: str | ModuleType,
        sources: Mapping[str, Rows],
        *,
        partition: str | None = None,
        extracted_at: dt.datetime | None = None,
    ) -> pd.DataFrame:
        """Run a table, check its result, and return it as a frame.

        Parameters
        ----------
        table
            ``<model>.<table>``, the module's dotted name, or the module.
        sources
            Rows of each source that the table reads, by name.
        partition
            ISO day; see :func:`featuremart.testing.plugin.run_table`.
        extracted_at
            Snapshot tables: when the source was read; the beginning of 2026 if not given.

        Raises
        ------
        UsageError
            Where the table is not known, or its sources are not given.
        WorkFailed
            As the worker fails; or a feature of an event depends on other events.
        """
        spec = self._table(table.__name__ if isinstance(table, ModuleType) else table)
        absent = [name for name in spec.sources if name not in sources]
        unknown = [name for name in sources if name not in spec.sources]
        if absent or unknown:
            given = f"got {', '.join(sources) or 'none'}"
            raise UsageError(f"{spec.id} reads {', '.join(spec.sources)}; {given}", where=spec.where)
        trial = _Trial(spec, {name: self._source(name) for name in spec.sources}, sources)
        outputs = [trial.run(day, extracted_at or _EXTRACTED_AT) for day in trial.days(partition)]
        return _as_frame(outputs, spec)

    def _source(self, name: str) -> SourceSpec:
        self._refuse_problems("embulk/sources/")
        return self._catalog.source(name)

    def _table(self, name: str) -> TableSpec:
        wanted = name.removeprefix("features.")
        self._refuse_problems(f"features/{wanted.partition('.')[0]}/", "embulk/sources/")
        return self._catalog.table(wanted)

    def _refuse_problems(self, *folders: str) -> None:
        found = [problem for problem in self._problems if problem.where.file.startswith(folders)]
        if found:
            raise ProblemsFound(found)


class _Trial:
    """One table with the rows that it is tried on."""

    def __init__(self, table: TableSpec, sources: Mapping[str, SourceSpec], rows: Mapping[str, Rows]) -> None:
        batches = {name: _batch(sources[name], given) for name, given in rows.items()}
        self._table = table
        self._sources = {name: _without_absent(spec, batches[name], table) for name, spec in sources.items()}
        self._engine = Engine(table, self._sources, load_functions(table))
        self._checks = Checks(table)
        self._rows = {name: _by_day(self._sources[name], batch) for name, batch in batches.items()}

    def days(self, partition: str | None) -> list[Partition]:
        """Return the partitions to run."""
        if self._table.kind is TableKind.SNAPSHOT:
            return [None]
        if partition is not None:
            return [parse_day(partition)]
        given = sorted(day for day in self._rows[self._table.source] if day is not None)
        if not given:
            raise UsageError(
                f"no rows of {self._table.source} and no partition", next_command='partition="YYYY-MM-DD"'
            )
        return list(given) if self._table.kind is TableKind.ROW else [given[-1]]

    def run(self, partition: Partition, extracted_at: dt.datetime) -> pa.RecordBatch:
        """Run one partition as the worker does, and a table of events in halves beside it."""
        own = self._rows[self._table.source].get(partition)
        count = own.num_rows if own is not None else 0
        output = self._compute(partition, extracted_at, slice(None))
        self._checks.enforce(partition_label(partition), output, source_rows=count)
        if self._table.kind is TableKind.ROW and count > 1:
            halves = [self._compute(partition, extracted_at, slice(start, None, 2)) for start in (0, 1)]
            self._compare(output, pa.concat_batches(halves), partition_label(partition))
        return output

    def _compute(self, partition: Partition, extracted_at: dt.datetime, part: slice) -> pa.RecordBatch:
        prepared: dict[str, list[Prepared]] = {}
        for name, days in days_read(self._table, self._sources, partition).items():
            columns = [column.name for column in self._engine.columns(name)]
            prepared[name] = []
            for day in days:
                rows = self._rows[name].get(day, _from_dicts(self._sources[name], []))
                if name == self._table.source and day == partition:
                    rows = rows.take(pa.array(range(rows.num_rows)[part], pa.int64()))
                prepared[name].append(self._engine.prepare(name, day, rows.select(columns)))
        return self._engine.compute(partition, prepared, extracted_at=extracted_at)

    def _compare(self, whole: pa.RecordBatch, halves: pa.RecordBatch, label: str) -> None:
        order = [
            (str(self._table.event_time), "ascending"),
            *((key, "ascending") for key in self._table.keys),
        ]
        halves = halves.sort_by(order)
        for feature in self._table.computed:
            if not whole.column(feature.name).equals(halves.column(feature.name)):
                raise WorkFailed(
                    f"{self._table.id}, partition {label}, feature {feature.name}: its values change when other rows "
                    "are not there, so an event would be told what happens after it",
                    where=feature.where,
                    next_command="compute it from the row alone, or in a table with source=window(...)",
                )


def _batch(source: SourceSpec, rows: Rows) -> pa.RecordBatch:
    return _from_frame(source, rows) if isinstance(rows, pd.DataFrame) else _from_dicts(source, rows)


def _from_frame(source: SourceSpec, frame: pd.DataFrame) -> pa.RecordBatch:
    _refuse_unknown(source, frame.columns)
    arrays = {}
    for column in source.columns:
        if column.name not in frame.columns:
            arrays[column.name] = pa.nulls(len(frame), ARROW[column.type])
            continue
        try:
            arrays[column.name] = typed(frame[column.name], column.type)
        except NotLossless as error:
            raise UsageError(
                f"{source.name}.{column.name} is {column.type}: {error.cause}", where=source.where
            ) from error
    return pa.record_batch(arrays)


def _from_dicts(source: SourceSpec, rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    _refuse_unknown(source, dict.fromkeys(name for row in rows for name in row))
    arrays = {}
    for column in source.columns:
        try:
            values = [_value(row.get(column.name), column.type) for row in rows]
            arrays[column.name] = pa.array(values, ARROW[column.type])
        except (ValueError, TypeError, KeyError, ArithmeticError, pa.ArrowException) as error:
            raise UsageError(
                f"{source.name}.{column.name} is {column.type}: {error}", where=source.where
            ) from error
    return pa.record_batch(arrays)


def _refuse_unknown(source: SourceSpec, names: Iterable[str]) -> None:
    declared = [column.name for column in source.columns]
    unknown = [name for name in names if name not in declared and name != "partition_day"]
    if unknown:
        hint = did_you_mean(unknown[0], declared)
        raise UsageError(f"source {source.name} has no column {unknown[0]}: {hint}", where=source.where)


def _instant(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


_READERS: dict[ColumnType, Callable[[str], Any]] = {
    ColumnType.INT64: int,
    ColumnType.FLOAT64: float,
    ColumnType.BOOL: {"true": True, "false": False}.__getitem__,
    ColumnType.BYTES: str.encode,
    ColumnType.DATE: dt.date.fromisoformat,
    ColumnType.DATETIME: dt.datetime.fromisoformat,
    ColumnType.TIMESTAMP: _instant,
    ColumnType.NUMERIC: Decimal,
}
"""How a cell that is written as text is read."""


def _value(value: Any, declared: ColumnType) -> Any:
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - NaN
        return None
    reader = _READERS.get(declared)
    return reader(value) if reader is not None and isinstance(value, str) else value


def _without_absent(source: SourceSpec, rows: pa.RecordBatch, table: TableSpec) -> SourceSpec:
    """Let a column be null that no row gives: a test names what its features need."""
    left_out = {c.name for c in source.columns if c.required and rows.column(c.name).null_count}
    needed = {*table.keys, source.event_time} if source.name == table.source else {source.event_time}
    if table.kind is TableKind.ROW:
        needed |= {p.column for f in table.computed for p in f.parameters if p.source == source.name}
    if missing := sorted(left_out & needed):
        raise UsageError(
            f"rows of {source.name} lack {missing[0]}, which {table.id} needs", where=source.where
        )
    columns = tuple(replace(c, required=False) if c.name in left_out else c for c in source.columns)
    return replace(source, columns=columns)


def _by_day(source: SourceSpec, rows: pa.RecordBatch) -> dict[Partition, pa.RecordBatch]:
    if source.event_time is None:
        return {None: rows}
    zone = ZoneInfo(source.timezone)
    days = [moment.astimezone(zone).date() for moment in rows.column(source.event_time).to_pylist()]
    return {
        day: rows.take(pa.array([at for at, other in enumerate(days) if other == day]))
        for day in dict.fromkeys(days)
    }


def _as_frame(outputs: Sequence[pa.RecordBatch], table: TableSpec) -> pd.DataFrame:
    rows = pa.concat_batches(list(outputs))
    index = pd.RangeIndex(rows.num_rows)
    columns = {
        column.name: to_series(
            rows.column(column.name), column.type, nullable=not column.required, index=index, name=column.name
        )
        for column in table.output_columns
    }
    return pd.DataFrame(columns)
