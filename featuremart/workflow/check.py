"""Find in workflows what a Digdag server would accept and that would then fail, or not run here.

Digdag finds out about an unknown operator or a missing ``call>`` file when it comes to that task, perhaps an hour
into a run. Here it is said before anything starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.errors import Problem, did_you_mean
from featuremart.workflow import values
from featuremart.workflow.definition import compile_with_problems
from featuremart.workflow.retry import Retry
from featuremart.workflow.schedule import parse_duration
from featuremart.workflow.sla import Sla
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from featuremart.errors import Where
    from featuremart.workflow.definition import TaskDefinition
    from featuremart.workflow.project import Project, Workflow
    from featuremart.workflow.values import Config
    from featuremart.workflow.yaml_file import Place

RUN_HERE = frozenset(
    {"call", "echo", "fail", "for_each", "for_range", "if", "loop", "notify", "py", "require", "sh", "wait"}
)
"""The operators that this runner runs."""

ONLY_ON_A_SERVER = frozenset(
    {
        *("bq", "bq_ddl", "bq_extract", "bq_load", "embulk", "emr", "gcs_wait", "http", "http_call", "mail"),
        *("param_get", "param_set", "pg", "rb", "redshift", "redshift_load", "redshift_unload"),
        *("s3_copy", "s3_delete", "s3_move", "s3_touch", "s3_wait"),
        *("td", "td_ddl", "td_for_each", "td_load", "td_partial_delete", "td_result_export", "td_run"),
        *("td_table_export", "td_wait", "td_wait_table"),
    }
)
"""Operators of Digdag that this runner does not run."""

_BLOCKS = ("_do", "_else_do", "_check", "_error")
_LOOPS = frozenset({"loop", "for_each", "for_range"})
_RETRIED = frozenset({"sh", "py", "call", "require"})


@dataclass(frozen=True)
class Command:
    """A command that a workflow runs by ``sh>``.

    Parameters
    ----------
    text
        As written: expressions are not evaluated.
    task
        Full name of its task.
    where
        File and line.
    """

    text: str
    task: str
    where: Where


def commands(project: Project, workflow: Workflow) -> tuple[Command, ...]:
    """List the commands of a workflow, with those of what it calls and of its ``_do`` and ``_error`` blocks."""
    found = []
    for task in _Walk(project).workflow(workflow):
        operator, value = operator_of(task.config)
        if operator == "sh" and isinstance(value, str):
            found.append(Command(value, task.full_name, task.place.under("sh>").where))
    return tuple(found)


def operator_problems(project: Project, workflow: Workflow) -> list[Problem]:
    """List the operators of a workflow that this runner does not run."""
    problems = []
    for task in _Walk(project).workflow(workflow):
        operator, _ = operator_of(task.config)
        where = task.place.under(f"{operator}>").where
        if operator in ONLY_ON_A_SERVER:
            message = f"{task.full_name}: {operator}> is not run here, only on a Digdag server"
            problems.append(Problem(where, message, "use `sh>` with a command that does the same"))
        elif operator is not None and operator not in RUN_HERE and "$" not in operator:
            near = did_you_mean(operator.strip(), RUN_HERE)
            problems.append(Problem(where, f"{task.full_name}: Unknown task type: {operator}", near))
        for key in ("docker", "_export"):
            config = task.config if key == "docker" else values.as_object(task.config.get("_export"))
            if "docker" in config:
                message = (
                    f"{task.full_name}: `docker` is not honoured here, the task would run without a container"
                )
                problems.append(Problem(task.place.under(key).where, message, "leave `docker` out"))
    return problems


def late_problems(project: Project, workflow: Workflow) -> list[Problem]:
    """List what else would only be found when the workflow runs."""
    walk = _Walk(project)
    problems = []
    for task in walk.workflow(workflow):
        for check in _CHECKS:
            try:
                check(project, task)
            except ConfigError as error:
                place = task.place.under(error.key) if error.key else task.place
                problems.append(Problem(place.where, f"{task.full_name}: {error}", error.hint))
    if "sla" in workflow.file.config:
        try:
            Sla.of(values.nested_or_empty(workflow.file.config, "sla"))
        except ConfigError as error:
            problems.append(Problem(workflow.file.place.under("sla").where, str(error), error.hint))
    return [*walk.problems, *problems]


def operator_of(config: Config) -> tuple[str | None, values.Json]:
    """Return the name of a task's operator without ``>``, and what stands behind it."""
    if "_type" in config:
        return values.plain_text(config["_type"]), config.get("_command")
    key = next((key for key in config if key.endswith(">")), None)
    return (None, None) if key is None else (key.removesuffix(">"), config[key])


class _Walk:
    """Goes through all tasks that a workflow can come to run, as far as the text tells."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.problems: list[Problem] = []
        self.called: set[str] = set()

    def workflow(self, workflow: Workflow) -> Iterator[TaskDefinition]:
        self.called.add(workflow.name)
        for task in workflow.tasks:
            yield from self.task(task, "")
        sla = values.as_object(workflow.file.config.get("sla"))
        block = {key: value for key, value in sla.items() if key not in {"time", "duration", "alert", "fail"}}
        yield from self.block(
            f"{workflow.tasks[0].full_name}^sla", block, workflow.file.place.under("sla"), ""
        )

    def task(self, task: TaskDefinition, folder: str) -> Iterator[TaskDefinition]:
        yield task
        for key in _BLOCKS:
            block = values.as_object(task.config.get(key))
            # a broken _error is refused when the workflow is loaded, so it is no news here
            suffix = "^sub" if key.endswith("do") else key.replace("_", "^")
            yield from self.block(
                task.full_name + suffix, block, task.place.under(key), folder, known=key == "_error"
            )
        operator, target = operator_of(task.config)
        if operator == "call" and isinstance(target, str) and "$" not in target:
            yield from self.call(task, target, folder)

    def block(
        self, name: str, config: Config, place: Place, folder: str, *, known: bool = False
    ) -> Iterator[TaskDefinition]:
        if not config:
            return
        tasks, problems = compile_with_problems(name, config, place)
        if not known:
            self.problems.extend(problems)
        for task in tasks:
            yield from self.task(task, folder)

    def call(self, task: TaskDefinition, target: str, folder: str) -> Iterator[TaskDefinition]:
        try:
            file = self.project.called_file(target, folder)
        except ConfigError as error:
            where = task.place.under("call>").where
            self.problems.append(Problem(where, f"{task.full_name}: {error}", error.hint))
            return
        if file.name in self.called:
            return
        self.called.add(file.name)
        below = file.name.rpartition("/")[0]
        yield from self.block(f"{task.full_name}^sub", file.config, file.place, below)


def _operator_has_its_value(_: Project, task: TaskDefinition) -> None:
    operator, value = operator_of(task.config)
    if (
        operator in RUN_HERE - {"fail"}
        and value is None
        and not (operator == "py" and "script" in task.config)
    ):
        raise ConfigError(f"`{operator}>` has nothing behind it", f"{operator}>")


def _blocks_are_there(_: Project, task: TaskDefinition) -> None:
    operator, _value = operator_of(task.config)
    if operator in _LOOPS:
        values.nested(task.config, "_do")
    if operator == "if" and not any(values.nested_or_empty(task.config, key) for key in ("_do", "_else_do")):
        raise ConfigError("Both _do and _else_do are not specified.", "if>")
    for key in ("_export", "_env", "_check"):
        values.nested_or_empty(task.config, key)


def _retry_is_readable(_: Project, task: TaskDefinition) -> None:
    retry = task.config.get("_retry")
    if not isinstance(retry, str) and "${" not in values.json_text(retry):
        try:
            Retry.of(task.config)
        except ConfigError as error:
            raise ConfigError(str(error), "_retry") from error
    operator, _value = operator_of(task.config)
    if "_retry" in task.config and operator is not None and operator not in _RETRIED | {"if"} | _LOOPS:
        raise ConfigError(f"`_retry` has no effect on {operator}>", "_retry")


def _check_runs(_: Project, task: TaskDefinition) -> None:
    if task.is_group and "_check" in task.config:
        raise ConfigError("a `_check` of a group or workflow never runs: put it on a task", "_check")


def _wait_is_a_duration(_: Project, task: TaskDefinition) -> None:
    operator, value = operator_of(task.config)
    if operator == "wait" and isinstance(value, str) and "$" not in value:
        parse_duration(value, "wait>")


def _required_workflow_exists(project: Project, task: TaskDefinition) -> None:
    operator, value = operator_of(task.config)
    if operator != "require" or not isinstance(value, str) or "$" in value:
        return
    elsewhere = any(key in task.config for key in ("project_name", "project_id"))
    if not elsewhere and value not in project.workflows:
        hint = did_you_mean(value, project.workflows)
        raise ConfigError(f"Dependent workflow does not exist: {value}", "require>", hint)


_CHECKS: tuple[Callable[[Project, TaskDefinition], None], ...] = (
    _operator_has_its_value,
    _blocks_are_there,
    _retry_is_readable,
    _check_runs,
    _wait_is_a_duration,
    _required_workflow_exists,
)
