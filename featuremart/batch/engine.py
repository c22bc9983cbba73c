"""The pure core: one partition's rows in, the same partition of the feature table out.

Functions are called once a partition with exactly that partition's rows, in one order, whatever range was asked:
a range shares processes and reads, never calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from featuremart.batch.availability import columns_needed, known, settle
from featuremart.batch.dtypes import ARROW, arrow_schema, empty_batch, in_memory_schema
from featuremart.batch.failures import examples, failed, shown
from featuremart.batch.frames import Prepared, in_order, refuse_duplicates, verify_day
from featuremart.batch.functions import call
from featuremart.batch.grains import Events, Grain, Groups, Misshapen
from featuremart.batch.inputs import day_bounds
from featuremart.batch.lookups import look_up
from featuremart.batch.results import NotLossless, typed
from featuremart.batch.windows import window_rows
from featuremart.catalog.graph import feature_order, needed_features
from featuremart.catalog.model import ParameterKind, TableKind
from featuremart.errors import WorkFailed
from featuremart.lake.columns import ColumnType
from featuremart.lake.days import partition_label

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from featuremart.catalog.model import FeatureSpec, Parameter, SourceColumn, SourceSpec, TableSpec
    from featuremart.lake.days import Partition


class Engine:
    """Computes partitions of one table.

    Parameters
    ----------
    table
        Its declaration.
    sources
        Declarations of the sources that it reads.
    functions
        Feature name -> function.

    Raises
    ------
    WorkFailed
        Where a row table takes a column that is not known at the event time.
    """

    def __init__(
        self,
        table: TableSpec,
        sources: Mapping[str, SourceSpec],
        functions: Mapping[str, Callable[..., Any]],
    ) -> None:
        self.table = table
        self._sources = sources
        self._own = sources[table.source]
        self._functions = functions
        self._order = feature_order(_needed(table))
        if table.kind is TableKind.ROW:
            self._refuse_the_future()

    def columns(self, source: str) -> tuple[SourceColumn, ...]:
        """Return the columns of a source that the table needs, in the source's order."""
        spec = self._sources[source]
        if self.table.kind is not TableKind.ROW:
            return spec.columns
        names = {p.column for p in self._parameters() if p.source == source and p.column}
        if source == self.table.source:
            names |= {*self.table.keys, *(key for lookup in self.table.lookups for key in lookup.on)}
        names |= {key for lookup in self.table.lookups if lookup.source == source for key in lookup.on}
        return columns_needed(spec, names)

    def prepare(self, source: str, partition: Partition, rows: pa.RecordBatch) -> Prepared:
        """Verify the rows of one raw partition and bring them into the one order.

        Parameters
        ----------
        source
            Its name.
        partition
            The raw partition.
        rows
            Its rows with the columns that :meth:`columns` names.

        Raises
        ------
        WorkFailed
            Where a row happened on another day, or a lookup would have two answers.
        """
        spec = self._sources[source]
        rows = rows.cast(in_memory_schema(spec.column(name) for name in rows.schema.names))
        if partition is not None:
            verify_day(rows, spec, partition)
            for lookup in self.table.lookups:
                if lookup.source == source:
                    refuse_duplicates(rows, spec, lookup.on, partition)
        keys = self.table.keys if source == self.table.source else ()
        rows = in_order(rows, spec, keys)
        if self.table.kind is TableKind.WINDOW:
            return Prepared(*settle(rows, spec))
        return Prepared(rows)

    def compute(
        self,
        partition: Partition,
        rows: Mapping[str, Sequence[Prepared]],
        *,
        extracted_at: dt.datetime | None = None,
    ) -> pa.RecordBatch:
        """Compute one partition.

        Parameters
        ----------
        partition
            The partition day, None for a snapshot.
        rows
            Source name -> prepared raw partitions, in order of days: those that
            :func:`featuremart.batch.inputs.days_read` names.
        extracted_at
            Snapshot tables: when the source was read.

        Returns
        -------
        pyarrow.RecordBatch
            The table's output columns in order, typed; sorted by event time then keys, or by keys.

        Raises
        ------
        WorkFailed
            Where a function raises, or returns what its declaration does not say.
        """
        grain = self._grain(partition, rows, extracted_at)
        computed: dict[str, pa.Array] = {}
        if grain.rows.num_rows:
            handed = _Arguments(grain, computed, {feature.name: feature for feature in self._order})
            for feature in self._order:
                label = partition_label(partition)
                arguments = {p.name: handed.take(p) for p in feature.parameters}
                result = call(self._functions[feature.name], arguments, self.table, feature, label)
                computed[feature.name] = _accept(result, grain, feature, label)
        return self._output(partition, grain, computed)

    def _grain(
        self,
        partition: Partition,
        rows: Mapping[str, Sequence[Prepared]],
        extracted_at: dt.datetime | None,
    ) -> Grain:
        own = rows[self.table.source]
        if partition is None:
            if extracted_at is None:
                raise WorkFailed(f"the raw manifest of {self._own.name} does not say when it was extracted")
            return Groups(self.table, self._own, own[0].rows, extracted_at)
        if self.table.kind is TableKind.WINDOW:
            _, end = day_bounds(partition, self._own.timezone)
            return Groups(self.table, self._own, window_rows(own, self._own, end), end + self.table.delay)
        events = own[-1].rows
        return Events(self.table, events, self._looked_up(events, rows), self._sources)

    def _looked_up(
        self, events: pa.RecordBatch, rows: Mapping[str, Sequence[Prepared]]
    ) -> dict[str, pa.Array]:
        found: dict[str, pa.Array] = {}
        for lookup in self.table.lookups:
            wanted = {
                p.name: p.column
                for p in self._parameters()
                if p.kind is ParameterKind.LOOKUP and p.source == lookup.source
            }
            spec = self._sources[lookup.source]
            history = pa.concat_batches(
                [empty_batch(self.columns(lookup.source)), *(day.rows for day in rows[lookup.source])]
            )
            columns = look_up(
                events, str(self.table.event_time), history, spec, lookup, dict.fromkeys(wanted.values())
            )
            found |= {name: columns[column] for name, column in wanted.items()}
        return found

    def _output(self, partition: Partition, grain: Grain, computed: Mapping[str, pa.Array]) -> pa.RecordBatch:
        count = grain.rows.num_rows
        arrays = {name: grain.rows.column(name) for name in grain.rows.schema.names}
        arrays |= {feature.name: pa.nulls(0, ARROW[feature.type]) for feature in self.table.computed}
        arrays |= {"available_at": grain.available_at, **computed}
        if partition is not None:
            arrays["partition_day"] = pa.repeat(pa.scalar(partition, ARROW[ColumnType.DATE]), count)
        schema = arrow_schema(self.table.output_columns)
        return pa.record_batch([arrays[field.name].cast(field.type) for field in schema], schema=schema)

    def _parameters(self) -> Iterable[Parameter]:
        return (parameter for feature in self._order for parameter in feature.parameters)

    def _refuse_the_future(self) -> None:
        taken = [
            (f"feature {feature.name} takes {parameter.name}", parameter.column, feature.where)
            for feature in self._order
            for parameter in feature.parameters
            if parameter.kind is ParameterKind.COLUMN
        ]
        taken += [
            (f"the lookup {lookup.source} is joined on {name}", name, self.table.where)
            for lookup in self.table.lookups
            for name in lookup.on
        ]
        for what, name, where in taken:
            if not known(self._own.column(name), self._own).with_event:
                raise WorkFailed(
                    f"{what}, which is not known at {self.table.event_time}: it would tell the future",
                    where=where,
                    next_command="take it in a table with source=window(...), or leave it out",
                )


class _Arguments:
    """Hands out parameters: each is converted once, and no function can change what another is handed."""

    def __init__(
        self, grain: Grain, computed: Mapping[str, pa.Array], features: Mapping[str, FeatureSpec]
    ) -> None:
        self._grain = grain
        self._computed = computed
        self._features = features
        self._made: dict[str, pd.Series[Any] | pd.DataFrame] = {}

    def take(self, parameter: Parameter) -> pd.Series[Any] | pd.DataFrame:
        if parameter.name not in self._made:
            self._made[parameter.name] = self._make(parameter)
        # a shallow copy: pandas copies on write
        return self._made[parameter.name].copy(deep=False)

    def _make(self, parameter: Parameter) -> pd.Series[Any] | pd.DataFrame:
        if parameter.kind is not ParameterKind.FEATURE:
            return self._grain.argument(parameter)
        feature = self._features[parameter.name]
        array = self._computed[feature.name]
        # a required feature with nulls breaks its check later on; until then they must not turn into numbers
        nullable = not feature.required or array.null_count > 0
        return self._grain.feature(array, parameter, feature.type, nullable=nullable)


def _needed(table: TableSpec) -> list[FeatureSpec]:
    """Return the computed features, and the rejected ones that they take."""
    by_name = {feature.name: feature for feature in table.features}
    wanted = {feature.name for feature in table.computed}
    waiting = sorted(wanted)
    while waiting:
        for name in needed_features(by_name[waiting.pop()]):
            if name not in wanted:
                wanted.add(name)
                waiting.append(name)
    return [feature for feature in table.features if feature.name in wanted]


def _accept(result: Any, grain: Grain, feature: FeatureSpec, label: str) -> pa.Array:
    """Bring a result into the table's rows and the declared type, or say what is wrong with it."""
    table = grain.table
    if not isinstance(result, pd.Series):
        raise failed(table, label, f"it returned {_described(result)}, not a pandas Series", feature=feature)
    try:
        positions = grain.positions(result)
        array = typed(result, feature.type)
    except Misshapen as error:
        raise failed(table, label, str(error), feature=feature) from None
    except NotLossless as error:
        rows = examples(f"{grain.row_name(result, at)} -> {shown(result.iloc[at])}" for at in error.positions)
        raise failed(table, label, error.cause + (f": {rows}" if rows else ""), feature=feature) from error
    return array if positions is None else array.take(positions)


def _described(result: Any) -> str:
    if result is None:
        return "nothing (does it end with return?)"
    shape = f" of shape {result.shape}" if hasattr(result, "shape") else ""
    return f"{type(result).__module__}.{type(result).__qualname__}{shape}".removeprefix("builtins.")
