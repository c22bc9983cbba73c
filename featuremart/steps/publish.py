"""Publish: staged partitions into the mart, in one transaction a table and range."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from featuremart.config import clients
from featuremart.errors import WorkFailed
from featuremart.lake.days import partition_label
from featuremart.mart.schema import doc_label
from featuremart.mart.state import documented, published
from featuremart.steps.describe_table import mart_table
from featuremart.steps.load import computed, is_published, usable
from featuremart.steps.record import StepReport
from featuremart.steps.survey import Survey
from featuremart.steps.versions import input_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from featuremart.catalog.model import TableSpec
    from featuremart.lake.days import DayRange
    from featuremart.mart.publish import StagedPartition
    from featuremart.mart.table import MartTable
    from featuremart.steps.context import Context
    from featuremart.steps.survey import Output


def publish(context: Context, table_name: str, days: DayRange | None) -> StepReport:
    """Publish what the mart does not hold yet; where only the texts changed, write those and touch no row.

    Parameters
    ----------
    context
        The step's surroundings.
    table_name
        ``<model>.<table>``.
    days
        Partition days; not needed for a snapshot table.

    Raises
    ------
    WorkFailed
        Where partitions are not computed or not loaded, or the mart refuses them.
    """
    table = context.catalog.table(table_name)
    wanted = mart_table(table, context.catalog.source(table.source))
    outputs = computed(context, table, days)
    current = published(context.rest, [table.mart_name], days)
    missing = [output for output in outputs if not is_published(table, output, current)]
    if not missing and documented(context.rest, [wanted.name])[wanted.name] == doc_label(wanted):
        context.say(f"publish {table.id}: nothing to do, {len(outputs)} partitions are published")
        return StepReport()
    return _publish(context, table, wanted, _staged(context, table, missing))


def _staged(context: Context, table: TableSpec, missing: Sequence[Output]) -> tuple[StagedPartition, ...]:
    """Return where the partitions to publish are staged, refusing those that are not."""
    from featuremart.mart.publish import StagedPartition

    survey = Survey(context.store, context.catalog, lambda spec: input_version(context, spec))
    there = usable(context, survey.staged(table, missing))
    absent = [output for output in missing if output.partition not in there]
    if absent:
        day = "" if absent[0].partition is None else f" --date {absent[0].label}"
        raise WorkFailed(
            f"{table.id} is not loaded for {absent[0].label}"
            + (f" and {len(absent) - 1} more" if len(absent) > 1 else ""),
            where=table.where,
            next_command=f"mart load {table.id}{day}",
        )
    staged = []
    for output in missing:
        manifest = there[output.partition]
        if output.key is None or manifest.staging_table is None:
            continue
        profile = None if manifest.profile is None else context.store.find(manifest.profile)
        staged.append(
            StagedPartition(
                partition=output.partition,
                fingerprint=manifest.fingerprint,
                rows=manifest.rows,
                staging_table=manifest.staging_table,
                manifest=output.key.manifest,
                profile=profile,
            )
        )
    return tuple(staged)


def _publish(
    context: Context, table: TableSpec, wanted: MartTable, staged: tuple[StagedPartition, ...]
) -> StepReport:
    from featuremart.mart.publish import Publication
    from featuremart.mart.publish import publish as publish_table

    who = context.identity
    publication = Publication(
        table=wanted,
        partitions=staged,
        code_fingerprint=table.code_fingerprint,
        run=who.run,
        attempt=who.attempt,
        revision=who.revision,
        min_rows=table.rules.min_rows,
    )
    client = clients.bigquery(context.environment)
    done = publish_table(client, context.rest, publication, today=dt.datetime.now(dt.UTC).date())
    if done.partitions:
        context.say(
            f"publish {table.id}: {len(done.partitions)} partitions, {done.rows:,} rows in {wanted.name}"
        )
    else:
        context.say(f"publish {table.id}: descriptions of {wanted.name} updated, no row touched")
    return StepReport(
        partitions=tuple(partition_label(partition) for partition in done.partitions),
        inputs=tuple(item.staging_table for item in staged),
        outputs=(f"{context.environment.mart_dataset}.{wanted.name}",),
        rows=done.rows,
    )
