"""What must hold before anything leaves the worker: ``@check`` of each feature and the rules of the table.

pandera decides. Its checks are made once and asked one by one; only where one does not pass is the whole schema
validated, lazily, to name all failures and their rows: that takes three times as long as asking. Numbers whose lowest
and highest value lie within the bounds are let through unasked, as no value of theirs can lie outside.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from featuremart.batch.failures import examples, failed, named_row, shown
from featuremart.lake.columns import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from featuremart.catalog.model import Check, FeatureSpec, TableSpec

_MASKED = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
_NOT_NULL = "not_nullable"
_UNIQUE_KEYS = "multiple_fields_uniqueness"
_UNIQUE = "field_uniqueness"


class Checks:
    """The checks of one table.

    Parameters
    ----------
    table
        Its declaration.
    """

    def __init__(self, table: TableSpec) -> None:
        self.table = table
        self._checked = {f.name: f for f in table.computed if _demands(f)}
        self._demanded = {name: _column(feature) for name, feature in self._checked.items()}
        columns = {key: pandera.Column(nullable=False) for key in table.keys}
        self._schema = pandera.DataFrameSchema(columns | self._demanded, unique=list(table.keys))
        # pandera imports its backends when it is first asked: that is no partition's time
        pandera.Check.ge(0)(pd.Series([0]))

    def enforce(self, label: str, output: pa.RecordBatch, *, source_rows: int) -> None:
        """Refuse an output that breaks a check.

        Parameters
        ----------
        label
            Of the partition.
        output
            All of its rows, with the table's output columns.
        source_rows
            Rows of the same partition of the table's source.

        Raises
        ------
        WorkFailed
            Naming every broken check, each with up to five rows.
        """
        broken = [*self._counts(output.num_rows, source_rows), *self._values(output)]
        if not broken:
            return
        about = {feature for feature, _ in broken}
        only = self._checked.get(next(iter(about))) if len(about) == 1 else None
        lines = [f"{feature}: {text}" if feature and only is None else text for feature, text in broken]
        message = (
            lines[0] if len(lines) == 1 else f"{len(lines)} checks are broken\n    " + "\n    ".join(lines)
        )
        raise failed(self.table, label, message, feature=only)

    def _counts(self, rows: int, source_rows: int) -> Iterator[tuple[str, str]]:
        rules = self.table.rules
        if rows < rules.min_rows:
            yield "", f"it has {rows} rows, min_rows is {rules.min_rows}"
        if rules.rows_match_source and rows != source_rows:
            yield "", f"it has {rows} rows, its source {self.table.source} has {source_rows}"

    def _values(self, output: pa.RecordBatch) -> Iterator[tuple[str, str]]:
        if self._keys_pass(output) and all(
            self._passes(name, output.column(name)) for name in self._demanded
        ):
            return
        frame = pd.DataFrame({name: _comparable(output.column(name)) for name in self._schema.columns})
        try:
            self._schema.validate(frame, lazy=True, inplace=True)
        except pandera.errors.SchemaErrors as error:
            for (column, check), cases in error.failure_cases.groupby(["column", "check"], sort=False):
                yield from self._told(str(column), str(check), cases, output)

    def _keys_pass(self, output: pa.RecordBatch) -> bool:
        keys = pa.Table.from_batches([output.select(list(self.table.keys))])
        distinct = keys.group_by(keys.column_names, use_threads=False).aggregate([])
        return distinct.num_rows == keys.num_rows and not any(column.null_count for column in keys.columns)

    def _passes(self, name: str, array: pa.Array) -> bool:
        column = self._demanded[name]
        if array.null_count and not column.nullable:
            return False
        checks = column.checks[1:] if self._is_within(name, array) else column.checks
        if not checks and not column.unique:
            return True
        values = _comparable(array)
        if column.unique and values.dropna().duplicated().any():
            return False
        try:
            return all(check(values).check_passed for check in checks)
        except Exception:  # noqa: BLE001 - whatever it is, the schema meets it again and names it
            return False

    def _is_within(self, name: str, array: pa.Array) -> bool:
        """Whether a number's bounds, which are its first check, hold for the lowest and the highest value."""
        feature = self._checked[name]
        if feature.check.between is None or feature.type not in {ColumnType.INT64, ColumnType.FLOAT64}:
            return False
        low, high = feature.check.between
        found = pc.min_max(array).as_py()
        if found["min"] is None:
            return True
        return bool((low is None or low <= found["min"]) and (high is None or found["max"] <= high))

    def _told(
        self, column: str, check: str, cases: pd.DataFrame, output: pa.RecordBatch
    ) -> Iterator[tuple[str, str]]:
        keys, total = self.table.keys, output.num_rows
        rows = [int(at) for at in cases["index"].dropna().unique()]
        values = output.column(column)
        named = examples(f"{named_row(keys, output, at)} -> {shown(values[at].as_py())}" for at in rows)
        if check == _UNIQUE_KEYS:
            if column == keys[0]:
                repeated = examples(named_row(keys, output, at) for at in rows)
                yield (
                    "",
                    f"the keys {', '.join(keys)} are not unique, {len(rows)} of {total} rows repeat them: {repeated}",
                )
        elif check == _NOT_NULL and column in keys:
            yield "", f"the key {column} is NULL in {len(rows)} of {total} rows: {named}"
        elif check == _NOT_NULL:
            yield column, f"{len(rows)} of {total} values are NULL, @check(nulls=False) allows none: {named}"
        elif rows:
            demand = "unique=True" if check == _UNIQUE else check
            yield column, f"{len(rows)} of {total} values break @check({demand}): {named}"
        elif check.startswith("nulls="):
            yield column, f"{values.null_count} of {total} values are NULL, more than @check({check}) allows"
        else:
            yield column, f"@check({check}) cannot be decided: {shown(cases['failure_case'].iloc[0])}"


def _comparable(array: pa.Array) -> pd.Series[Any]:
    """Return values as pandas compares them fastest; dates and decimals as Arrow's, which knows what they are."""
    if pt.is_date(array.type) or pt.is_decimal(array.type) or pt.is_binary(array.type):
        return pd.Series(pd.arrays.ArrowExtensionArray(array))
    values: pd.Series[Any] = array.to_pandas(types_mapper=_MASKED.get if array.null_count else None)
    return values


def _demands(feature: FeatureSpec) -> bool:
    check = feature.check
    return (
        check.nulls is not True
        or check.unique
        or any(part is not None for part in (check.between, check.isin, check.matches))
    )


def _column(feature: FeatureSpec) -> Any:
    check = feature.check
    return pandera.Column(
        checks=list(_pandera_checks(check, feature.type)),
        nullable=check.nulls is not False,
        unique=check.unique,
    )


def _pandera_checks(check: Check, declared: ColumnType) -> Iterator[Any]:
    value = _READERS.get(declared, _as_it_is)
    if check.between is not None:
        low, high = (None if end is None else value(end) for end in check.between)
        error = f"between=({check.between[0]!r}, {check.between[1]!r})"
        if low is not None and high is not None:
            yield pandera.Check.in_range(low, high, error=error)
        elif low is not None:
            yield pandera.Check.ge(low, error=error)
        else:
            yield pandera.Check.le(high, error=error)
    if check.isin is not None:
        allowed = ", ".join(shown(part) for part in check.isin[:5]) + (", ..." if len(check.isin) > 5 else "")  # noqa: PLR2004
        yield pandera.Check.isin([value(part) for part in check.isin], error=f"isin=[{allowed}]")
    if check.matches is not None:
        yield pandera.Check(_matcher(check.matches), error=f"matches={check.matches!r}")
    if check.nulls is not True and check.nulls is not False:
        share = float(check.nulls)
        yield pandera.Check(
            lambda values: bool(values.isna().sum() <= share * len(values)),
            error=f"nulls={check.nulls}",
            ignore_na=False,
        )


def _matcher(pattern: str) -> Callable[[pd.Series[Any]], pd.Series[Any]]:
    """Return a check by Python's own ``re``: the catalog compiled the pattern with it, pandas may take another."""
    compiled = re.compile(pattern)

    def matches(values: pd.Series[Any]) -> pd.Series[Any]:
        good = [text for text in values.dropna().unique() if compiled.fullmatch(text)]
        return values.isin(good) | values.isna()

    return matches


def _as_it_is(value: Any) -> Any:
    return value


def _instant(value: Any) -> pd.Timestamp:
    stamp = pd.Timestamp(value)
    return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")


_READERS: dict[ColumnType, Callable[[Any], Any]] = {
    ColumnType.DATE: lambda value: dt.date.fromisoformat(str(value)),
    ColumnType.DATETIME: pd.Timestamp,
    ColumnType.TIMESTAMP: _instant,
    ColumnType.NUMERIC: lambda value: decimal.Decimal(str(value)),
    ColumnType.BYTES: lambda value: value if isinstance(value, bytes) else str(value).encode(),
}
"""How a limit is written in ``@check`` -> what the values compare with."""
