"""Extract: the partitions of a source that the lake lacks, by one Embulk run whatever the range."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from featuremart.catalog.model import Resources
from featuremart.errors import EXIT_DONE, WorkFailed
from featuremart.lake.manifest import Manifest, ManifestColumn
from featuremart.steps.partitions import reads_of, source_days
from featuremart.steps.record import StepReport
from featuremart.steps.survey import Survey
from featuremart.steps.tasks import EMBULK_FAMILY, failure, launch, papers
from featuremart.steps.versions import input_version, pin_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from featuremart.catalog.model import Catalog, SourceSpec
    from featuremart.lake.days import DayRange, Partition
    from featuremart.steps.context import Context
    from featuremart.steps.survey import Output
    from featuremart.transfer.report import ExtractReport

TRANSFER_SIZE = Resources(cpu=1024, memory=2048, spot=False, deadline=dt.timedelta(hours=2))
"""What an Embulk task gets; it holds one batch of rows at a time, so its size does not follow the data's."""


def extract(
    context: Context, source_name: str, days: DayRange | None, *, model: str | None = None
) -> StepReport:
    """Extract what is missing of a source.

    Parameters
    ----------
    context
        The step's surroundings.
    source_name
        Which source.
    days
        Partition days of the tables; the days before them that windows and lookups read are added.
    model
        Only the tables of this model are thought of; all models where not given.

    Raises
    ------
    WorkFailed
        Where Embulk fails, or a partition holds fewer rows than the source's ``min_rows``.
    """
    catalog = context.catalog
    source = catalog.source(source_name)
    survey = Survey(context.ledger, catalog, lambda spec: input_version(context, spec))
    version = survey.version(source)
    outputs = survey.raw(source, partitions_to_read(catalog, source, days, model=model))
    missing = [output for output in outputs.values() if output.manifest is None]
    report = StepReport()
    if missing:
        context.say(f"extract {source.name}: {len(missing)} of {len(outputs)} partitions to extract")
        report = _run_embulk(context, source, _without_gaps(outputs.values(), missing))
    else:
        context.say(f"extract {source.name}: nothing to do, {len(outputs)} partitions are there")
    pin_version(context, source, version)
    return report


def partitions_to_read(
    catalog: Catalog, source: SourceSpec, days: DayRange | None, *, model: str | None
) -> tuple[Partition, ...]:
    """Return the partitions of a source that tables read for a range; its own days where no table reads it."""
    if source.is_snapshot:
        return (None,)
    own = source_days(source, days, for_what=f"source {source.name}")
    models = [catalog.model(model)] if model else list(catalog.models.values())
    readers = [table for entry in models for table in entry.tables.values() if source.name in table.sources]
    read = reads_of(readers, catalog.sources, days).get(source.name, ())
    return tuple(sorted({*own, *read}, key=str))


def _without_gaps(outputs: Iterable[Output], missing: Sequence[Output]) -> list[Output]:
    """Return the missing partitions and those between them: one query over one range beats one a gap.

    What was made already between them is extracted once more and then given up: its manifest is there first.
    """
    first, last = missing[0].label, missing[-1].label
    return [output for output in outputs if first <= output.label <= last]


def _run_embulk(context: Context, source: SourceSpec, outputs: Sequence[Output]) -> StepReport:
    from featuremart.transfer import render
    from featuremart.transfer.report import parse_extract

    place = papers(context)
    config_key, report_key = place.key("embulk.yml"), place.key("report.json")
    days = [output.partition for output in outputs if output.partition is not None]
    began = dt.datetime.now(dt.UTC)
    config = render.extract(
        sql=source.sql,
        columns=source.columns,
        partitions={
            output.label: output.key.data_prefix(context.identity.attempt)
            for output in outputs
            if output.key is not None
        },
        first_day=min(days, default=None),
        last_day=max(days, default=None),
        report_key=report_key,
        environment=context.environment,
    )
    context.store.put(config_key, config.encode())
    ended = launch(context, EMBULK_FAMILY, config_key, TRANSFER_SIZE)
    if ended.verdict.exit_code != EXIT_DONE:
        raise failure(
            ended, f"Embulk could not extract {source.name}", next_command=f"mart embulk show {source.name}"
        )
    report = parse_extract(context.store.get(report_key), key=report_key)
    return _accept(context, source, {output.label: output for output in outputs}, report, began)


def _accept(
    context: Context,
    source: SourceSpec,
    outputs: dict[str, Output],
    report: ExtractReport,
    began: dt.datetime,
) -> StepReport:
    """Check the report against the source's declaration and write one manifest a partition."""
    by_label = {made.partition: made for made in report.partitions}
    if set(by_label) != set(outputs):
        odd = sorted(set(by_label) ^ set(outputs))[:5]
        raise WorkFailed(f"Embulk's report on {source.name} does not match what was asked: {', '.join(odd)}")
    poor = [label for label, made in sorted(by_label.items()) if made.rows < source.min_rows]
    if poor:
        raise WorkFailed(
            f"source {source.name} has fewer than min_rows = {source.min_rows} rows on {len(poor)} "
            f"partition{'s' if len(poor) > 1 else ''}: {', '.join(poor[:5])}",
            where=source.where,
            next_command=f"see whether the warehouse has those days, or lower min_rows in {source.where.file}",
        )
    who = context.identity
    manifests = []
    columns = tuple(ManifestColumn(name=c.name, type=c.type, required=c.required) for c in report.columns)
    for label, made in by_label.items():
        key = outputs[label].key
        if key is None:
            continue
        manifest = Manifest(
            layer="raw",
            name=source.name,
            partition=label,
            fingerprint=key.fingerprint,
            code_fingerprint=context.catalog.source_fingerprints[source.name],
            columns=columns,
            rows=made.rows,
            objects=made.objects,
            content_checksum=made.content_checksum,
            run=who.run,
            attempt=who.attempt,
            revision=who.revision,
            created_at=dt.datetime.now(dt.UTC),
            extracted_at=began,
        )
        manifests.append((key, manifest))
    context.ledger.write(manifests)
    rows = sum(made.rows for made in by_label.values())
    context.say(f"extract {source.name}: {len(by_label)} partitions, {rows:,} rows")
    return StepReport(
        tuple(sorted(by_label)), source.tables_read, tuple(key.manifest for key, _ in manifests), rows
    )
