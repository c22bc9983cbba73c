"""Everything that is wrong with a repository, in one go: what ``mart check`` tells."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart import catalog as catalog_room
from featuremart.catalog.warehouse import load_schemas
from featuremart.errors import MartError, Problem, ProblemsFound, Where
from featuremart.lake.days import SNAPSHOT
from featuremart.steps.check_workflows import workflow_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from featuremart.catalog.model import SourceSpec
    from featuremart.config.settings import Environment

_ANY_DAY = dt.date(2000, 1, 1)


@dataclass(frozen=True)
class Checked:
    """What was looked at, and what is wrong with it.

    Parameters
    ----------
    problems
        Sorted by file and line.
    models, tables, features, sources, workflows
        How many there are.
    """

    problems: tuple[Problem, ...]
    models: int
    tables: int
    features: int
    sources: int
    workflows: int


def check(root: Path, *, commands: Collection[str], announce: Callable[[str], None]) -> Checked:
    """Look at everything that can be wrong before anything is started.

    Parameters
    ----------
    root
        The repository's root.
    commands
        Names of the commands of ``mart``: what a workflow may call.
    announce
        Told one line before the SQL analyser is compiled, which takes half a minute once on a machine.

    Returns
    -------
    Checked
        All problems of the catalog, the SQL, the transfers, the workflows and ``mart.toml``.
    """
    catalog, found = catalog_room.read(root)
    unsound = {problem.where.file for problem in found}
    sources = [source for source in catalog.sources.values() if source.where.file not in unsound]
    found += _query_problems(root, sources, announce)
    count, wrong = workflow_problems(root, catalog, commands)
    found += wrong
    environment, wrong = _environment(root)
    found += wrong
    if environment is not None:
        found += [problem for source in sources for problem in _extract_problems(source, environment)]
    return Checked(
        problems=tuple(sorted(set(found))),
        models=len(catalog.models),
        tables=len(catalog.tables),
        features=sum(len(table.computed) for table in catalog.tables.values()),
        sources=len(catalog.sources),
        workflows=count,
    )


def _query_problems(
    root: Path, sources: Sequence[SourceSpec], announce: Callable[[str], None]
) -> list[Problem]:
    """Judge the queries of the sources that can be read, by the committed schemas."""
    from featuremart.catalog.analyser import Analyser
    from featuremart.catalog.sql import sql_problems

    schemas, found = load_schemas(root)
    if sources:
        found += sql_problems(sources, Analyser(schemas, announce=announce))
    return found


def _environment(root: Path) -> tuple[Environment | None, list[Problem]]:
    """Read ``mart.toml``, and the environment that is used where none is named."""
    from featuremart.config.settings import FILE, load_settings

    try:
        return load_settings(root).environment(), []
    except ProblemsFound as error:
        return None, list(error.problems)
    except MartError as error:
        return None, [Problem(error.where or Where(FILE), error.message, error.next_command or "")]


def _extract_problems(source: SourceSpec, environment: Environment) -> Iterator[Problem]:
    """Render what Embulk would be told for one day, and read it as Embulk would.

    What it would be told to load are names and types, which the catalog has judged.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        YAML(typ="safe", pure=True).load(_render_extract(source, environment))
    except YAMLError as error:
        cause = " ".join(str(error).split())
        instead = f"look for odd characters: mart embulk show {source.name}"
        yield Problem(source.where, f"Embulk cannot be told this query: {cause}", instead)


def _render_extract(source: SourceSpec, environment: Environment) -> str:
    from featuremart.transfer import render

    day = None if source.is_snapshot else source.first_day or _ANY_DAY
    label = SNAPSHOT if day is None else day.isoformat()
    return render.extract(
        sql=source.sql,
        columns=source.columns,
        partitions={label: f"raw/{source.name}/{label}/"},
        first_day=day,
        last_day=day,
        report_key="report.json",
        environment=environment,
    )
