"""Lookups of a table: further sources, joined as of the event time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.authoring.durations import parse_duration
from featuremart.catalog.model import Lookup
from featuremart.catalog.parameters import known_with_event
from featuremart.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featuremart.authoring import FeatureTable
    from featuremart.authoring.tables import AsOf
    from featuremart.catalog.findings import Findings
    from featuremart.catalog.model import SourceSpec


def read_lookups(
    declared: FeatureTable,
    sources: Mapping[str, SourceSpec],
    broken: frozenset[str],
    line: int,
    findings: Findings,
) -> tuple[Lookup, ...]:
    """Read and judge the lookups of a table.

    Parameters
    ----------
    declared
        The declaration.
    sources
        All sources that can be read.
    broken
        Names of those that cannot: what is wrong with them is said elsewhere.
    line
        Of the lookups.
    findings
        Collects what is wrong.

    Returns
    -------
    tuple of Lookup
        Those that are right, in the order declared.
    """
    lookups = []
    for name, as_of in declared.lookups.items():
        before = len(findings.problems)
        if name in sources:
            _check(name, as_of, declared, sources, line, findings)
        elif name not in broken:
            findings.add(line, f"there is no source {name} to look up", did_you_mean(name, sources))
        if name in sources and len(findings.problems) == before:
            lookups.append(Lookup(name, tuple(as_of.on), parse_duration(as_of.tolerance)))
    return tuple(lookups)


def _check(
    name: str,
    as_of: AsOf,
    declared: FeatureTable,
    sources: Mapping[str, SourceSpec],
    line: int,
    findings: Findings,
) -> None:
    looked_up = sources[name]
    if looked_up.event_time is None:
        message = f"{name} cannot be looked up as of a time: it has no event time"
        findings.add(
            line, message, f"give {looked_up.where.file} an event_time, or join it in the source's SQL"
        )
        return
    if name == declared.source_name:
        message = f"{name} is looked up in itself, where each row would find itself"
        findings.add(line, message, f'use a table of its own with source=window("{name}", days=28)')
        return
    source = sources.get(declared.source_name)
    if source is None:
        return
    for on in as_of.on:
        types = {}
        for side in (source, looked_up):
            columns = {column.name: column for column in side.columns}
            if on not in columns:
                findings.add(
                    line, f"{side.name} has no column {on} to look {name} up by", did_you_mean(on, columns)
                )
            elif not known_with_event(columns[on], side):
                message = (
                    f"{on} of {side.name} is known after its event time, so {name} cannot be looked up by it"
                )
                findings.add(line, message, "look it up by columns that are known at the event time")
            else:
                types[side.name] = columns[on].type
        if len(set(types.values())) > 1:
            message = f"{on} is {types[source.name]} in {source.name} and {types[name]} in {name}"
            findings.add(line, message, "cast one of them in the source's SQL")
