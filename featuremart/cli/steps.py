"""``mart extract|transform|load|publish``: what a workflow task runs; and ``mart notify``, what it runs on failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from featuremart.cli.options import day_options, environment_option, parse_days, terminable

if TYPE_CHECKING:
    from collections.abc import Callable

    from featuremart.steps.context import Context
    from featuremart.steps.record import StepReport


@click.command()
@click.argument("source")
@click.option(
    "--model", metavar="MODEL", help="Think only of this model's tables, and of the days that they look back."
)
@day_options
@environment_option
def extract(
    source: str,
    model: str | None,
    date: str | None,
    first: str | None,
    last: str | None,
    environment: str | None,
) -> None:
    r"""Extract SOURCE from the warehouse into the lake, by one Embulk run.

    What is already there is not extracted again. The days that windows and lookups reach back are added.

    \b
    Example:
      mart extract flights --model flight_delay --from 2013-01-01 --to 2013-01-07
    """
    days = parse_days(date, first, last)

    def step(context: Context) -> StepReport:
        from featuremart.steps.extract import extract as run

        return run(context, source, days, model=model)

    _run(f"extract {source}", environment, step)


@click.command()
@click.argument("table", metavar="MODEL.TABLE")
@day_options
@environment_option
def transform(
    table: str, date: str | None, first: str | None, last: str | None, environment: str | None
) -> None:
    r"""Compute MODEL.TABLE from the lake into the lake, by one worker task.

    \b
    Example:
      mart transform flight_delay.timetable --date 2013-01-31
    """
    days = parse_days(date, first, last)

    def step(context: Context) -> StepReport:
        from featuremart.steps.transform import transform as run

        return run(context, table, days)

    _run(f"transform {table}", environment, step)


@click.command()
@click.argument("table", metavar="MODEL.TABLE")
@day_options
@environment_option
def load(table: str, date: str | None, first: str | None, last: str | None, environment: str | None) -> None:
    r"""Load MODEL.TABLE from the lake into a staging table, by one Embulk run.

    \b
    Example:
      mart load flight_delay.timetable --date 2013-01-31
    """
    days = parse_days(date, first, last)

    def step(context: Context) -> StepReport:
        from featuremart.steps.load import load as run

        return run(context, table, days)

    _run(f"load {table}", environment, step)


@click.command()
@click.argument("table", metavar="MODEL.TABLE")
@day_options
@environment_option
def publish(
    table: str, date: str | None, first: str | None, last: str | None, environment: str | None
) -> None:
    r"""Publish MODEL.TABLE from its staging table into the mart, in one transaction.

    \b
    Example:
      mart publish flight_delay.timetable --date 2013-01-31
    """
    days = parse_days(date, first, last)

    def step(context: Context) -> StepReport:
        from featuremart.steps.publish import publish as run

        return run(context, table, days)

    _run(f"publish {table}", environment, step)


@click.command()
@click.argument("workflow")
@environment_option
def notify(workflow: str, environment: str | None) -> None:
    r"""Tell the owner that a run of WORKFLOW failed, with what its steps said.

    A workflow runs this as its _error task. The message goes to the log and, where MART_NOTIFY_URL is set, as
    JSON to that address.

    \b
    Example:
      mart notify flight_delay
    """
    from featuremart.steps.context import make_context
    from featuremart.steps.notify import notify as run

    run(make_context(f"notify {workflow}", environment, click.echo), workflow)


def _run(name: str, environment: str | None, step: Callable[[Context], StepReport]) -> None:
    from featuremart.steps.context import make_context
    from featuremart.steps.record import recorded
    from featuremart.steps.verdict import guarded

    context = make_context(name, environment, click.echo)
    with terminable():
        recorded(context, lambda: guarded(context, lambda: step(context)))
