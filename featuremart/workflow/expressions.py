"""Evaluate ``${...}``: ECMAScript 5 with moment.js, in a fresh engine each time.

An expression comes from a file that anybody may have written. The engine has no access to anything, and bounds
on time and memory.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from featuremart.workflow.template import function_body, later_syntax, split_text
from featuremart.workflow.values import ConfigError, copy_config
from featuremart.workflow.zones import transitions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featuremart.workflow.values import Config, Json

SECONDS = 5.0
"""How long one text may take."""

MEMORY = 64 * 1024 * 1024
"""How many bytes one text may use."""

_NOT_EVALUATED = frozenset({"_do", "_else_do"})
# back as JSON, because the engine's own way cuts a text at a NUL
_RUN = (
    "(function(write){return function(body,json){"
    "return write(new Function(body).call(JSON.parse(json)));};})(JSON.stringify)"
)
# the engine's words, in those that a Digdag server has for the same
_WORDS = (
    (re.compile(r"^(ReferenceError: )'(.*)' (is not defined)$"), r"\1\2 \3"),
    (re.compile(r"^(TypeError: )cannot (read property '.*' of \w+)$"), r"\1Cannot \2"),
)


@cache
def _script(name: str) -> str:
    return (resources.files(__package__) / "javascript" / name).read_text(encoding="utf-8")


@cache
def _moment_source() -> str:
    return (resources.files("xstatic.pkg.moment") / "data" / "moment.min.js").read_text(encoding="utf-8")


def evaluate_text(text: str, variables: Mapping[str, Json]) -> str:
    """Evaluate the expressions of a text.

    Parameters
    ----------
    text
        With or without expressions.
    variables
        What they may name; ``timezone`` among them is the zone that dates are in.

    Raises
    ------
    ConfigError
        Where an expression is wrong, names what is not defined, or takes too much.
    """
    if "$" not in text:
        return text
    parts = split_text(text)
    if not any(part.is_code for part in parts):
        return "".join(part.text for part in parts)
    for part in parts:
        later = later_syntax(part.text) if part.is_code else ""
        if later:
            raise _failed(text, f"SyntaxError: {later} is not in ECMAScript 5, which a Digdag server runs")
    timezone = variables.get("timezone")
    return _run(text, function_body(parts), variables, timezone if isinstance(timezone, str) else "UTC")


def _run(text: str, body: str, variables: Mapping[str, Json], timezone: str) -> str:
    import quickjs

    context = quickjs.Context()
    context.set_memory_limit(MEMORY)
    moments, offsets = transitions(timezone)
    for name, arguments in (
        ("moment.js", (_moment_source(),)),
        ("date.js", (moments, offsets)),
        ("builtins.js", ()),
    ):
        context.eval(f"({_script(name)}).apply(this,{json.dumps(arguments)})")
    run = context.eval(_RUN)
    context.set_time_limit(SECONDS)
    try:
        result: Any = run(body, json.dumps(variables))
    except quickjs.JSException as error:
        raise _failed(text, _words(str(error))) from error
    made: str = json.loads(result)
    return made.encode("utf-8", "replace").decode("utf-8")  # half a character becomes "?", as in Java


def _words(message: str) -> str:
    first = message.partition("\n    at ")[0].strip()
    if "interrupted" in first:
        return f"it took longer than {SECONDS:.0f} s"
    if "out of memory" in first or first in {"null", ""}:
        return f"it used more than {MEMORY // 1024 // 1024} MiB"
    for pattern, replacement in _WORDS:
        first = pattern.sub(replacement, first)
    return first


def _failed(text: str, cause: str) -> ConfigError:
    return ConfigError(f"Failed to evaluate a variable {text} ({cause})")


def evaluate(config: Config, variables: Config) -> Config:
    """Evaluate every text of an object, but those of ``_do`` and ``_else_do``, which are evaluated in their turn.

    A text sees the variables and, before them, the keys that stand above it in the same object, evaluated.
    Keys are never evaluated. An expression always makes text: ``${list}`` is the list's JSON.

    Parameters
    ----------
    config
        The object.
    variables
        What expressions may name, as it is written: where it holds expressions itself they are seen as text.
    """
    made: Config = {}
    for key, value in config.items():
        made[key] = copy_config({"": value})[""] if key in _NOT_EVALUATED else _value(value, variables, made)
    return made


def _value(value: Json, variables: Config, above: Config) -> Json:
    if isinstance(value, dict):
        return evaluate(value, variables)
    if isinstance(value, list):
        return [_value(item, variables, above) for item in value]
    if isinstance(value, str):
        return evaluate_text(value, {**variables, **above})
    return value
