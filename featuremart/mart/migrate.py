"""Schema changes that lose or move values: only because a person wants them, and logged before and after.

What BigQuery can convert: https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules#coercion
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from featuremart.errors import MartError, UsageError, did_you_mean
from featuremart.lake.columns import AVAILABLE_AT, PARTITION_COLUMN, ColumnType
from featuremart.mart import metadata, records, sql

if TYPE_CHECKING:
    from collections.abc import Iterable

    from featuremart.mart.rest import Rest, TableInfo
    from featuremart.mart.table import MartTable

_WIDENED = {"INT64": {"NUMERIC", "FLOAT64"}, "NUMERIC": {"FLOAT64"}}
"""What ``ALTER COLUMN SET DATA TYPE`` takes, of the types that a feature may have."""


class Action(StrEnum):
    """What may be done to a column."""

    DROP = "drop"
    RENAME = "rename"
    RETYPE = "retype"


@dataclass(frozen=True)
class Migration:
    """One change that a person asks for.

    Parameters
    ----------
    action
        What to do.
    column
        To which column of the mart.
    to
        New name or type; empty for a drop, and for a retype to the type that the code says.
    """

    action: Action
    column: str
    to: str = ""


@dataclass(frozen=True)
class MigrationPlan:
    """What a migration would do.

    Parameters
    ----------
    table
        Table of the mart.
    migration
        With its name or type filled in.
    statement
        What will be sent to BigQuery.
    rows
        Rows of the table.
    values
        Rows in which the column has a value.
    effect
        What happens to them, in one sentence.
    then
        What to type afterwards; empty for nothing.
    """

    table: str
    migration: Migration
    statement: str
    rows: int
    values: int
    effect: str
    then: str = ""


def plan(rest: Rest, table: MartTable, migration: Migration) -> MigrationPlan:
    """Check what is asked for against the mart and the code, and tell what it would do.

    Parameters
    ----------
    rest
        BigQuery.
    table
        The table as the code says.
    migration
        What is asked for.

    Raises
    ------
    UsageError
        Where it cannot be done, or the next publish would undo it.
    """
    mart = rest.table(rest.environment.mart_dataset, table.name)
    if mart is None:
        raise UsageError(
            f"{table.name} was never published: there is nothing to change", next_command="mart tables"
        )
    names = [item.name for item in mart.columns]
    if migration.column not in names:
        hint = did_you_mean(migration.column, names)
        raise UsageError(
            f"{table.name} has no column {migration.column!r}: {hint}",
            next_command=f"mart describe {table.name}",
        )
    fixed = {PARTITION_COLUMN.name, AVAILABLE_AT.name, *table.keys, *mart.clustering}
    if migration.column in fixed:
        raise UsageError(
            f"{migration.column} names or places the rows of {table.name}: it cannot be changed",
            next_command="give the table another name: rename its module",
        )
    make = {Action.DROP: _drop, Action.RENAME: _rename, Action.RETYPE: _retype}[migration.action]
    change = make(table, mart, migration)
    name = metadata.full_name(rest.environment, table.name)
    counted = rest.query(
        f"SELECT COUNT(*), COUNT({sql.column(migration.column)}) FROM {name}", what=table.name
    )
    ((rows, values),) = counted.rows
    return MigrationPlan(
        table.name,
        change.migration,
        f"ALTER TABLE {name} {change.clause}",
        rows,
        values,
        change.effect,
        change.then,
    )


def run(rest: Rest, wanted: MigrationPlan, *, who: str, revision: str) -> None:
    """Do what was planned, with a row of ``mart_migrations`` before and after it.

    Parameters
    ----------
    rest
        BigQuery.
    wanted
        The plan that was confirmed.
    who
        Who confirmed it.
    revision
        Git revision of the code that it was planned with.
    """
    row = {
        "migration": secrets.token_hex(8),
        "table_name": wanted.table,
        "action": str(wanted.migration.action),
        "column_name": wanted.migration.column,
        "detail": wanted.migration.to,
        "statement": wanted.statement,
        "who": who,
        "revision": revision,
    }
    records.append_migration(rest, {**row, "status": "begun", "message": ""})
    try:
        rest.query(wanted.statement, what=f"migrate {wanted.table}")
    except MartError as error:
        records.append_migration(rest, {**row, "status": "failed", "message": error.message})
        raise
    records.append_migration(rest, {**row, "status": "done", "message": ""})


@dataclass(frozen=True)
class _Change:
    migration: Migration
    clause: str
    effect: str
    then: str = ""


def _drop(table: MartTable, mart: TableInfo, migration: Migration) -> _Change:
    del mart
    _need_not_computed(table, migration.column)
    clause = f"DROP COLUMN IF EXISTS {sql.column(migration.column)}"
    return _Change(migration, clause, f"the column {migration.column} and its values are removed for good")


def _rename(table: MartTable, mart: TableInfo, migration: Migration) -> _Change:
    new = migration.to
    if not new:
        raise UsageError(
            "rename needs the new name too",
            next_command=f"mart migrate {table.name} rename {migration.column} NEW",
        )
    _need_not_computed(table, migration.column)
    columns = {column.name: column for column in table.columns}
    if new not in columns:
        hint = did_you_mean(new, _new_names(table, mart))
        raise UsageError(
            f"the code of {table.name} has no feature {new!r}: {hint}",
            next_command="rename the function first",
        )
    existing = {item.name: item for item in mart.columns}
    if new in existing:
        raise UsageError(
            f"{table.name} has both columns, {migration.column} and {new}: it was published since the function "
            "was renamed",
            next_command=f"mart migrate {table.name} drop {migration.column}",
        )
    if existing[migration.column].type != columns[new].type:
        raise UsageError(
            f"{migration.column} is {existing[migration.column].type}, {new} is {columns[new].type}: "
            "a column is renamed with its type",
            next_command=f"mart migrate {table.name} retype {migration.column} {columns[new].type}",
        )
    clause = f"RENAME COLUMN {sql.column(migration.column)} TO {sql.column(new)}"
    return _Change(migration, clause, f"the values of {migration.column} stand under {new} from now on")


def _retype(table: MartTable, mart: TableInfo, migration: Migration) -> _Change:
    declared = next((column.type for column in table.columns if column.name == migration.column), None)
    text = migration.to.upper() or (declared or "")
    if text not in list(ColumnType):
        hint = did_you_mean(text, list(ColumnType)) if text else "name the type: the code does not compute it"
        raise UsageError(f"{text or 'a retype'} without a type of a feature: {hint}")
    if declared is not None and text != declared:
        raise UsageError(
            f"the code says that {migration.column} is {declared}: the next publish would refuse {text}",
            next_command=f"mart migrate {table.name} retype {migration.column} {declared}",
        )
    now = next(item for item in mart.columns if item.name == migration.column).full_type
    column = sql.column(migration.column)
    filled = Migration(migration.action, migration.column, text)
    if now == text:
        raise UsageError(f"{migration.column} is {now} already", next_command=f"mart describe {table.name}")
    if text in _WIDENED.get(now, set()):
        return _Change(
            filled, f"ALTER COLUMN {column} SET DATA TYPE {text}", f"its values become {text}, none is lost"
        )
    if declared is None:
        raise UsageError(
            f"BigQuery cannot turn {now} into {text}, and the code does not compute {migration.column} anew",
            next_command=f"mart migrate {table.name} drop {migration.column}",
        )
    return _Change(
        filled,
        f"DROP COLUMN IF EXISTS {column}",
        f"BigQuery cannot turn {now} into {text}: the values are removed, and are NULL until they are computed again",
        then="mart run, for the days that are published",
    )


def _need_not_computed(table: MartTable, column: str) -> None:
    if column in table.column_names:
        raise UsageError(
            f"{table.name} still computes {column}: the next publish would add it again",
            next_command=f"reject or remove the function {column} first",
        )


def _new_names(table: MartTable, mart: TableInfo) -> Iterable[str]:
    there = {item.name for item in mart.columns}
    return (name for name in table.column_names if name not in there)
