"""Publish: staged partitions into the mart, in one transaction a table and range."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from featuremart.config import clients
from featuremart.lake.days import partition_label
from featuremart.mart.schema import doc_label
from featuremart.mart.state import documented, published
from featuremart.steps.describe_table import mart_table
from featuremart.steps.record import StepReport
from featuremart.steps.standing import computed, is_published, missing_step, staged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from featuremart.catalog.model import TableSpec
    from featuremart.lake.days import DayRange
    from featuremart.mart.publish import StagedPartition
    from featuremart.mart.table import MartTable
    from featuremart.steps.context import Context
    from featuremart.steps.survey import Output

_READERS = 8
"""Profiles read at once."""


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
    return _publish(context, table, wanted, _to_publish(context, table, missing))


def _to_publish(context: Context, table: TableSpec, missing: Sequence[Output]) -> tuple[StagedPartition, ...]:
    """Return where the partitions to publish are staged, refusing those that are not."""
    from featuremart.mart.publish import StagedPartition

    there = staged(context, table, missing)
    absent = [output for output in missing if output.partition not in there]
    if absent:
        raise missing_step(table, absent, "loaded", "mart load")
    with ThreadPoolExecutor(_READERS, thread_name_prefix="profiles") as pool:
        profiles = pool.map(
            lambda where: (
                None if where.partition.profile is None else context.store.find(where.partition.profile)
            ),
            there.values(),
        )
    return tuple(
        StagedPartition(
            partition=partition,
            fingerprint=where.partition.fingerprint,
            rows=where.partition.rows,
            staging_table=where.load.staging_table,
            manifest=where.partition.manifest,
            profile=profile,
        )
        for (partition, where), profile in zip(there.items(), profiles, strict=True)
    )


def _publish(
    context: Context, table: TableSpec, wanted: MartTable, partitions: tuple[StagedPartition, ...]
) -> StepReport:
    from featuremart.mart.publish import Publication
    from featuremart.mart.publish import publish as publish_table

    who = context.identity
    publication = Publication(
        table=wanted,
        partitions=partitions,
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
        inputs=tuple(item.staging_table for item in partitions),
        outputs=(f"{context.environment.mart_dataset}.{wanted.name}",),
        rows=done.rows,
    )
