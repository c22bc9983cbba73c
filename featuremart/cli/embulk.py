"""``mart embulk``: what Embulk is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from featuremart.cli.options import day_options, environment_option, parse_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from featuremart.catalog.model import SourceSpec, TableSpec
    from featuremart.config.settings import Environment
    from featuremart.lake.days import DayRange, Partition
    from featuremart.lake.manifest import DataObject

_REPORT = "runs/<run>/<task>/<attempt>/report.json"
_HINT = "# What stands between < and >, and the size and digest of objects, is filled in by a run.\n"


@click.group()
def embulk() -> None:
    r"""See what Embulk is told when it moves rows.

    \b
    Example:
      mart embulk show flights
    """


@embulk.command()
@click.argument("name", metavar="SOURCE|MODEL.TABLE")
@day_options
@environment_option
def show(name: str, date: str | None, first: str | None, last: str | None, environment: str | None) -> None:
    r"""Print the configuration that extracts a source, or that loads a feature table.

    Without days it shows the first day of the source.

    \b
    Example:
      mart embulk show flights --from 2013-01-01 --to 2013-01-07
      mart embulk show flight_delay.timetable --env production
    """
    from featuremart.catalog import load
    from featuremart.config.settings import load_settings
    from featuremart.errors import UsageError, did_you_mean

    settings = load_settings()
    days = parse_days(date, first, last)
    target = settings.environment(environment)
    catalog = load(settings.root)
    if name in catalog.sources:
        text = _extraction(catalog.source(name), days, target)
    elif "." in name or "__" in name:
        table = catalog.table(name)
        text = _loading(table, catalog.source(table.source), days, target)
    else:
        hint = did_you_mean(name, [*catalog.sources, *catalog.tables])
        raise UsageError(
            f"no source or feature table {name!r}: {hint}", next_command="mart embulk show SOURCE"
        )
    click.echo(_HINT + text, nl=False)


def _partitions(source: SourceSpec, days: DayRange | None) -> list[Partition]:
    """Return the partitions that are meant: the first day where none is named."""
    from featuremart.errors import UsageError

    if source.is_snapshot:
        if days is not None:
            raise UsageError(
                f"source {source.name} is a snapshot: it has no days", next_command="leave the days out"
            )
        return [None]
    return list(days) if days is not None else [source.first_day]


def _extraction(source: SourceSpec, days: DayRange | None, environment: Environment) -> str:
    from featuremart.lake import keys
    from featuremart.lake.days import partition_label
    from featuremart.transfer import render

    partitions = _partitions(source, days)
    return render.extract(
        sql=source.sql,
        columns=source.columns,
        partitions={
            partition_label(day): keys.raw(source.name, day, "<fingerprint>").data_prefix("<attempt>")
            for day in partitions
        },
        first_day=partitions[0],
        last_day=partitions[-1],
        report_key=_REPORT,
        environment=environment,
    )


def _loading(table: TableSpec, source: SourceSpec, days: DayRange | None, environment: Environment) -> str:
    from featuremart.lake.loads import STAGING_HOURS
    from featuremart.transfer import render

    return render.load(
        objects=_objects(table, _partitions(source, days)),
        columns=table.output_columns,
        staging_table=f"{table.mart_name}__<12 digits>",
        expires_hours=STAGING_HOURS,
        report_key=_REPORT,
        environment=environment,
    )


def _objects(table: TableSpec, partitions: Iterable[Partition]) -> Iterator[tuple[str, DataObject]]:
    """Yield one object a partition, as a worker writes it, without the size and digest that are not known yet."""
    from featuremart.lake import keys
    from featuremart.lake.days import partition_label
    from featuremart.lake.manifest import DataObject

    for day in partitions:
        prefix = keys.features(table.model, table.name, day, "<fingerprint>").data_prefix("<attempt>")
        yield partition_label(day), DataObject(key=f"{prefix}part-0.parquet", size=0, sha256="0" * 64, rows=0)
