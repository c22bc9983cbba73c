"""What the catalog holds: frozen descriptions of models, feature tables, features and sources."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from featuremart.errors import UsageError, Where, did_you_mean
from featuremart.lake.columns import Column, ColumnType


class TableKind(StrEnum):
    """How a feature table reads its source."""

    ROW = "row"
    WINDOW = "window"
    SNAPSHOT = "snapshot"


class ParameterKind(StrEnum):
    """What a parameter of a feature function names."""

    COLUMN = "column"
    """A column of the table's source: a Series."""
    FEATURE = "feature"
    """Another feature of the same table: a Series."""
    LOOKUP = "lookup"
    """``<source>__<column>``, joined as of the event time: a Series."""
    SOURCE = "source"
    """A whole source: a DataFrame."""


@dataclass(frozen=True)
class Known:
    """When a column's value is known.

    Parameters
    ----------
    at
        Name of the TIMESTAMP column that says so; None for the event time.
    delay
        Time after that.
    """

    at: str | None = None
    delay: dt.timedelta = dt.timedelta(0)

    @property
    def with_event(self) -> bool:
        """Whether the value is known at the event time itself."""
        return self.at is None and not self.delay


@dataclass(frozen=True)
class SourceColumn(Column):
    """A column of a source, as its header declares it.

    Parameters
    ----------
    about
        What it means, one line.
    known
        When it is known.
    line
        Line of the file that declares it.
    """

    about: str = ""
    known: Known = Known()
    line: int = 0


@dataclass(frozen=True)
class Refresh:
    """When a source is extracted again although its query did not change.

    Parameters
    ----------
    rule
        ``on change`` (of what the query reads), ``always``, ``after`` or ``never``.
    days
        For ``after``: this many days after the last extraction.
    """

    rule: str = "on change"
    days: int = 0


@dataclass(frozen=True)
class SourceSpec:
    """One file of ``embulk/sources``: a query on the warehouse.

    Parameters
    ----------
    name
        The file's name without ``.sql``.
    where
        The file.
    what, owner
        From the header.
    sql
        The query without its header; may use the parameters ``@first_day`` and ``@last_day`` (DATE).
    columns
        Declared columns in the query's order, without ``partition_day``.
    event_time
        Name of the TIMESTAMP column that a row happened at; None for a snapshot source.
    timezone
        IANA name: ``partition_day`` is the day of the event time there.
    first_day
        Nothing is earlier; windows are clipped to it. None for a snapshot source.
    min_rows
        Fewer rows a partition fail the extraction.
    refresh
        When to extract again.
    tables_read
        ``dataset.table`` names that the query reads, sorted.
    sql_line
        Line of the file that ``sql`` begins on.
    """

    name: str
    where: Where
    what: str
    owner: str
    sql: str
    columns: tuple[SourceColumn, ...]
    event_time: str | None = None
    timezone: str = "UTC"
    first_day: dt.date | None = None
    min_rows: int = 1
    refresh: Refresh = Refresh()
    tables_read: tuple[str, ...] = ()
    sql_line: int = 1

    @property
    def is_snapshot(self) -> bool:
        """Whether the source has no days."""
        return self.event_time is None

    def column(self, name: str) -> SourceColumn:
        """Return one column by name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class Docstring:
    """A docstring, taken apart.

    Parameters
    ----------
    summary
        First sentence, one line.
    body
        Text between the summary and the first section.
    sections
        ``Why``, ``Tendency`` and the like, in order: ``(title, text)``.
    """

    summary: str
    body: str = ""
    sections: tuple[tuple[str, str], ...] = ()

    def section(self, title: str) -> str:
        """Return a section's text, empty where there is none."""
        return dict(self.sections).get(title, "")


@dataclass(frozen=True)
class Check:
    """What ``@check`` demands of one feature's values.

    Parameters
    ----------
    between
        Lowest and highest allowed value, both included; None for an open end.
    nulls
        Whether nulls are allowed; a number from 0 to 1 is the highest allowed share.
    unique
        Whether values may not repeat within a partition.
    isin
        Allowed values.
    matches
        Regular expression that every text must match from beginning to end.
    """

    between: tuple[Any, Any] | None = None
    nulls: bool | float = True
    unique: bool = False
    isin: tuple[Any, ...] | None = None
    matches: str | None = None


@dataclass(frozen=True)
class Parameter:
    """One parameter of a feature function.

    Parameters
    ----------
    name
        As written in the function.
    kind
        What it names.
    source, column
        For a column or lookup: where the value comes from. For a source: its name, and no column.
    """

    name: str
    kind: ParameterKind
    source: str = ""
    column: str = ""


@dataclass(frozen=True)
class FeatureSpec:
    """One public function of a feature table.

    Parameters
    ----------
    name
        The function's and the column's name.
    where
        File and line of its ``def``.
    type
        From the return annotation.
    parameters
        In the function's order.
    doc
        Its docstring.
    check
        What its values must obey.
    rejected
        The finding that rejected it; None for a feature that is computed.
    """

    name: str
    where: Where
    type: ColumnType
    parameters: tuple[Parameter, ...]
    doc: Docstring
    check: Check = Check()
    rejected: str | None = None

    @property
    def required(self) -> bool:
        """Whether its column refuses NULL."""
        return self.check.nulls is False


@dataclass(frozen=True)
class Lookup:
    """A second source, joined as of the event time.

    Parameters
    ----------
    source
        Its name, and the prefix of the looked-up parameters.
    on
        Columns that must be equal in both sources.
    tolerance
        The oldest value that is still used.
    """

    source: str
    on: tuple[str, ...]
    tolerance: dt.timedelta


@dataclass(frozen=True)
class TableRules:
    """What the whole table must obey, beside its unique and non-null keys.

    Parameters
    ----------
    min_rows
        Fewer rows a partition fail the transform.
    rows_match_source
        Row tables: as many rows as the source partition. Always true for them, false for the others.
    """

    min_rows: int = 0
    rows_match_source: bool = False


@dataclass(frozen=True)
class Resources:
    """What one Fargate task gets.

    Parameters
    ----------
    cpu
        In ECS units, 1024 a vCPU.
    memory
        MiB.
    spot
        Whether Fargate Spot may be used.
    deadline
        The task is stopped after this time.
    """

    cpu: int = 1024
    memory: int = 4096
    spot: bool = True
    deadline: dt.timedelta = dt.timedelta(hours=1)


@dataclass(frozen=True)
class TableSpec:
    """One module of a model: a feature table.

    Parameters
    ----------
    model, name
        ``<model>.<table>``; the mart table is ``<model>__<table>``.
    where
        The module's file, and the line of its declaration.
    module
        Dotted import name, for example ``features.flight_delay.timetable``.
    kind
        Row, window or snapshot.
    source
        Name of the source it is computed from.
    keys
        Columns that identify a row.
    key_columns
        The keys as typed columns, all required.
    event_time
        Row tables: the source's event time column. None otherwise.
    window_days
        Window tables: the days read, counting the partition day itself.
    delay
        Window tables: added to D+1 00:00 in ``available_at``.
    lookups
        Further sources.
    features
        All features in file order, the rejected ones included.
    doc
        The module's docstring.
    owner
        The model's, or the table's own.
    rules
        Checks of the whole table.
    resources
        Size of its task.
    code_fingerprint
        Hash of everything that decides its values but data.
    python_fingerprint
        The part of it that is Python code: what the worker can compare with its image.
    doc_fingerprint
        Hash of its texts.
    """

    model: str
    name: str
    where: Where
    module: str
    kind: TableKind
    source: str
    keys: tuple[str, ...]
    key_columns: tuple[Column, ...]
    features: tuple[FeatureSpec, ...]
    doc: Docstring
    owner: str
    event_time: str | None = None
    window_days: int = 0
    delay: dt.timedelta = dt.timedelta(0)
    lookups: tuple[Lookup, ...] = ()
    rules: TableRules = TableRules()
    resources: Resources = Resources()
    code_fingerprint: str = ""
    python_fingerprint: str = ""
    doc_fingerprint: str = ""

    @property
    def id(self) -> str:
        """Return ``<model>.<table>``."""
        return f"{self.model}.{self.name}"

    @property
    def mart_name(self) -> str:
        """Return the mart table's name."""
        return f"{self.model}__{self.name}"

    @property
    def computed(self) -> tuple[FeatureSpec, ...]:
        """Return the features that are not rejected, in file order."""
        return tuple(feature for feature in self.features if feature.rejected is None)

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the names of all sources it reads, its own first."""
        return (self.source, *(lookup.source for lookup in self.lookups))

    @property
    def output_columns(self) -> tuple[Column, ...]:
        """Return the columns of its Parquet and of its mart table, in order.

        ``partition_day`` (not for a snapshot), the keys, the event time (row tables, unless a key),
        ``available_at``, then the computed features.
        """
        from featuremart.lake.columns import AVAILABLE_AT, PARTITION_COLUMN

        columns: list[Column] = [] if self.kind is TableKind.SNAPSHOT else [PARTITION_COLUMN]
        columns += self.key_columns
        if self.event_time is not None and self.event_time not in self.keys:
            columns.append(Column(self.event_time, ColumnType.TIMESTAMP, required=True))
        columns.append(AVAILABLE_AT)
        columns += [Column(feature.name, feature.type, feature.required) for feature in self.computed]
        return tuple(columns)


@dataclass(frozen=True)
class ModelSpec:
    """One package under ``features/``.

    Parameters
    ----------
    name
        The package's name.
    where
        Its ``__init__.py`` and the line of its declaration.
    owner, predicts
        Who answers for it, and what it predicts.
    resources
        Default size of its tasks.
    tables
        By name, in order of names.
    doc
        The package's docstring.
    """

    name: str
    where: Where
    owner: str
    predicts: str
    resources: Resources
    tables: dict[str, TableSpec]
    doc: Docstring = Docstring("")


@dataclass(frozen=True)
class Catalog:
    """Everything that is declared.

    Parameters
    ----------
    models, sources
        By name.
    source_fingerprints
        Code fingerprint of each source: its normalised SQL and declared configuration.
    """

    models: dict[str, ModelSpec] = field(default_factory=dict)
    sources: dict[str, SourceSpec] = field(default_factory=dict)
    source_fingerprints: dict[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> dict[str, TableSpec]:
        """Return all tables by id ``<model>.<table>``."""
        return {table.id: table for model in self.models.values() for table in model.tables.values()}

    def model(self, name: str) -> ModelSpec:
        """Return a model, or raise :class:`UsageError` with the nearest names."""
        if name not in self.models:
            raise UsageError(
                f"no model {name!r}: {did_you_mean(name, self.models)}", next_command="mart tables"
            )
        return self.models[name]

    def table(self, name: str) -> TableSpec:
        """Return a table by ``<model>.<table>`` (or its mart name), or raise with the nearest names."""
        tables = self.tables
        wanted = name.replace("__", ".", 1)
        if wanted not in tables:
            raise UsageError(
                f"no feature table {name!r}: {did_you_mean(wanted, tables)}", next_command="mart tables"
            )
        return tables[wanted]

    def source(self, name: str) -> SourceSpec:
        """Return a source, or raise :class:`UsageError` with the nearest names."""
        if name not in self.sources:
            hint = did_you_mean(name, self.sources)
            raise UsageError(f"no source {name!r}: {hint}", next_command="ls embulk/sources")
        return self.sources[name]
