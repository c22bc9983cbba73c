"""Which version of the warehouse a source is read at: part of the raw fingerprint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featuremart.catalog.model import SourceSpec
    from featuremart.steps.context import Context


def input_version(context: Context, source: SourceSpec) -> str:
    """Return the version of what a source's query reads.

    The extract step of a run pins the version for the steps after it: a warehouse that changes while the run goes
    on must not make them look for a partition that this run never extracted.

    Parameters
    ----------
    context
        The step's surroundings.
    source
        The source.
    """
    pinned = context.store.find(_pin(context, source))
    return json.loads(pinned)["version"] if pinned is not None else current_version(context, source)


def current_version(context: Context, source: SourceSpec) -> str:
    """Ask the warehouse for the version of what a source's query reads, as its ``refresh`` rule says."""
    rule = source.refresh.rule
    if rule == "never":
        return "never"
    if rule == "always":
        return f"run {context.identity.run}"
    if rule == "after":
        return f"period {context.identity.started.date().toordinal() // source.refresh.days}"
    modified: Mapping[str, str | None] = context.rest.last_modified(source.tables_read)
    unknown = sorted(table for table, time in modified.items() if time is None)
    if unknown:
        raise WorkFailed(
            f"the warehouse does not say when {', '.join(unknown)} last changed",
            where=source.where,
            next_command='write "refresh: always" or "refresh: after N days" in its header',
        )
    return json.dumps(dict(sorted(modified.items())))


def pin_version(context: Context, source: SourceSpec, version: str) -> None:
    """Leave the version that this run extracted for the steps after it."""
    context.store.put(_pin(context, source), json.dumps({"version": version}).encode())


def _pin(context: Context, source: SourceSpec) -> str:
    return f"runs/{context.identity.run}/inputs/{source.name}.json"
