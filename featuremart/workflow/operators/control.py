"""Operators that make tasks: what stands in ``_do``, once, often or not at all, and other files."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from featuremart.workflow import values
from featuremart.workflow.definition import Parallel
from featuremart.workflow.operators.request import Result
from featuremart.workflow.state import MOST_TASKS
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from featuremart.workflow.operators.request import TaskRequest
    from featuremart.workflow.values import Config, Json

_NAME_TAG = 8
_Choice = tuple[int, str, int, "Json"]


def if_(request: TaskRequest) -> Result:
    """Make the tasks of ``_do`` or of ``_else_do``."""
    done = values.nested_or_empty(request.config, "_do")
    otherwise = values.nested_or_empty(request.config, "_else_do")
    condition = values.as_boolean("_command", values.required(request.config, "_command"))
    if not done and not otherwise:
        raise ConfigError("Both _do and _else_do are not specified.")
    if condition:
        return Result(subtasks=done, place=request.place.under("_do"))
    return Result(subtasks=otherwise, place=request.place.under("_else_do"))


def loop(request: TaskRequest) -> Result:
    """Make the tasks of ``_do`` a number of times, with ``i`` from 0."""
    values.nested(request.config, "_do")
    asked = values.integer(request.config, "_command")
    given = values.optional_integer(request.config, "count")
    count = asked if given is None else given
    _refuse_too_many("loop", count)
    return _repeated(request, {f"+loop-{index}": {"i": index} for index in range(count)})


def for_each(request: TaskRequest) -> Result:
    """Make the tasks of ``_do`` for every combination of the values of some lists."""
    values.nested(request.config, "_do")
    lists = values.parsed_object(request.config, "_command")
    combinations: list[tuple[_Choice, ...]] = []
    count = 1
    for position, key in enumerate(lists):
        items = values.parsed_list(lists, key)
        count *= len(items)
        _refuse_too_many("for_each", count)
        heads = combinations or [()]
        combinations = [
            (*head, (position, key, index, item)) for head in heads for index, item in enumerate(items)
        ]
    return _repeated(
        request,
        {_for_each_name(choices): {key: item for _, key, _, item in choices} for choices in combinations},
    )


def for_range(request: TaskRequest) -> Result:
    """Make the tasks of ``_do`` for slices of a range, with ``range.from``, ``range.to`` and ``range.index``."""
    values.nested(request.config, "_do")
    span = values.parsed_object(request.config, "_command")
    start, end = values.integer(span, "from"), values.integer(span, "to")
    step, slices = values.optional_integer(span, "step"), values.optional_integer(span, "slices")
    if step is not None and slices is not None:
        raise ConfigError("Setting both step and slices options to for_range is invalid")
    for option, given in (("step", step), ("slices", slices)):
        if given is not None and given <= 0:
            raise ConfigError(f"{option} option must be same or greater than 1 but got {given}")
    if step is None:
        if slices is None:
            raise ConfigError("step or slices option is required for for_range")
        step = max(-(-(end - start) // slices), 1)
    _refuse_too_many("for_range", len(range(start, end, step)))
    exports: dict[str, Config] = {}
    for index, low in enumerate(range(start, end, step)):
        high = min(low + step, end)
        exports[f"+range-from={low}&to={high}"] = {"range": {"from": low, "to": high, "index": index}}
    return _repeated(request, exports)


def call(request: TaskRequest) -> Result:
    """Make the tasks of another file."""
    name = values.text(request.config, "_command")
    folder = values.optional_text(request.config, "_workdir") or ""
    file = request.services.project.called_file(name, folder)
    return Result(subtasks=file.config, place=file.place)


def _repeated(request: TaskRequest, exports: dict[str, Config]) -> Result:
    block = values.nested(request.config, "_do")
    made: Config = {}
    for name, export in exports.items():
        child = values.copy_config(block)
        child["_export"] = {**values.nested_or_empty(child, "_export"), **export}
        made[name] = child
    if Parallel.of(request.config).on:
        made["_parallel"] = request.config["_parallel"]
    place = request.place.under("_do")
    return Result(subtasks=made, place=place, child_places=dict.fromkeys(exports, place))


def _refuse_too_many(operator: str, count: int) -> None:
    if count > MOST_TASKS:
        raise ConfigError(f"Too many {operator} subtasks. Limit: {MOST_TASKS}")


def _for_each_name(choices: tuple[_Choice, ...]) -> str:
    parts = [
        f"{position}={_tag(key)}={index}={_tag(values.plain_text(item))}"
        for position, key, index, item in choices
    ]
    return "+for-" + "&".join(parts)


def _tag(text: str) -> str:
    # as Java encodes a form, but a blank, whose "+" would begin a task's name
    return quote(text[:_NAME_TAG], safe="*-._").replace("~", "%7E")
