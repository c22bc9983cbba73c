"""``mart check``: everything that is wrong with the repository."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

import click

from featuremart.errors import EXIT_DONE, EXIT_USAGE

if TYPE_CHECKING:
    from featuremart.errors import Problem
    from featuremart.steps.check import Checked


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for a program to read.")
def check(as_json: bool) -> int:
    r"""Tell everything that is wrong with the repository, with file and line.

    Looks at features, sources and their SQL (by Google's own analyser, against the schemas in embulk/warehouse),
    workflows, transfers and mart.toml. Starts nothing and asks no server. Exit code: 2 where anything is wrong.

    \b
    Example:
      mart check
      mart check --json | jq '.problems[].file'
    """
    from featuremart.cli.main import COMMANDS
    from featuremart.config.settings import find_root
    from featuremart.steps.check import check as look

    found = look(find_root(), commands=COMMANDS, announce=lambda line: click.echo(line, err=True))
    if as_json:
        click.echo(_json(found))
    else:
        _print(found)
    return EXIT_USAGE if found.problems else EXIT_DONE


def _json(found: Checked) -> str:
    problems = [
        {"file": one.where.file, "line": one.where.line, "message": one.message, "instead": one.instead}
        for one in found.problems
    ]
    return json.dumps({"problems": problems, "checked": _counts(found)}, indent=1, ensure_ascii=False)


def _counts(found: Checked) -> dict[str, int]:
    return {
        "models": found.models,
        "tables": found.tables,
        "features": found.features,
        "sources": found.sources,
        "workflows": found.workflows,
    }


def _print(found: Checked) -> None:
    if not found.problems:
        counts = [f"{number} {name if number != 1 else name[:-1]}" for name, number in _counts(found).items()]
        click.echo(f"all is well: {', '.join(counts)}")
        return
    files = 0
    for file, problems in groupby(found.problems, key=lambda one: one.where.file):
        files += 1
        click.secho(file, bold=True)
        for problem in problems:
            _print_problem(problem)
        click.echo()
    number = len(found.problems)
    click.echo(f"{number} problem{'s' * (number > 1)} in {files} file{'s' * (files > 1)}")


def _print_problem(problem: Problem) -> None:
    line = str(problem.where.line) if problem.where.line else ""
    click.echo(f"{line:>5}  {problem.message}")
    if problem.instead:
        click.secho(f"{'':>5}  {problem.instead}", dim=True)
