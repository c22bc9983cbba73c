"""Load: computed partitions into a staging table that expires, by one Embulk run whatever the range."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from featuremart.errors import EXIT_DONE, WorkFailed
from featuremart.lake.loads import STAGING_HOURS, LoadedPartition, LoadManifest, write_load
from featuremart.mart.state import published
from featuremart.steps.extract import TRANSFER_SIZE
from featuremart.steps.record import StepReport
from featuremart.steps.standing import computed, is_published, staged
from featuremart.steps.tasks import EMBULK_FAMILY, failure, launch, papers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from featuremart.catalog.model import TableSpec
    from featuremart.lake.days import DayRange
    from featuremart.steps.context import Context
    from featuremart.steps.survey import Output
    from featuremart.transfer.report import LoadReport


def load(context: Context, table_name: str, days: DayRange | None) -> StepReport:
    """Load what is neither published nor staged.

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
        Where partitions are not computed, or Embulk fails.
    """
    table = context.catalog.table(table_name)
    outputs = computed(context, table, days)
    current = published(context.rest, [table.mart_name], days)
    unpublished = [output for output in outputs if not is_published(table, output, current)]
    there = staged(context, table, unpublished)
    missing = [output for output in unpublished if output.partition not in there]
    if not missing:
        context.say(f"load {table.id}: nothing to do, {len(outputs)} partitions are loaded or published")
        return StepReport()
    context.say(f"load {table.id}: {len(missing)} of {len(outputs)} partitions to load")
    report = _run_embulk(context, table, missing)
    return _accept(context, table, missing, report)


def staging_name(table: TableSpec, outputs: Iterable[Output], attempt: str) -> str:
    """Return the name of a staging table: one for each load, so that no two attempts share one."""
    text = "\0".join([attempt, *(output.key.fingerprint for output in outputs if output.key is not None)])
    return f"{table.mart_name}__{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _run_embulk(context: Context, table: TableSpec, missing: Sequence[Output]) -> LoadReport:
    from featuremart.transfer import render
    from featuremart.transfer.report import parse_load

    place = papers(context)
    config_key, report_key = place.key("embulk.yml"), place.key("report.json")
    config = render.load(
        objects=[
            (output.label, data)
            for output in missing
            if output.manifest is not None
            for data in output.manifest.objects
        ],
        columns=table.output_columns,
        staging_table=staging_name(table, missing, context.identity.attempt),
        expires_hours=STAGING_HOURS,
        report_key=report_key,
        environment=context.environment,
    )
    context.store.put(config_key, config.encode())
    ended = launch(context, EMBULK_FAMILY, config_key, TRANSFER_SIZE)
    if ended.verdict.exit_code != EXIT_DONE:
        raise failure(ended, f"Embulk could not load {table.id}", next_command=f"mart embulk show {table.id}")
    return parse_load(context.store.get(report_key), key=report_key)


def _accept(context: Context, table: TableSpec, missing: Sequence[Output], report: LoadReport) -> StepReport:
    """Check the report against the feature manifests, and say that the load is done."""
    expected = sum(output.manifest.rows for output in missing if output.manifest is not None)
    if report.rows != expected:
        raise WorkFailed(f"{report.table} holds {report.rows} rows, the feature manifests say {expected}")
    who = context.identity
    partitions = {
        output.label: LoadedPartition(
            fingerprint=output.key.fingerprint,
            rows=output.manifest.rows,
            manifest=output.key.manifest,
            profile=output.manifest.profile,
        )
        for output in missing
        if output.key is not None and output.manifest is not None
    }
    write_load(
        context.store,
        LoadManifest(
            model=table.model,
            table=table.name,
            staging_table=report.table,
            rows=report.rows,
            partitions=partitions,
            run=who.run,
            attempt=who.attempt,
            revision=who.revision,
            created_at=dt.datetime.now(dt.UTC),
        ),
    )
    context.say(f"load {table.id}: {len(missing)} partitions, {report.rows:,} rows into {report.table}")
    return StepReport(
        partitions=tuple(partitions),
        inputs=tuple(loaded.manifest for loaded in partitions.values()),
        outputs=(report.table,),
        rows=report.rows,
    )
