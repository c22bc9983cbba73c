"""Load: computed partitions into a staging table that expires, by one Embulk run whatever the range."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from featuremart.errors import EXIT_DONE, WorkFailed
from featuremart.lake import keys
from featuremart.lake.manifest import Manifest
from featuremart.mart.state import published
from featuremart.steps.extract import TRANSFER_SIZE
from featuremart.steps.partitions import table_partitions
from featuremart.steps.record import StepReport
from featuremart.steps.survey import Survey
from featuremart.steps.tasks import EMBULK_FAMILY, failure, launch, papers
from featuremart.steps.transform import need_inputs
from featuremart.steps.versions import input_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from featuremart.catalog.model import TableSpec
    from featuremart.lake.days import DayRange, Partition
    from featuremart.mart.state import Current
    from featuremart.steps.context import Context
    from featuremart.steps.survey import Output
    from featuremart.transfer.report import LoadReport

STAGING_HOURS = 72
"""A staging table lives this long: a weekend between a load and its publish."""


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
    survey = Survey(context.store, context.catalog, lambda spec: input_version(context, spec))
    staged = usable(context, survey.staged(table, unpublished))
    missing = [output for output in unpublished if output.partition not in staged]
    if not missing:
        context.say(f"load {table.id}: nothing to do, {len(outputs)} partitions are loaded or published")
        return StepReport()
    context.say(f"load {table.id}: {len(missing)} of {len(outputs)} partitions to load")
    return _run_embulk(context, table, missing)


def computed(context: Context, table: TableSpec, days: DayRange | None) -> list[Output]:
    """Return the computed partitions that a range names; each has a manifest.

    Raises
    ------
    WorkFailed
        Where one is not computed, naming the command that does it.
    """
    partitions = table_partitions(table, context.catalog.source(table.source), days)
    survey = Survey(context.store, context.catalog, lambda spec: input_version(context, spec))
    outputs = list(survey.features(table, partitions).values())
    need_inputs(context, table, outputs)
    absent = [output for output in outputs if output.manifest is None]
    if absent:
        day = "" if absent[0].partition is None else f" --date {absent[0].label}"
        raise WorkFailed(
            f"{table.id} is not computed for {absent[0].label}"
            + (f" and {len(absent) - 1} more" if len(absent) > 1 else ""),
            where=table.where,
            next_command=f"mart transform {table.id}{day}",
        )
    return outputs


def is_published(table: TableSpec, output: Output, current: Current) -> bool:
    """Tell whether the mart holds exactly this output."""
    found = current.get((table.mart_name, output.partition))
    return found is not None and output.key is not None and found.fingerprint == output.key.fingerprint


def usable(context: Context, staged: Mapping[Partition, Manifest | None]) -> dict[Partition, Manifest]:
    """Return the staging manifests whose table still exists, with the rows that it was loaded with."""
    whole: dict[str, bool] = {}
    for manifest in staged.values():
        if manifest is None or manifest.staging_table is None or manifest.staging_table in whole:
            continue
        _, dataset, name = manifest.staging_table.split(".")
        found = context.rest.table(dataset, name)
        whole[manifest.staging_table] = found is not None and found.rows == manifest.staging_rows
    return {
        partition: manifest
        for partition, manifest in staged.items()
        if manifest is not None and manifest.staging_table is not None and whole[manifest.staging_table]
    }


def staging_name(table: TableSpec, outputs: Iterable[Output], attempt: str) -> str:
    """Return ``<dataset-less name>`` of a staging table: one for each load, so that no two attempts share one."""
    text = "\0".join([attempt, *(output.key.fingerprint for output in outputs if output.key is not None)])
    return f"{table.mart_name}__{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _run_embulk(context: Context, table: TableSpec, missing: Sequence[Output]) -> StepReport:
    from featuremart.transfer import render
    from featuremart.transfer.report import parse_load

    place = papers(context)
    config_key, report_key = place.key("embulk.yml"), place.key("report.json")
    name = staging_name(table, missing, context.identity.attempt)
    config = render.load(
        objects=[
            (output.label, data)
            for output in missing
            if output.manifest is not None
            for data in output.manifest.objects
        ],
        columns=table.output_columns,
        staging_table=name,
        expires_hours=STAGING_HOURS,
        report_key=report_key,
        environment=context.environment,
    )
    context.store.put(config_key, config.encode())
    ended = launch(context, EMBULK_FAMILY, config_key, TRANSFER_SIZE)
    if ended.verdict.exit_code != EXIT_DONE:
        raise failure(ended, f"Embulk could not load {table.id}", next_command=f"mart embulk show {table.id}")
    report = parse_load(context.store.get(report_key), key=report_key)
    return _accept(context, table, missing, report)


def _accept(context: Context, table: TableSpec, missing: Sequence[Output], report: LoadReport) -> StepReport:
    """Check the report against the feature manifests and write one staging manifest a partition."""
    expected = sum(output.manifest.rows for output in missing if output.manifest is not None)
    if report.rows != expected:
        raise WorkFailed(f"{report.table} holds {report.rows} rows, the feature manifests say {expected}")
    who = context.identity
    for output in missing:
        if output.manifest is None or output.key is None:
            continue
        manifest = Manifest(
            layer="staging",
            name=f"{table.model}/{table.name}",
            partition=output.label,
            fingerprint=output.key.fingerprint,
            code_fingerprint=table.code_fingerprint,
            columns=output.manifest.columns,
            rows=output.manifest.rows,
            content_checksum=output.manifest.content_checksum,
            inputs={output.key.manifest: output.manifest.content_checksum},
            staging_table=report.table,
            staging_rows=report.rows,
            run=who.run,
            attempt=who.attempt,
            revision=who.revision,
            created_at=dt.datetime.now(dt.UTC),
            profile=output.manifest.profile,
        )
        # Replaced, not created: an older staging table that this one stands in for has expired.
        place = keys.staging(table.model, table.name, output.partition, output.key.fingerprint)
        context.store.put(place.manifest, manifest.to_json())
    context.say(f"load {table.id}: {len(missing)} partitions, {report.rows:,} rows into {report.table}")
    return StepReport(
        partitions=tuple(output.label for output in missing),
        inputs=tuple(output.key.manifest for output in missing if output.key is not None),
        outputs=(report.table,),
        rows=report.rows,
    )
