"""How far the partitions of a table are: extracted, computed, loaded, published."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.batch.inputs import days_read
from featuremart.errors import WorkFailed
from featuremart.lake.days import partition_label
from featuremart.lake.loads import recent_loads
from featuremart.steps.partitions import table_partitions
from featuremart.steps.survey import Survey
from featuremart.steps.versions import input_version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from featuremart.catalog.model import TableSpec
    from featuremart.lake.days import DayRange, Partition
    from featuremart.lake.loads import LoadedPartition, LoadManifest
    from featuremart.mart.state import Current
    from featuremart.steps.context import Context
    from featuremart.steps.survey import Output


def expected(context: Context, table: TableSpec, days: DayRange | None) -> list[Output]:
    """Return the partitions that a range names, computed or not; all that they read is extracted.

    Raises
    ------
    WorkFailed
        Where a raw partition is missing, naming the command that makes it.
    """
    partitions = table_partitions(table, context.catalog.source(table.source), days)
    survey = Survey(context.ledger, context.catalog, lambda spec: input_version(context, spec))
    outputs = list(survey.features(table, partitions).values())
    for output in outputs:
        if output.key is None:
            raise _not_extracted(context, table, output)
    return outputs


def computed(context: Context, table: TableSpec, days: DayRange | None) -> list[Output]:
    """Return the partitions that a range names; each has a manifest.

    Raises
    ------
    WorkFailed
        Where one is not computed, naming the command that does it.
    """
    outputs = expected(context, table, days)
    absent = [output for output in outputs if output.manifest is None]
    if absent:
        raise missing_step(table, absent, "computed", "mart transform")
    return outputs


def is_published(table: TableSpec, output: Output, current: Current) -> bool:
    """Tell whether the mart holds exactly this output."""
    found = current.get((table.mart_name, output.partition))
    return found is not None and output.key is not None and found.fingerprint == output.key.fingerprint


@dataclass(frozen=True)
class Staged:
    """Where a partition stands in a staging table that still exists.

    Parameters
    ----------
    load
        The load that put it there.
    partition
        What the load says of it.
    """

    load: LoadManifest
    partition: LoadedPartition


def staged(context: Context, table: TableSpec, outputs: Iterable[Output]) -> dict[Partition, Staged]:
    """Return which outputs stand in a staging table that still exists, with the rows that it was loaded with."""
    wanted = {output.label: output for output in outputs if output.key is not None}
    found: dict[Partition, Staged] = {}
    if not wanted:
        return found
    for load in recent_loads(context.store, table.model, table.name, now=dt.datetime.now(dt.UTC)):
        held = {
            label: Staged(load, loaded)
            for label, loaded in load.partitions.items()
            if label in wanted and _fingerprint(wanted[label]) == loaded.fingerprint
        }
        if held and _is_whole(context, load):
            for label, where in held.items():
                found.setdefault(wanted[label].partition, where)
        if len(found) == len(wanted):
            break
    return found


def missing_step(table: TableSpec, absent: list[Output], done: str, command: str) -> WorkFailed:
    """Return the error of a step that comes before another one was made for all partitions."""
    day = "" if absent[0].partition is None else f" --date {absent[0].label}"
    more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
    return WorkFailed(
        f"{table.id} is not {done} for {absent[0].label}{more}",
        where=table.where,
        next_command=f"{command} {table.id}{day}",
    )


def _fingerprint(output: Output) -> str:
    return output.key.fingerprint if output.key is not None else ""


def _is_whole(context: Context, load: LoadManifest) -> bool:
    _, dataset, name = load.staging_table.split(".")
    info = context.rest.table(dataset, name)
    return info is not None and info.rows == load.rows


def _not_extracted(context: Context, table: TableSpec, output: Output) -> WorkFailed:
    for name, partitions in days_read(table, context.catalog.sources, output.partition).items():
        there = output.inputs.get(name, {})
        absent = [partition for partition in partitions if partition_label(partition) not in there]
        if absent:
            label = partition_label(absent[0])
            days = "" if absent[0] is None else f" --date {output.label}"
            return WorkFailed(
                f"{table.id} for {output.label} reads source {name} of {label}, which is not extracted",
                where=table.where,
                next_command=f"mart extract {name} --model {table.model}{days}",
            )
    raise AssertionError(f"{table.id} {output.label}: every input is there, and still it has no fingerprint")
