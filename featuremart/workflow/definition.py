"""From the object in a ``.dig`` file to its tasks: who is whose child, who waits for whom.

What Digdag refuses when a workflow is loaded is refused here, with every problem of a workflow in one go.
The same function makes the tasks that come into being while a workflow runs (of ``_do``, ``_error``,
``call>`` and so on), where the first problem fails the task that asked for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.errors import Problem, did_you_mean
from featuremart.workflow import values
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from featuremart.workflow.values import Config, Json
    from featuremart.workflow.yaml_file import Place

GROUP_KEYS = (
    "timezone",
    "schedule",
    "sla",
    "_parallel",
    "_background",
    "_after",
    "_error",
    "_check",
    "_retry",
    "_export",
    "_secrets",
)
"""The keys that a group may have beside its tasks."""

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z_0-9\-=\[\]{}%&@`,.^]")
_LONGEST_NAME = 255


@dataclass(frozen=True)
class TaskDefinition:
    """One task as it is written.

    Parameters
    ----------
    index
        Position in the list of tasks that it was made with; a parent comes before its children.
    full_name
        ``+workflow+group+task``.
    parent
        Index of the group that it stands in, None for the first task of the list.
    upstreams
        Indexes of the tasks that have to succeed first.
    is_group
        Whether it only holds others. A disabled task counts as an empty group.
    config
        Its keys without those of its children.
    place
        Where it stands.
    """

    index: int
    full_name: str
    parent: int | None
    upstreams: tuple[int, ...]
    is_group: bool
    config: Config
    place: Place

    @property
    def operator(self) -> str | None:
        """The key that names what the task does: ``sh>``; ``_type: sh`` for the long form."""
        return operator_key(self.config)


@dataclass(frozen=True)
class Parallel:
    """What ``_parallel`` says.

    Parameters
    ----------
    on
        Whether children start together.
    limit
        Size of the chunks that start together, 0 for all at once.
    """

    on: bool
    limit: int

    @classmethod
    def of(cls, config: Config) -> Parallel:
        """Read ``_parallel`` of a group or of an operator that makes tasks."""
        if "_parallel" not in config:
            return cls(on=False, limit=0)
        value = config["_parallel"]
        if isinstance(value, bool | str):
            return cls(on=values.boolean(config, "_parallel", default=False), limit=0)
        if isinstance(value, dict):
            return cls(on=True, limit=values.integer(value, "limit"))
        raise ConfigError(f"Invalid _parallel format: {values.json_text(value)}", "_parallel")


def operator_key(config: Config) -> str | None:
    """Name the key of a task's operator."""
    if "_type" in config:
        return f"_type: {values.plain_text(config['_type'])}"
    return next((key for key in config if key.endswith(">")), None)


def compile_tasks(
    full_name: str, config: Config, place: Place, child_places: Mapping[str, Place] | None = None
) -> tuple[TaskDefinition, ...]:
    """Make the tasks of an object; the first one is the object itself.

    Parameters
    ----------
    full_name
        Of the first task.
    config
        The object.
    place
        Where it stands.
    child_places
        Where children of the first task stand that an operator made and named itself.

    Returns
    -------
    tuple of TaskDefinition
        In the order of the file, parents first.

    Raises
    ------
    ConfigError
        With what is wrong, first things first.
    """
    tasks, problems = compile_with_problems(full_name, config, place, child_places)
    if problems:
        raise ConfigError("\n".join(problem.message for problem in problems))
    return tasks


def compile_with_problems(
    full_name: str, config: Config, place: Place, child_places: Mapping[str, Place] | None = None
) -> tuple[tuple[TaskDefinition, ...], list[Problem]]:
    """Make the tasks of an object and list everything that is wrong with them."""
    compiler = _Compiler(child_places or {})
    compiler.collect(None, full_name, config, place)
    drafts = compiler.drafts
    return tuple(draft.finished() for draft in drafts), compiler.problems


def check_task_name(name: str, *, generated: bool = False) -> list[str]:
    """Tell what is wrong with a task's name, as Digdag words it.

    Parameters
    ----------
    name
        With its ``+``.
    generated
        Whether it may hold ``^``, the mark of the tasks that other tasks make.
    """
    wrong = []
    if "^" in name and not generated:
        wrong.append("must not contain ^ character")
    forbidden = _NOT_IN_NAMES.search(name[1:])
    if forbidden:
        wrong.append(f"must not contain character '{forbidden.group()}'")
    if len(name) > _LONGEST_NAME:
        wrong.append(f"must not be longer than {_LONGEST_NAME} characters")
    return [f'task name {what}: "{name}"' for what in wrong]


@dataclass
class _Draft:
    index: int
    name: str
    full_name: str
    parent: int | None
    upstreams: list[int]
    is_group: bool
    config: Config
    place: Place

    def finished(self) -> TaskDefinition:
        return TaskDefinition(
            self.index,
            self.full_name,
            self.parent,
            tuple(dict.fromkeys(self.upstreams)),
            self.is_group,
            self.config,
            self.place,
        )


class _Compiler:
    def __init__(self, child_places: Mapping[str, Place]) -> None:
        self.drafts: list[_Draft] = []
        self.problems: list[Problem] = []
        self.child_places = child_places

    def refuse(self, place: Place, message: str, instead: str = "") -> None:
        self.problems.append(Problem(place.where, message, instead))

    def collect(self, parent: _Draft | None, full_name: str, config: Config, place: Place) -> _Draft:
        name = full_name.removeprefix(parent.full_name) if parent else full_name
        own = {key: value for key, value in config.items() if not key.startswith("+")}
        children = [key for key in config if key.startswith("+")]
        draft = _Draft(
            len(self.drafts), name, full_name, parent.index if parent else None, [], True, own, place
        )
        self.drafts.append(draft)
        try:
            if values.boolean(own, "_disable", default=False):
                draft.config = {"_disable": True}
            elif operator_key(own):
                draft.is_group = False
                self.refuse_bad_task(own, place, children)
                self.check_error_block(full_name, own, place)
            else:
                self.refuse_unknown_keys(full_name, own, place)
                self.order(own, self.collect_children(draft, config, children))
                self.check_error_block(full_name, own, place)
        except ConfigError as error:
            self.refuse(place.under(error.key), str(error), error.hint)
        return draft

    def collect_children(self, group: _Draft, config: Config, names: Sequence[str]) -> list[_Draft]:
        made = []
        for name in names:
            place = group.place.under(name)
            if group.parent is None:
                place = self.child_places.get(name, place)
            for message in check_task_name(name, generated=True):
                self.refuse(place, message)
            try:
                child = _ordered_object(config, name)
            except ConfigError as error:
                self.refuse(place, str(error), "write `{}` for an empty group")
                continue
            made.append(self.collect(group, group.full_name + name, child, place))
        return made

    def refuse_bad_task(self, config: Config, place: Place, children: Sequence[str]) -> None:
        if children:
            self.refuse(
                place.under(children[0]),
                f"A task can't have subtasks: {values.json_text(config)}",
                "make it a group of two tasks, or use an operator with `_do`",
            )
        operators = [key for key in config if key.endswith(">")]
        if len(operators) > 1:
            self.refuse(
                place.under(operators[1]),
                f"A task can't have more than one operator: {values.json_text(config)}",
                "give each operator a task of its own",
            )

    def refuse_unknown_keys(self, full_name: str, config: Config, place: Place) -> None:
        for key in config:
            if key not in GROUP_KEYS:
                hint = "a task needs an operator such as `sh>`" if not key.startswith("_") else ""
                near = did_you_mean(key, GROUP_KEYS)
                self.refuse(place.under(key), f"{full_name} contains the invalid key '{key}'", hint or near)

    def check_error_block(self, full_name: str, config: Config, place: Place) -> None:
        # a broken _error could only be found when it is needed most, so Digdag tries it at once
        block = values.nested_or_empty(config, "_error")
        if block:
            _, problems = compile_with_problems(f"{full_name}^error", block, place.under("_error"))
            self.problems.extend(problems)

    def order(self, config: Config, children: Sequence[_Draft]) -> None:
        parallel = Parallel.of(config)
        if not parallel.on:
            self.order_in_sequence(children)
            return
        before: list[_Draft] = []
        known: dict[str, _Draft] = {}
        for chunk in _chunks(children, parallel.limit):
            for child in chunk:
                self.order_in_parallel(child, known)
                child.upstreams.extend(draft.index for draft in before)
            before = list(chunk)

    def order_in_parallel(self, child: _Draft, known: dict[str, _Draft]) -> None:
        if values.boolean(child.config, "_background", default=False):
            message = (
                'Setting "_background: true" option is invalid (unnecessary) '
                'if its parent task has "_parallel: true" option'
            )
            self.refuse(child.place.under("_background"), message, "leave `_background` out")
        for name in _names(child.config):
            if name in known:
                child.upstreams.append(known[name].index)
            else:
                message = f"Dependency task '{name}' does not exist"
                near = did_you_mean(name, known) or "name a task that stands above it"
                self.refuse(child.place.under("_after"), message, near)
        child.config = {key: value for key, value in child.config.items() if key != "_after"}
        known[child.name] = child

    def order_in_sequence(self, children: Sequence[_Draft]) -> None:
        before: list[_Draft] = []
        for child in children:
            if "_after" in child.config:
                message = (
                    'Setting "_after" option is invalid if its parent task '
                    'doesn\'t have "_parallel: true" option'
                )
                self.refuse(child.place.under("_after"), message, "write `_parallel: true` in the group")
            if values.boolean(child.config, "_background", default=False):
                before.append(child)
            else:
                child.upstreams.extend(draft.index for draft in before)
                before = [child]
            child.config = {key: value for key, value in child.config.items() if key != "_background"}


def _chunks(children: Sequence[_Draft], size: int) -> Iterator[Sequence[_Draft]]:
    step = size if size > 0 else max(len(children), 1)
    for start in range(0, len(children), step):
        yield children[start : start + step]


def _names(config: Config) -> list[str]:
    value: Json = config.get("_after")
    if value is None:
        return []
    if not isinstance(value, list):
        raise values.unexpected("_after", "array type", value)
    return [values.as_text("_after", name) for name in value]


def _ordered_object(config: Config, key: str) -> Config:
    value = config[key]
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        raise ConfigError(f"Parameter '{key}' must be an object or array of objects")
    made: Config = {}
    for item in value:
        if not isinstance(item, dict):
            raise ConfigError(f"Expected object but got {values.json_text(item)}")
        made.update(item)
    return made
