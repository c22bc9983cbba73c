"""What the parameters of a feature name: columns, other features, looked-up columns, whole sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from featuremart.authoring.durations import format_duration
from featuremart.catalog.model import Parameter, ParameterKind, TableKind
from featuremart.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from featuremart.catalog.findings import Findings
    from featuremart.catalog.model import Lookup, SourceColumn, SourceSpec
    from featuremart.catalog.modules import Function


@dataclass(frozen=True)
class Nameable:
    """Everything that the parameters of one table's features may name.

    Parameters
    ----------
    known
        Name -> what it stands for.
    refused
        Name -> why it may not be used here, and what to write instead.
    is_whole
        Whether the table's source and lookups are right, so that an unknown name is certainly wrong.
    """

    known: dict[str, Parameter] = field(default_factory=dict)
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    is_whole: bool = True


def nameable(
    kind: TableKind,
    source: SourceSpec | None,
    lookups: Iterable[Lookup],
    sources: Mapping[str, SourceSpec],
    features: Iterable[str],
    *,
    is_whole: bool = True,
) -> Nameable:
    """Collect what the features of a table may name.

    Parameters
    ----------
    kind
        Of the table.
    source
        Its source; None where that could not be read.
    lookups
        Its further sources, as far as they are right.
    sources
        All sources.
    features
        Names of all its features.
    is_whole
        Whether all of its lookups are right.
    """
    found = Nameable(is_whole=is_whole and source is not None)
    found.known.update((name, Parameter(name, ParameterKind.FEATURE)) for name in features)
    if source is None:
        return found
    if kind is TableKind.ROW:
        _add_columns(found, source, prefix="", kind=ParameterKind.COLUMN)
        found.refused[source.name] = (
            "a table with one row for each row of its source takes columns, not the whole source",
            "name the columns that the feature needs",
        )
        for lookup in lookups:
            looked_up = sources[lookup.source]
            _add_columns(found, looked_up, prefix=f"{lookup.source}__", kind=ParameterKind.LOOKUP)
            found.refused[lookup.source] = (
                "a lookup is taken by its columns",
                f"write {lookup.source}__<column>, for example {lookup.source}__{looked_up.columns[0].name}",
            )
        return found
    found.known[source.name] = Parameter(source.name, ParameterKind.SOURCE, source=source.name)
    if kind is TableKind.SNAPSHOT:
        _add_columns(found, source, prefix="", kind=ParameterKind.COLUMN)
    else:
        for column in source.columns:
            found.refused.setdefault(
                column.name,
                (
                    "a window table's features take the whole window of the source",
                    f'take {source.name} as a parameter, and {source.name}["{column.name}"] from it',
                ),
            )
    return found


def _add_columns(found: Nameable, source: SourceSpec, *, prefix: str, kind: ParameterKind) -> None:
    for column in source.columns:
        name = prefix + column.name
        if source.event_time is None or known_with_event(column, source):
            found.known.setdefault(name, Parameter(name, kind, source=source.name, column=column.name))
        else:
            cause = f"it is known {_when(column)} the event time {source.event_time} of {source.name}"
            found.refused[name] = (
                f"{cause}: it would be a leak",
                _INSTEAD_OF_LEAK[kind].format(source=source.name),
            )


_INSTEAD_OF_LEAK = {
    ParameterKind.COLUMN: 'leave it to a window table, source=window("{source}", days=28), which reads the past',
    ParameterKind.LOOKUP: "take a column of {source} that is known at its event time",
}


def known_with_event(column: SourceColumn, source: SourceSpec) -> bool:
    """Tell whether a column's value is known at the event time of its row."""
    return column.known.at in {None, source.event_time} and not column.known.delay


def _when(column: SourceColumn) -> str:
    if column.known.at is None:
        return f"{format_duration(column.known.delay)} after"
    return f"at {column.known.at}, after"


def read_parameters(function: Function, names: Nameable, findings: Findings) -> tuple[Parameter, ...]:
    """Find out what the parameters of a feature name.

    Parameters
    ----------
    function
        The feature.
    names
        What may be named.
    findings
        Collects unknown and refused ones.

    Returns
    -------
    tuple of Parameter
        Those that are right, in order.
    """
    found: list[Parameter] = []
    for name, line in _written(function, findings):
        if name in names.refused:
            cause, instead = names.refused[name]
            findings.add(line, f"{function.name} cannot take {name}: {cause}", instead)
        elif name in names.known:
            found.append(names.known[name])
        elif names.is_whole:
            usable = [one for one in names.known if one != function.name]
            findings.add(line, f"{function.name} has an unknown parameter {name}", did_you_mean(name, usable))
    return tuple(found)


def _written(function: Function, findings: Findings) -> Iterator[tuple[str, int]]:
    """Yield name and line of each parameter; find the kinds of parameters that name nothing."""
    arguments = function.args
    for one, stars in ((arguments.vararg, "*"), (arguments.kwarg, "**")):
        if one is not None:
            message = f"{function.name} takes {stars}{one.arg}, which names nothing"
            findings.add(one.lineno, message, "name each input by a parameter of its own")
    if arguments.posonlyargs or arguments.kwonlyargs:
        message = f"{function.name} has parameters beside / or *"
        findings.add(function.lineno, message, "write plain parameters: def feature(first, second)")
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    defaults = [*arguments.defaults, *(one for one in arguments.kw_defaults if one is not None)]
    if defaults:
        message = f"{function.name} has a parameter with a default, but every parameter names an input"
        findings.add(defaults[0].lineno, message, "make it a constant of the module: _FACTOR = ...")
    if not plain and arguments.vararg is None and arguments.kwarg is None:
        findings.add(function.lineno, f"{function.name} takes nothing", "name its inputs as parameters")
    defaulted = (
        {one.arg for one in arguments.args[len(arguments.args) - len(arguments.defaults) :]}
        if defaults
        else ()
    )
    for one in plain:
        if one.arg not in defaulted:
            yield one.arg, one.lineno
