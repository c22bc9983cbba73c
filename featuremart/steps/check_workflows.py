"""What is wrong with the workflows: with the files themselves, and with what their commands name."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from featuremart.catalog.modules import FOLDER as FEATURES
from featuremart.catalog.sources import FOLDER as SOURCES
from featuremart.errors import Problem, did_you_mean
from featuremart.steps.plan import STEPS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from featuremart.catalog.model import Catalog
    from featuremart.errors import Where
    from featuremart.workflow.check import Command
    from featuremart.workflow.project import Workflow

FOLDER = "workflows"

_EXPRESSION = re.compile(r"\$\{.*?\}", re.DOTALL)
_PUNCTUATION = frozenset("();<>|&")


def workflow_problems(root: Path, catalog: Catalog, commands: Collection[str]) -> tuple[int, list[Problem]]:
    """Judge all workflows.

    Parameters
    ----------
    root
        The repository's root.
    catalog
        What may be extracted, transformed, loaded and published.
    commands
        Names of the commands of ``mart``.

    Returns
    -------
    tuple
        How many workflows there are, and what is wrong with them.
    """
    from featuremart.workflow import check
    from featuremart.workflow.project import Project, find_workflows

    directory = root / FOLDER
    if not directory.is_dir():
        return 0, []
    workflows, found = find_workflows(directory, root)
    readable = not found
    project = Project(directory, root, workflows)
    judge = _Commands(root, catalog, workflows, commands)
    for workflow in workflows.values():
        found += check.operator_problems(project, workflow) + check.late_problems(project, workflow)
        for command in check.commands(project, workflow):
            judge.command(command)
    if readable:
        judge.missing_steps()
    return len(workflows), found + judge.problems


@dataclass
class _Commands:
    """Collects what the commands of all workflows do, and what is wrong with them."""

    root: Path
    catalog: Catalog
    workflows: Mapping[str, Workflow]
    known: Collection[str]
    problems: list[Problem] = field(default_factory=list)
    done: dict[str, dict[str, Where]] = field(default_factory=lambda: defaultdict(dict))
    """Step -> what it is done to -> where."""

    def command(self, command: Command) -> None:
        try:
            calls = list(_mart_calls(command.text))
        except ValueError as error:
            message = f"{command.task}: the shell would not understand this: {str(error).lower()}"
            self.problems.append(Problem(command.where, message, "close the quotes"))
            return
        for words in calls:
            self._call(words, command.where)

    def _call(self, words: Sequence[str], where: Where) -> None:
        name = words[1] if len(words) > 1 else ""
        if name.startswith("-") or "$" in name:
            return
        if name not in self.known:
            self.problems.append(
                Problem(where, f"there is no command mart {name}", did_you_mean(name, self.known))
            )
            return
        target = next(_arguments(words[2:]), "")
        if "$" in target or (name not in STEPS and name not in {"notify", "run"}):
            return
        self._target(name, target, where)
        if "--model" in words[:-1]:
            self._known("model", words[words.index("--model") + 1], self.catalog.models, where)

    def _target(self, name: str, target: str, where: Where) -> None:
        self.done[name].setdefault(target, where)
        if name == "extract":
            if not (self.root / SOURCES / f"{target}.sql").is_file():
                self._known("source", target, self.catalog.sources, where)
        elif name in STEPS:
            model, _, table = target.partition(".")
            if not (table and (self.root / FEATURES / model / f"{table}.py").is_file()):
                self._known("feature table", target, self.catalog.tables, where)
        else:
            self._known("workflow", target, self.workflows, where)

    def _known(self, what: str, name: str, names: Collection[str], where: Where) -> None:
        if "$" not in name and name not in names:
            message = f"there is no {what} {name!r}" if name else f"the command names no {what}"
            self.problems.append(Problem(where, message, did_you_mean(name, names)))

    def missing_steps(self) -> None:
        """Find tables that no workflow makes, and tables whose sources no workflow extracts."""
        for table in self.catalog.tables.values():
            file = f"{FOLDER}/{table.model}.dig"
            missing = [step for step in STEPS[1:] if table.id not in self.done[step]]
            if missing:
                commands = ", then ".join(f"`sh>: mart {step} {table.id}`" for step in missing)
                message = f"no workflow runs {' and '.join(missing)} for {table.id}"
                self.problems.append(Problem(table.where, message, f"add to {file} {commands}"))
            for source in table.sources:
                if table.id in self.done["transform"] and source not in self.done["extract"]:
                    message = f"{table.id} reads {source}, which no workflow extracts"
                    where = self.done["transform"][table.id]
                    self.problems.append(
                        Problem(where, message, f"add before it `sh>: mart extract {source}`")
                    )


def _arguments(words: Sequence[str]) -> Iterator[str]:
    """Yield the words that are neither options nor their values; every option of a step has one."""
    left = iter(words)
    for word in left:
        if not word.startswith("-"):
            yield word
        elif "=" not in word:
            next(left, None)


def _mart_calls(text: str) -> Iterator[list[str]]:
    """Yield the words of every call of ``mart`` in a shell command.

    Raises
    ------
    ValueError
        Where quotes are not closed.
    """
    # an expression is one word for the shell, whatever stands in it
    for line in _EXPRESSION.sub("$", text).replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        for between, call in groupby(words, key=lambda word: set(word) <= _PUNCTUATION):
            found = list(call)
            if not between and found[0] == "mart":
                yield found
