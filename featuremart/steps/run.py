"""Run a workflow on this machine: plan first, check before anything starts, then follow Digdag's language."""

from __future__ import annotations

import datetime as dt
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featuremart.errors import ProblemsFound, UsageError
from featuremart.lake.days import DayRange
from featuremart.steps.identity import REVISION, RUN, STARTED, WORKFLOW, new_run
from featuremart.steps.live_schema import live_schema
from featuremart.steps.plan import Plan, make_plan, needs_days, step_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from featuremart.catalog.model import SourceSpec
    from featuremart.steps.context import Context
    from featuremart.workflow.cancellation import Cancellation
    from featuremart.workflow.events import Attempt, Event
    from featuremart.workflow.project import Project, Workflow

FOLDER = "workflows"
_GRACE = 60.0
"""Seconds that a step gets to stop its task when the run is interrupted."""


@dataclass(frozen=True)
class Prepared:
    """A workflow that is ready to run.

    Parameters
    ----------
    project, workflow
        As read from ``workflows/``.
    days
        Partition days; None for a workflow of snapshots.
    plan
        What is to be done.
    """

    project: Project
    workflow: Workflow
    days: DayRange | None
    plan: Plan


def prepare(context: Context, name: str, days: DayRange | None) -> Prepared:
    """Read a workflow and plan what it would do for some days.

    Parameters
    ----------
    context
        Surroundings.
    name
        Of the workflow.
    days
        Partition days; the day before today, in the workflow's time zone, where not given.

    Raises
    ------
    UsageError
        For an unknown workflow, an operator that is not run here, or an unknown source, model or table.
    """
    from featuremart.workflow import commands, load_project, operator_problems
    from featuremart.workflow.zones import zone

    if not context.environment.is_local:
        raise UsageError(
            f"environment {context.environment.name} is not on this machine: its workflows run on its Digdag server",
            next_command=f"mart run {name}",
        )
    project = load_project(context.root / FOLDER, root=context.root)
    workflow = project.workflow(name)
    problems = operator_problems(project, workflow)
    if problems:
        raise ProblemsFound(problems, next_command=f"mart run {name}")
    steps = step_commands(command.text for command in commands(project, workflow))
    if days is None and needs_days(context.catalog, steps):
        yesterday = dt.datetime.now(zone(workflow.timezone)).date() - dt.timedelta(days=1)
        days = DayRange(yesterday, yesterday)
    return Prepared(project, workflow, days, make_plan(context, name, steps, days))


def check_queries(context: Context, sources: Iterable[SourceSpec]) -> None:
    """Check the queries of sources against the warehouse as it is now.

    Raises
    ------
    ProblemsFound
        Where the GoogleSQL analyser refuses one, or its columns are not those that the header declares.
    """
    from featuremart.catalog.analyser import Analyser
    from featuremart.catalog.sql import sql_problems

    wanted = list(sources)
    tables = sorted({table for source in wanted for table in source.tables_read})
    analyser = Analyser({table: live_schema(context.rest, table) for table in tables}, announce=context.say)
    problems = sql_problems(wanted, analyser)
    if problems:
        raise ProblemsFound(problems, next_command="mart check")


def run(
    context: Context, prepared: Prepared, on_event: Callable[[Event], None], cancellation: Cancellation
) -> Attempt:
    """Run a prepared workflow to its end.

    Parameters
    ----------
    context
        Surroundings.
    prepared
        From :func:`prepare`.
    on_event
        Is told what happens.
    cancellation
        Ends the run when asked.
    """
    from featuremart.workflow import run as run_workflow
    from featuremart.workflow.sessions import range_params, session_for_range

    started = dt.datetime.now(dt.UTC)
    variables = {
        **os.environ,
        RUN: new_run(started),
        STARTED: started.isoformat(),
        REVISION: context.identity.revision,
        WORKFLOW: prepared.workflow.name,
        "MART_ENV": context.environment.name,
        "MART_ROOT": str(context.root),
        # The steps are `mart` commands: the one beside this Python must be found.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    workflow, days = prepared.workflow, prepared.days
    params: dict[str, Any] = {}
    if days is None:
        session = started.replace(microsecond=0)
    elif len(days) == 1:
        session = workflow.session_for_day(days.first)
    else:
        session, params = session_for_range(days, workflow.timezone), range_params(days)
    return run_workflow(
        prepared.project,
        workflow,
        session,
        params,
        on_event=on_event,
        cancellation=cancellation,
        environment=variables,
        grace=_GRACE,
    )
