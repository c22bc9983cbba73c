"""What a workflow would do for some days, told without starting anything.

Reads manifests on S3, the last-modified times of warehouse tables and the published partitions, all over plain
requests: importing the BigQuery client alone would take longer than the answer may.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.mart.schema import doc_label
from featuremart.mart.state import documented, published
from featuremart.steps.describe_table import mart_table
from featuremart.steps.extract import partitions_to_read
from featuremart.steps.partitions import table_partitions
from featuremart.steps.standing import is_published
from featuremart.steps.survey import Survey
from featuremart.steps.versions import current_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from featuremart.catalog.model import Catalog, TableSpec
    from featuremart.lake.days import DayRange
    from featuremart.mart.state import Current
    from featuremart.steps.context import Context

STEPS = ("extract", "transform", "load", "publish")


@dataclass(frozen=True)
class SourcePlan:
    """What is to be extracted of one source.

    Parameters
    ----------
    name
        The source.
    read
        Partitions that the tables read.
    missing
        Labels of those that are not extracted.
    """

    name: str
    read: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class TablePlan:
    """What is to be done for one table.

    Parameters
    ----------
    id
        ``<model>.<table>``.
    partitions
        How many the days name.
    to_compute, to_publish
        Labels of those that are not computed, and not published with the present fingerprint.
    documents
        Whether only its descriptions changed.
    """

    id: str
    partitions: int
    to_compute: tuple[str, ...]
    to_publish: tuple[str, ...]
    documents: bool


@dataclass(frozen=True)
class Plan:
    """What a workflow would do.

    Parameters
    ----------
    workflow
        Its name.
    days
        The range, None for a workflow of snapshots.
    sources, tables
        What is to be done for each.
    """

    workflow: str
    days: DayRange | None
    sources: tuple[SourcePlan, ...]
    tables: tuple[TablePlan, ...]

    @property
    def nothing_to_do(self) -> bool:
        """Whether the mart already holds everything, with its descriptions."""
        return not any(table.to_publish or table.documents for table in self.tables) and not any(
            source.missing for source in self.sources
        )


@dataclass(frozen=True)
class StepCommand:
    """One ``mart`` step that a workflow runs.

    Parameters
    ----------
    step
        extract, transform, load or publish.
    target
        A source, or ``<model>.<table>``.
    model
        Value of ``--model``.
    """

    step: str
    target: str
    model: str | None = None


def step_commands(lines: Iterable[str]) -> tuple[StepCommand, ...]:
    """Find the steps among the shell lines of a workflow.

    Parameters
    ----------
    lines
        Texts of ``sh>`` tasks, expressions and all.
    """
    found = []
    for line in lines:
        words = shlex.split(line.replace("${", " ${"), comments=True)
        if len(words) < 3 or words[0] != "mart" or words[1] not in STEPS:  # noqa: PLR2004 - mart, step, target
            continue
        model = words[words.index("--model") + 1] if "--model" in words[:-1] else None
        found.append(StepCommand(words[1], words[2], model))
    return tuple(found)


def make_plan(
    context: Context, workflow: str, commands: Iterable[StepCommand], days: DayRange | None
) -> Plan:
    """Compare what the workflow's steps should make with what there is.

    Parameters
    ----------
    context
        Surroundings.
    workflow
        Its name.
    commands
        Its steps.
    days
        Partition days.

    Raises
    ------
    UsageError
        Where a step names a source or table that is not in the catalog, or days are missing.
    """
    catalog = context.catalog
    steps = tuple(commands)
    survey = Survey(context.ledger, catalog, lambda spec: current_version(context, spec))
    tables = [catalog.table(name) for name in _targets(steps, "publish")]
    sources = tuple(_plan_source(survey, command, days) for command in steps if command.step == "extract")
    current = published(context.rest, [table.mart_name for table in tables], days)
    shown = documented(context.rest, [table.mart_name for table in tables])
    return Plan(
        workflow,
        days,
        sources,
        tuple(_plan_table(survey, table, days, current, shown) for table in tables),
    )


def needs_days(catalog: Catalog, commands: Iterable[StepCommand]) -> bool:
    """Tell whether any step works on days: a workflow of snapshots alone does not."""
    for command in commands:
        if command.step == "extract":
            if not catalog.source(command.target).is_snapshot:
                return True
        elif catalog.table(command.target).kind != "snapshot":
            return True
    return False


def _targets(steps: tuple[StepCommand, ...], step: str) -> list[str]:
    return list(dict.fromkeys(command.target for command in steps if command.step == step))


def _plan_source(survey: Survey, command: StepCommand, days: DayRange | None) -> SourcePlan:
    source = survey.catalog.source(command.target)
    outputs = survey.raw(source, partitions_to_read(survey.catalog, source, days, model=command.model))
    missing = tuple(output.label for output in outputs.values() if output.manifest is None)
    return SourcePlan(source.name, len(outputs), missing)


def _plan_table(
    survey: Survey, table: TableSpec, days: DayRange | None, current: Current, shown: Mapping[str, str]
) -> TablePlan:
    partitions = table_partitions(table, survey.catalog.source(table.source), days)
    outputs = survey.features(table, partitions).values()
    to_publish = tuple(output.label for output in outputs if not is_published(table, output, current))
    to_compute = tuple(output.label for output in outputs if output.manifest is None)
    text = doc_label(mart_table(table, survey.catalog.source(table.source)))
    documents = not to_publish and shown[table.mart_name] != text
    return TablePlan(table.id, len(outputs), to_compute, to_publish, documents)
