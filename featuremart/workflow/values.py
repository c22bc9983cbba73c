"""The values of a workflow: plain JSON, merged and read the way Digdag does.

A ``.dig`` file, its parameters and what tasks store are JSON objects. Digdag keeps them in Jackson trees,
and what a workflow's author sees (which text a number becomes, what counts as true, how two objects
merge, what a message says) follows from that library. This module holds those rules.
"""

from __future__ import annotations

import json
import math
import re
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Config: TypeAlias = "dict[str, Json]"

_SAMPLE = 100
_PLAIN_FLOAT = (1e-3, 1e7)
_INTEGER = re.compile(r"[+-]?[0-9]+")


class ConfigError(Exception):
    """A workflow's configuration cannot be used as it stands; Digdag's ``ConfigException``.

    Parameters
    ----------
    message
        What is wrong.
    key
        The key that it is wrong with, where there is one.
    hint
        What to write instead, where that is known.
    """

    def __init__(self, message: str, key: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.key = key
        self.hint = hint


def copy(value: Json) -> Json:
    """Copy a value with everything in it."""
    if isinstance(value, dict):
        return {key: copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy(item) for item in value]
    return value


def copy_config(config: Config) -> Config:
    """Copy an object with everything in it."""
    return {key: copy(item) for key, item in config.items()}


def merge(into: Config, other: Config) -> None:
    """Merge an object into another: nested objects deeply, anything else replaced, key order kept."""
    for key, value in other.items():
        present = into.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            merge(present, value)
        else:
            into[key] = copy(value)


def merge_missing(into: Config, other: Config) -> None:
    """Merge in only what is not there yet, nested objects deeply."""
    for key, value in other.items():
        present = into.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            merge_missing(present, value)
        elif key not in into:
            into[key] = copy(value)


def float_text(value: float) -> str:
    """Write a float as Java does: ``1.0``, ``1.0E10``."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    if value == 0 or _PLAIN_FLOAT[0] <= abs(value) < _PLAIN_FLOAT[1]:
        return repr(value)
    shortest = next(text for text in (f"{value:.{digits}e}" for digits in range(18)) if float(text) == value)
    digits, _, exponent = shortest.partition("e")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def json_text(value: Json) -> str:
    """Write a value as compact JSON, as it stands in messages and in environment variables."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(key)}:{json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_text(item) for item in value) + "]"
    if isinstance(value, float):
        return float_text(value)
    return json.dumps(value, ensure_ascii=False)


def plain_text(value: Json) -> str:
    """Write a value as text: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json_text(value)


def log_text(value: Json) -> str:
    """Write a value as the first line of a task's log shows it: ``{x=[1, two]}``."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={log_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(log_text(item) for item in value) + "]"
    return plain_text(value)


def kind_of(value: Json) -> str:
    """Name a value's JSON type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "array"}.get(type(value), "object")


def sample(value: Json) -> str:
    """Write a value for a message, shortened."""
    text = json_text(value)
    return text if len(text) < _SAMPLE else text[: _SAMPLE - 3] + "..."


def unexpected(key: str, expected: str, value: Json) -> ConfigError:
    """Make the error for a value of the wrong type."""
    return ConfigError(f"Expected {expected} for key '{key}' but got {sample(value)} ({kind_of(value)})", key)


def required(config: Config, key: str) -> Json:
    """Take a value that has to be there."""
    if key not in config:
        raise ConfigError(f"Parameter '{key}' is required but not set", key)
    value = config[key]
    if value is None:
        raise ConfigError(f"Parameter '{key}' is required but null", key)
    return value


def as_text(key: str, value: Json) -> str:
    """Read a scalar as text."""
    if isinstance(value, dict | list):
        raise unexpected(key, "string type", value)
    return plain_text(value)


def as_integer(key: str, value: Json) -> int:
    """Read a number, or text that is one; an empty text is 0."""
    if isinstance(value, str):
        text = value.strip()
        if text in {"", "null"}:
            return 0
        if _INTEGER.fullmatch(text):
            return int(text)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return int(value)
    raise unexpected(key, "integer (int) type", value)


def as_boolean(key: str, value: Json) -> bool:
    """Read true or false, or text that is one of them; an empty text is false, a number other than 0 true."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str):
        known = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
        text = value.strip()
        if text in known:
            return known[text]
        if text in {"", "null"}:
            return False
    raise unexpected(key, "'true' or 'false'", value)


def text(config: Config, key: str) -> str:
    """Take a text that has to be there."""
    return as_text(key, required(config, key))


def optional_text(config: Config, key: str) -> str | None:
    """Take a text that may be missing or null."""
    value = config.get(key)
    return None if value is None else as_text(key, value)


def integer(config: Config, key: str) -> int:
    """Take a number that has to be there."""
    return as_integer(key, required(config, key))


def optional_integer(config: Config, key: str) -> int | None:
    """Take a number that may be missing or null."""
    value = config.get(key)
    return None if value is None else as_integer(key, value)


def boolean(config: Config, key: str, default: bool) -> bool:
    """Take true or false, or the default where it is missing or null."""
    value = config.get(key)
    return default if value is None else as_boolean(key, value)


def as_object(value: Json) -> Config:
    """Take an object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def nested(config: Config, key: str) -> Config:
    """Take an object that has to be there."""
    if key not in config:
        raise ConfigError(f"Parameter '{key}' is required but not set", key)
    return nested_or_empty({key: config[key] if config[key] is not None else []}, key)


def nested_or_empty(config: Config, key: str) -> Config:
    """Take an object, or an empty one where it is missing or null."""
    value = config.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(f"Parameter '{key}' must be an object", key)
    return value


def parsed(config: Config, key: str) -> Json:
    """Take a value, reading a text as JSON: ``${list}`` always arrives as its JSON text."""
    value = config.get(key)
    if not isinstance(value, str):
        return required(config, key)
    try:
        document: Json = json.loads(value)
    except json.JSONDecodeError as error:
        cause = (
            f"Unrecognized token {sample(value)}: {error}" if value.strip() else "No content to read as JSON"
        )
        raise ConfigError(f"Parameter '{key}' is no JSON. {cause}", key) from error
    return document


def parsed_object(config: Config, key: str) -> Config:
    """Take an object, or a text that holds one."""
    value = parsed(config, key)
    if not isinstance(value, dict):
        raise ConfigError(f"Parameter '{key}' must be an object", key)
    return value


def parsed_list(config: Config, key: str) -> list[Json]:
    """Take a list, or a text that holds one."""
    value = parsed(config, key)
    if not isinstance(value, list):
        raise unexpected(key, "array type", value)
    return value
