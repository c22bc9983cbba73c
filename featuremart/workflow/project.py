"""A directory of ``.dig`` files as a project: every workflow with its schedule and tasks, or every problem."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from featuremart.errors import Problem, ProblemsFound, UsageError, Where, did_you_mean
from featuremart.workflow import values
from featuremart.workflow.definition import TaskDefinition, check_task_name, compile_with_problems
from featuremart.workflow.schedule import Schedule, parse_schedule
from featuremart.workflow.sessions import session_for_day
from featuremart.workflow.values import ConfigError
from featuremart.workflow.yaml_file import Place, read_document, shown
from featuremart.workflow.zones import zone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from featuremart.workflow.values import Config

_SUFFIX = ".dig"
_TOP_KEYS = ("schedule", "sla", "_error", "_check", "_retry", "_parallel")
_LONGEST_NAME = 255


@dataclass(frozen=True)
class WorkflowFile:
    """What stands in a ``.dig`` file, apart from its time zone in the form of a group.

    Parameters
    ----------
    name
        Of the workflow: the file's path in the project without ``.dig``.
    config
        The group of its tasks.
    timezone
        Its name.
    place
        The file's top.
    """

    name: str
    config: Config
    timezone: str
    place: Place


@dataclass(frozen=True)
class Workflow:
    """A workflow of a project.

    Parameters
    ----------
    name
        The file's name without ``.dig``.
    file
        What stands in it.
    tasks
        Its tasks, parents before children; the first one is the workflow itself.
    schedule
        When its sessions are, None where it has no schedule.
    """

    name: str
    file: WorkflowFile
    tasks: tuple[TaskDefinition, ...]
    schedule: Schedule | None

    @property
    def timezone(self) -> str:
        """Name of its time zone."""
        return self.file.timezone

    @property
    def where(self) -> Where:
        """Its file."""
        return self.file.place.top

    @property
    def failure_task(self) -> Place | None:
        """Where the task stands that is told of a failure (``_error`` of the workflow), None for none."""
        return self.file.place.under("_error") if self.file.config.get("_error") else None

    def session_for_day(self, day: dt.date) -> dt.datetime:
        """Find the session that makes a partition day; see :func:`featuremart.workflow.sessions.session_for_day`."""
        return session_for_day(day, self.timezone, self.schedule)


@dataclass(frozen=True)
class Project:
    """The workflows of a directory.

    Parameters
    ----------
    directory
        Absolute.
    root
        What the paths in messages are relative to.
    workflows
        By name. Files in folders below are no workflows of their own; ``call>`` reaches them.
    """

    directory: Path
    root: Path
    workflows: Mapping[str, Workflow] = field(default_factory=dict)

    def workflow(self, name: str) -> Workflow:
        """Find a workflow by name.

        Raises
        ------
        UsageError
            Where there is none of that name.
        """
        if name not in self.workflows:
            hint = did_you_mean(name, self.workflows) or "there is no `.dig` file in it"
            raise UsageError(
                f"there is no workflow {name} in {shown(self.directory, self.root)}: {hint}",
                next_command="mart run WORKFLOW",
            )
        return self.workflows[name]

    def called_file(self, name: str, folder: str = "") -> WorkflowFile:
        """Read the file that a ``call>`` names.

        Parameters
        ----------
        name
            Relative to the folder, with or without ``.dig``.
        folder
            Of the file that calls, relative to the project.

        Raises
        ------
        ConfigError
            Where it is not there, outside of the project, or wrong.
        """
        file = name if name.endswith(_SUFFIX) else name + _SUFFIX
        path = Path(os.path.normpath(self.directory / folder / file))
        if not path.is_relative_to(self.directory):
            raise ConfigError(
                f"File name must not be outside of project path ({shown(self.directory, self.root)}): {file}"
            )
        if not path.is_file():
            beside = path.parent.glob(f"*{_SUFFIX}") if path.parent.is_dir() else ()
            near = did_you_mean(path.name, (other.name for other in beside))
            raise ConfigError(f"File not found: {shown(path, self.root)}", "call>", near)
        try:
            loaded, problems = read_workflow_file(path, self.directory, self.root)
        except ProblemsFound as error:
            raise ConfigError(str(error.problems[0])) from error
        if problems:
            raise ConfigError(str(problems[0]))
        return loaded


def read_workflow_file(path: Path, directory: Path, root: Path) -> tuple[WorkflowFile, list[Problem]]:
    """Read one ``.dig`` file.

    Returns
    -------
    file, problems
        The file, and what is wrong with its top level.

    Raises
    ------
    ProblemsFound
        Where it cannot be read at all.
    """
    document = read_document(path, root)
    place = Place(Where(shown(path, root), 1), document.places)
    name = path.relative_to(directory).as_posix().removesuffix(_SUFFIX)
    problems = [Problem(place.where, message) for message in _check_workflow_name(name)]
    config = document.value

    def refuse(key: str, message: str, instead: str = "") -> None:
        problems.append(Problem(place.under(key).where, message, instead))

    timezone = "UTC"
    try:
        timezone = values.optional_text(config, "timezone") or "UTC"
        zone(timezone)
    except ConfigError as error:
        refuse("timezone", str(error), error.hint)
        timezone = "UTC"
    group: Config = {}
    try:
        export = _export_with_folder(values.nested_or_empty(config, "_export"), name)
        if export:
            group["_export"] = export
    except ConfigError as error:
        refuse("_export", str(error), "write keys and values below `_export:`")
    for key, value in config.items():
        if key in {"timezone", "_export"}:
            continue
        if key not in _TOP_KEYS and not key.startswith("+"):
            message = f"Workflow '{name}' includes unknown keys: [{key}]"
            hint = f"write `+{key}:` for a task" if isinstance(value, dict) else did_you_mean(key, _TOP_KEYS)
            refuse(key, message, "put it into a task" if key.endswith(">") else hint)
        elif value is None:
            refuse(key, f"Parameter '{key}' is required but null", "write `{}` for an empty group")
        else:
            for message in check_task_name(key) if key.startswith("+") else ():
                refuse(key, message)
            group[key] = value
    return WorkflowFile(name, group, timezone, place), problems


def find_workflows(directory: Path, root: Path) -> tuple[dict[str, Workflow], list[Problem]]:
    """Read every workflow of a directory and list everything that a Digdag server would refuse.

    Parameters
    ----------
    directory, root
        Absolute.
    """
    if not directory.is_dir():
        raise UsageError(
            f"there is no directory {shown(directory, root)}", next_command="mart new model NAME"
        )
    workflows: dict[str, Workflow] = {}
    problems: list[Problem] = []
    for path in sorted(directory.glob(f"*{_SUFFIX}")):
        if not path.is_file() or path.name.startswith("."):
            continue
        try:
            file, wrong = read_workflow_file(path, directory, root)
        except ProblemsFound as error:
            problems.extend(error.problems)
            continue
        workflow, more = _workflow(file)
        problems += wrong or more
        workflows[file.name] = workflow
    return workflows, problems


def _workflow(file: WorkflowFile) -> tuple[Workflow, list[Problem]]:
    tasks, problems = compile_with_problems(f"+{file.name}", file.config, file.place)
    schedule = None
    try:
        config = values.nested_or_empty(file.config, "schedule")
        if config:
            schedule = parse_schedule(config, file.timezone, zone(file.timezone))
    except ConfigError as error:
        place = file.place.under("schedule", error.key) if error.key else file.place.under("schedule")
        problems.append(Problem(place.where, str(error), error.hint))
    return Workflow(file.name, file, tasks, schedule), problems


def _export_with_folder(export: Config, name: str) -> Config:
    folder, slash, _ = name.rpartition("/")
    if not slash:
        return export
    inner = values.optional_text(export, "_workdir")
    return {**export, "_workdir": f"{folder}/{inner}" if inner is not None else folder}


def _check_workflow_name(name: str) -> list[str]:
    wrong = []
    if re.match(r"[0-9]", name):
        wrong.append("must not start with a numeric digit (0-9)")
    if re.match(r'[+^@/\\:*?"<>|]', name):
        wrong.append('must not include special symbols (+ ^ @ / \\ / : * ? " < > |)')
    if name.endswith(_SUFFIX):
        wrong.append("must not end with .dig")
    if len(name) > _LONGEST_NAME:
        wrong.append(f"must not be longer than {_LONGEST_NAME} characters")
    return [f'name {what}: "{name}"' for what in wrong]


def find_problems(directory: Path, *, root: Path | None = None) -> list[Problem]:
    """List everything that is wrong with the workflows of a directory, also what would only show when they run.

    Parameters
    ----------
    directory
        With the ``.dig`` files.
    root
        What paths in messages are relative to; by default the directory above.

    Returns
    -------
    list of Problem
        By file and line; empty where all is well.
    """
    from featuremart.workflow.check import late_problems, operator_problems

    directory, root = _absolute(directory, root)
    workflows, problems = find_workflows(directory, root)
    project = Project(directory, root, workflows)
    for workflow in workflows.values():
        problems += operator_problems(project, workflow)
        problems += late_problems(project, workflow)
    return sorted(set(problems))


def load_project(directory: Path, *, root: Path | None = None, strict_operators: bool = True) -> Project:
    """Load the workflows of a directory.

    Parameters
    ----------
    directory
        With the ``.dig`` files.
    root
        What paths in messages are relative to; by default the directory above.
    strict_operators
        Whether an operator that is not run here is refused now; a server refuses it when it comes to run it.

    Raises
    ------
    ProblemsFound
        With everything that a server would refuse, and those operators.
    """
    from featuremart.workflow.check import operator_problems

    directory, root = _absolute(directory, root)
    workflows, problems = find_workflows(directory, root)
    project = Project(directory, root, workflows)
    if strict_operators:
        for workflow in workflows.values():
            problems += operator_problems(project, workflow)
    if problems:
        raise ProblemsFound(set(problems))
    return project


def _absolute(directory: Path, root: Path | None) -> tuple[Path, Path]:
    absolute = directory.resolve()
    return absolute, absolute.parent if root is None else root.resolve()
