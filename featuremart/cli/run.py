"""``mart run``: plan a workflow, then run it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from featuremart.cli.options import day_options, environment_option, parse_days

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from featuremart.steps.context import Context
    from featuremart.steps.plan import Plan
    from featuremart.steps.run import Prepared
    from featuremart.workflow.events import Attempt, Event


@click.command()
@click.argument("workflow")
@day_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@environment_option
def run(
    workflow: str,
    date: str | None,
    first: str | None,
    last: str | None,
    as_json: bool,
    environment: str | None,
) -> int:
    r"""Run WORKFLOW for one partition day or a range of them; the day before today where none is named.

    What is already made is not made again: where nothing is to do, nothing is started.

    \b
    Example:
      mart run flight_delay --date 2013-01-31
      mart run flight_delay --from 2013-01-01 --to 2013-01-07
    """
    from featuremart.steps.context import make_context
    from featuremart.steps.run import check_queries, prepare

    days = parse_days(date, first, last)
    context = make_context(f"run {workflow}", environment, lambda line: click.echo(line, err=as_json))
    prepared = prepare(context, workflow, days)
    tell_plan(prepared.plan, context.say)
    if prepared.plan.nothing_to_do:
        return 0
    check_queries(context, [context.catalog.source(source.name) for source in prepared.plan.sources])
    return _follow(context, prepared, _display(as_json))


def tell_plan(plan: Plan, say: Callable[[str], None]) -> None:
    """Print what a workflow is about to do, a line for each source and table with work."""
    days = f" for {plan.days}" if plan.days else ""
    if plan.nothing_to_do:
        partitions = sum(table.partitions for table in plan.tables)
        say(
            f"{plan.workflow}{days}: nothing to do, {partitions} partitions of {len(plan.tables)} tables are published"
        )
        return
    say(f"{plan.workflow}{days}:")
    for source in plan.sources:
        if source.missing:
            say(f"  extract {source.name}: {len(source.missing)} of {source.read} partitions")
    for table in plan.tables:
        if table.to_publish:
            say(
                f"  publish {table.id}: {len(table.to_publish)} of {table.partitions} partitions, {len(table.to_compute)} to compute"
            )
        elif table.documents:
            say(f"  publish {table.id}: descriptions only")


def _display(as_json: bool) -> AbstractContextManager[Callable[[Event], None]]:
    import sys

    from featuremart.cli.progress import JsonLines, LiveTable, PlainLines

    if as_json:
        return JsonLines()
    if not sys.stdout.isatty():
        return PlainLines()
    from rich.console import Console

    return LiveTable(Console())


def _follow(
    context: Context, prepared: Prepared, display: AbstractContextManager[Callable[[Event], None]]
) -> int:
    from featuremart.steps.run import run as run_workflow
    from featuremart.workflow import Cancellation, cancel_on_signals

    cancellation = Cancellation()
    with cancel_on_signals(cancellation), display as on_event:
        attempt = run_workflow(context, prepared, on_event, cancellation)
    return _tell_end(context, prepared, attempt)


def _tell_end(context: Context, prepared: Prepared, attempt: Attempt) -> int:
    """Say how it ended, why, and what to type next; return the exit code."""
    name = prepared.workflow.name
    seconds = (attempt.finished_at - attempt.started_at).total_seconds() if attempt.finished_at else 0.0
    if attempt.success:
        done = sum(len(table.to_publish) for table in prepared.plan.tables)
        context.say(f"{name}: done in {seconds:.0f} s, {done} partitions published")
        context.say(f"  next: mart describe {prepared.plan.tables[0].id}" if prepared.plan.tables else "")
        return 0
    if attempt.status == "killed":
        context.say(f"{name}: stopped after {seconds:.0f} s; what was finished stays, nothing is half done")
        context.say(f"  next: mart run {name}{_days(prepared)}")
        return 130
    from featuremart.cli.progress import short

    for task in attempt.errors:
        context.say(f"failed: {short(task.full_name)} ({task.where}): {task.message}")
    context.say(f"{name}: failed after {seconds:.0f} s; once mended, what was finished is not made again")
    context.say(f"  next: mart run {name}{_days(prepared)}")
    return 1


def _days(prepared: Prepared) -> str:
    if prepared.days is None:
        return ""
    first, last = prepared.days.first, prepared.days.last
    return f" --date {first}" if first == last else f" --from {first} --to {last}"
