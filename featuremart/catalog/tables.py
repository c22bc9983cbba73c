"""Feature tables: a module with ``table = FeatureTable(...)``."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from featuremart.authoring.durations import parse_duration
from featuremart.authoring.refusal import DeclarationError
from featuremart.authoring.sizes import need_size
from featuremart.authoring.tables import Snapshot, Window
from featuremart.catalog.declarations import line_of, make
from featuremart.catalog.docstrings import check_complete, parse_docstring
from featuremart.catalog.features import feature_functions, read_features
from featuremart.catalog.lookups import read_lookups
from featuremart.catalog.model import Docstring, ModelSpec, Resources, TableKind, TableRules, TableSpec
from featuremart.catalog.modules import DECLARATIONS
from featuremart.catalog.names import name_problem
from featuremart.catalog.parameters import Nameable, known_with_event, nameable
from featuremart.errors import did_you_mean
from featuremart.lake.columns import Column, ColumnType

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

    from featuremart.authoring import FeatureTable
    from featuremart.catalog.findings import Findings
    from featuremart.catalog.model import SourceSpec
    from featuremart.catalog.modules import Module


@dataclass(frozen=True)
class Surroundings:
    """What a table is judged against.

    Parameters
    ----------
    model
        The model that it belongs to; its tables are not there yet.
    sources
        All sources that can be read.
    broken
        Names of those that cannot: what is wrong with them is said elsewhere.
    """

    model: ModelSpec
    sources: Mapping[str, SourceSpec]
    broken: frozenset[str] = frozenset()


def find_declaration(module: Module, called: str, findings: Findings) -> ast.Call | None:
    """Find ``table = FeatureTable(...)`` or ``model = Model(...)`` in a module.

    Parameters
    ----------
    module
        The module.
    called
        ``FeatureTable`` or ``Model``.
    findings
        Collects calls under another name, further calls, and what else bears the name.

    Returns
    -------
    ast.Call or None
        The call, None where there is none.
    """
    wanted = DECLARATIONS[called]
    calls = [(names, call) for declared, names, call in module.calls if declared == called]
    for number, (names, call) in enumerate(calls):
        if number:
            message = f"a second {called} in one module"
            findings.add(call.lineno, message, "move it into a module of its own")
        elif names != wanted:
            findings.add(call.lineno, f"the {called} is called {names}", f"write {wanted} = {called}(...)")
    for binding in module.bindings.get(wanted, ()):
        if calls and not binding.declares:
            findings.add(
                binding.node.lineno, f"{wanted} is the name of the declaration", "choose another name"
            )
    return calls[0][1] if calls else None


def read_table(
    module: Module, around: Surroundings, findings: Findings
) -> tuple[TableSpec, FeatureTable] | None:
    """Read a feature table, finding all that is wrong with it.

    Parameters
    ----------
    module
        A public module of a model.
    around
        What it is judged against.
    findings
        Collects what is wrong.

    Returns
    -------
    tuple or None
        The table, without fingerprints, and its declaration; None where too little of it can be read.
    """
    wrong = name_problem(module.stem, what="a feature table")
    if wrong is not None:
        findings.add(0, *wrong)
    calls = [call for called, _, call in module.calls if called == "FeatureTable"]
    if not calls:
        count = len(feature_functions(module))
        message = f"no table = FeatureTable(...) in a module with {count} public function{'s' if count != 1 else ''}"
        findings.add(
            0, message, f"declare the table, or call the file _{module.stem}.py if it only holds helpers"
        )
        return None
    declared = read_declaration(module, findings)
    table = _Table(module, calls[0], around, findings).read(declared)
    return (table, declared) if table is not None and declared is not None else None


def read_declaration(module: Module, findings: Findings) -> FeatureTable | None:
    """Return what ``table = FeatureTable(...)`` of a module declares, None where it is absent or wrong."""
    call = find_declaration(module, "FeatureTable", findings)
    made = make(call, module, findings) if call is not None else None
    return made.made if made is not None else None


class _Table:
    """Reads one table."""

    def __init__(self, module: Module, call: ast.Call, around: Surroundings, findings: Findings) -> None:
        self.module = module
        self.call = call
        self.around = around
        self.findings = findings

    def read(self, declared: FeatureTable | None) -> TableSpec | None:
        """Read the table; what can be judged of its features is, also where the declaration is wrong."""
        doc = self._docstring()
        if declared is None:
            read_features(self.module, Nameable(is_whole=False), {}, self.findings)
            return None
        kind = _kind(declared)
        source = self._source(declared, kind)
        lookups = read_lookups(
            declared, self.around.sources, self.around.broken, self._line("lookups"), self.findings
        )
        names = nameable(
            kind,
            source,
            lookups,
            self.around.sources,
            self._feature_names(),
            is_whole=len(lookups) == len(declared.lookups),
        )
        features = read_features(self.module, names, _taken(kind, source, declared), self.findings)
        if not features:
            self.findings.add(self.call.lineno, "the table has no features", "write a public function")
        resources = self._resources(declared)
        if source is None:
            return None
        return TableSpec(
            model=self.around.model.name,
            name=self.module.stem,
            where=self.findings.where(self.call.lineno),
            module=self.module.name,
            kind=kind,
            source=source.name,
            keys=tuple(declared.keys),
            key_columns=self._keys(declared, source, kind),
            event_time=declared.event_time,
            window_days=declared.source.days if isinstance(declared.source, Window) else 0,
            delay=parse_duration(declared.delay) if declared.delay else dt.timedelta(0),
            lookups=lookups,
            features=features,
            doc=doc,
            owner=declared.owner or self.around.model.owner,
            rules=TableRules(declared.min_rows, rows_match_source=kind is TableKind.ROW),
            resources=resources,
        )

    def _line(self, argument: str) -> int:
        return line_of(self.call, argument)

    def _feature_names(self) -> list[str]:
        return [function.name for function in feature_functions(self.module)]

    def _docstring(self) -> Docstring:
        doc = Docstring("")
        if self.module.doc is not None:
            doc = parse_docstring(*self.module.doc, self.findings)
        check_complete(doc, (), what=f"the table {self.module.stem}", line=1, findings=self.findings)
        return doc

    def _source(self, declared: FeatureTable, kind: TableKind) -> SourceSpec | None:
        """Find the source, and judge whether it can be read in this way."""
        name, line = declared.source_name, self._line("source")
        source = self.around.sources.get(name)
        if source is None:
            if name not in self.around.broken:
                self.findings.add(line, f"there is no source {name}", did_you_mean(name, self.around.sources))
            return None
        if kind is TableKind.SNAPSHOT and not source.is_snapshot:
            message = f"{name} has days, and is no source to take a snapshot of"
            self.findings.add(line, message, f'write source="{name}" or source=window("{name}", days=28)')
            return None
        if kind is not TableKind.SNAPSHOT and source.is_snapshot:
            message = f"{name} has no event time, so it has no days"
            self.findings.add(line, message, f'write source=snapshot("{name}"), without event_time')
            return None
        if kind is TableKind.ROW and declared.event_time != source.event_time:
            known = any(column.name == declared.event_time for column in source.columns)
            message = f"{declared.event_time} is {'not the event time' if known else 'no column'} of {name}"
            self.findings.add(self._line("event_time"), message, f'write event_time="{source.event_time}"')
        return source

    def _keys(self, declared: FeatureTable, source: SourceSpec, kind: TableKind) -> tuple[Column, ...]:
        columns = {column.name: column for column in source.columns}
        line = self._line("keys")
        found = []
        for key in declared.keys:
            if key not in columns:
                message = f"the key {key} is no column of {source.name}"
                self.findings.add(line, message, did_you_mean(key, columns))
                continue
            column = columns[key]
            if column.type is ColumnType.FLOAT64:
                message = f"the key {key} is FLOAT64, and fractions are not equal for certain"
                self.findings.add(line, message, "cast it to INT64, NUMERIC or STRING in the source's SQL")
            if kind is TableKind.ROW and not known_with_event(column, source):
                message = f"the key {key} is known after the event time"
                self.findings.add(line, message, "identify a row by what is known at its event time")
            found.append(Column(key, column.type, required=True))
        return tuple(found)

    def _resources(self, declared: FeatureTable) -> Resources:
        own = {
            name: value
            for name in ("cpu", "memory", "spot")
            if (value := getattr(declared, name)) is not None
        }
        found = replace(self.around.model.resources, **own)
        if declared.deadline is not None:
            found = replace(found, deadline=parse_duration(declared.deadline))
        if own:
            try:
                need_size(found.cpu, found.memory)
            except DeclarationError as error:
                self.findings.add(self._line(error.argument), f"FeatureTable: {error.message}", error.instead)
        return found


def _kind(declared: FeatureTable) -> TableKind:
    if isinstance(declared.source, Window):
        return TableKind.WINDOW
    return TableKind.SNAPSHOT if isinstance(declared.source, Snapshot) else TableKind.ROW


def _taken(kind: TableKind, source: SourceSpec | None, declared: FeatureTable) -> dict[str, str]:
    """Return the names that a feature may not have, and what bears them."""
    taken = dict.fromkeys((declared.source_name, *declared.lookups), "source")
    if kind is not TableKind.WINDOW and source is not None:
        taken.update((column.name, f"column of {source.name}") for column in source.columns)
    taken.update(dict.fromkeys(declared.keys, "key"))
    return taken
