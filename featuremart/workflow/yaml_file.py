"""Read a ``.dig`` file: the YAML 1.1 that Digdag reads, its ``!include``, and where every key stands.

Digdag parses with SnakeYAML and patterns of its own for numbers, so ``012`` is 10, ``yes`` is true, an
unquoted date is a number of milliseconds, but ``03:00:00`` and ``0.5`` stay text. ruamel.yaml parses here;
the patterns and the construction of values are this module's.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from featuremart.errors import Problem, ProblemsFound, Where, did_you_mean
from featuremart.workflow.values import json_text, merge, plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featuremart.workflow.values import Config, Json

KeyPath: TypeAlias = "tuple[str | int, ...]"

_MAX_VALUES = 100_000
_INCLUDE = "!include"
_TAG = "tag:yaml.org,2002:"
_PATTERNS = tuple(
    (kind, re.compile(pattern), frozenset(first) or frozenset({""}))
    for kind, pattern, first in (
        ("bool", r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO"),
        ("int", r"[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)", "-+0123456789"),
        (
            "float",
            r"[-+]?(?:\.[0-9]+|[1-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
            "-+0123456789.",
        ),
        ("merge", r"<<", "<"),
        ("null", r"~|null|Null|NULL", "~nN"),
        ("null", r"", ""),
        (
            "timestamp",
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
            r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}"
            r"(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?",
            "0123456789",
        ),
    )
)
_HINTS = (
    ("'\\t'", "indent with spaces: YAML allows no tabs there"),
    ("mapping values are not allowed", "put the value in quotes: a colon and a space begin a new key"),
    ("undefined alias", "put the value in quotes: * begins an alias"),
    ("quoted scalar", "close the quote"),
)
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?"
    r"(?:[ \t]*(?:Z|([-+])(\d\d?)(?::?(\d\d))?))?)?"
)


@dataclass(frozen=True)
class Document:
    """A file's content.

    Parameters
    ----------
    value
        The object in it, with everything it includes.
    places
        Where each key and list item stands, by its path of keys.
    """

    value: Config
    places: Mapping[KeyPath, Where]


@dataclass(frozen=True)
class Place:
    """A position in a document that knows its file and line.

    Parameters
    ----------
    places
        Of the document.
    path
        Of keys, from the document's top.
    top
        Where the document begins; the answer for what no document holds.
    """

    top: Where
    places: Mapping[KeyPath, Where] = field(default_factory=dict)
    path: KeyPath = ()

    def under(self, *keys: str | int) -> Place:
        """Return the position of a key below this one."""
        return Place(self.top, self.places, self.path + keys)

    @property
    def where(self) -> Where:
        """File and line, of the nearest key above where the key itself was made by a task."""
        for length in range(len(self.path), 0, -1):
            found = self.places.get(self.path[:length])
            if found is not None:
                return found
        return self.top


class _Unreadable(Exception):
    """A file cannot be read: carries the problem."""

    def __init__(self, where: Where, message: str, instead: str = "") -> None:
        super().__init__(message)
        self.problem = Problem(where, message, instead)


def shown(path: Path, root: Path) -> str:
    """Write a path as messages show it: relative to the repository's root where it is below it."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def read_document(path: Path, root: Path) -> Document:
    """Read a ``.dig`` file or what one includes.

    Parameters
    ----------
    path
        The file, absolute.
    root
        What paths in messages are relative to.

    Returns
    -------
    Document
        Its object and where everything in it stands.

    Raises
    ------
    ProblemsFound
        Where it is no YAML, has a key twice, includes what is not there, or is no object.
    """
    places: dict[KeyPath, Where] = {}
    try:
        value = _File(path, root, ()).read(places, ())
    except _Unreadable as error:
        raise ProblemsFound([error.problem]) from error
    return Document(value, places)


@cache
def _resolver() -> Any:
    from ruamel.yaml.nodes import ScalarNode
    from ruamel.yaml.resolver import VersionedResolver
    from ruamel.yaml.tag import Tag

    class Resolver(VersionedResolver):
        """Digdag's patterns for plain scalars instead of those of a YAML version."""

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            if kind is not ScalarNode:
                return super().resolve(kind, value, implicit)
            plain = implicit[0]
            for name, pattern, first in _PATTERNS:
                if plain and value[:1] in first and pattern.fullmatch(value):
                    return Tag(suffix=_TAG + name)
            return self.DEFAULT_SCALAR_TAG

    return Resolver


def _compose(source: str, name: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver = _resolver()
    yaml.version = (1, 1)
    try:
        return yaml.compose(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        instead = next((hint for words, hint in _HINTS if words in message), "")
        raise _Unreadable(
            Where(name, mark.line + 1 if mark else 0), f"this is no YAML: {message}", instead
        ) from error
    except YAMLError as error:
        raise _Unreadable(Where(name), f"this is no YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise _Unreadable(Where(name), "this is no YAML for a workflow: it is nested too deeply") from error


class _File:
    """One file on its way to values."""

    def __init__(self, path: Path, root: Path, including: tuple[Path, ...]) -> None:
        self.path = path
        self.root = root
        self.including = (*including, path)
        self.name = shown(path, root)
        self.open: list[int] = []
        self.count = 0

    def read(self, places: dict[KeyPath, Where], at: KeyPath) -> Config:
        """Read the whole file into an object."""
        try:
            source = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise _Unreadable(Where(self.name), f"this file cannot be read: {error}") from error
        node = _compose(source, self.name)
        value = None if node is None else self.value(node, places, at)
        if not isinstance(value, dict):
            raise _Unreadable(
                Where(self.name, 1),
                f"Expected object to load Config but got {json_text(value)}",
                "write keys such as `+task:` at the beginning of the lines",
            )
        return value

    def where(self, node: Any) -> Where:
        return Where(self.name, node.start_mark.line + 1)

    def value(self, node: Any, places: dict[KeyPath, Where], at: KeyPath) -> Json:
        from ruamel.yaml.nodes import MappingNode, ScalarNode

        self.count += 1
        if self.count > _MAX_VALUES or id(node) in self.open:
            raise _Unreadable(self.where(node), "the anchors of this file make it too large or endless")
        if isinstance(node, ScalarNode):
            return self.scalar(node)
        self.open.append(id(node))
        made: Json
        if isinstance(node, MappingNode):
            made = self.mapping(node, places, at)
        else:
            made = []
            for index, item in enumerate(node.value):
                places[(*at, index)] = self.where(item)
                made.append(self.value(item, places, (*at, index)))
        self.open.pop()
        return made

    def mapping(self, node: Any, places: dict[KeyPath, Where], at: KeyPath) -> Config:
        made: Config = {}
        self.refuse_duplicates(node)
        for key_node, value_node in node.value:
            if key_node.tag == _INCLUDE:
                self.include(made, value_node, places, at)
            elif key_node.tag == _TAG + "merge":
                for merged in self.merged(value_node):
                    known = self.mapping(merged, places_of_merged := {}, at)
                    made.update({key: value for key, value in known.items() if key not in made})
                    places.update(
                        {path: where for path, where in places_of_merged.items() if path not in places}
                    )
            else:
                key = self.key(key_node)
                made[key] = self.value(value_node, places, (*at, key))
                places[(*at, key)] = self.where(key_node)
        return made

    def refuse_duplicates(self, node: Any) -> None:
        from ruamel.yaml.nodes import ScalarNode

        seen: dict[str, Where] = {}
        for key_node, _ in node.value:
            if isinstance(key_node, ScalarNode) and key_node.tag != _INCLUDE:
                first = seen.setdefault(key_node.value, self.where(key_node))
                if first != self.where(key_node):
                    message = f"Duplicated keys: [{key_node.value}], first on line {first.line}"
                    raise _Unreadable(self.where(key_node), message, "keep one of the two")

    def merged(self, node: Any) -> list[Any]:
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        parts = node.value if isinstance(node, SequenceNode) else [node]
        for part in parts:
            if not isinstance(part, MappingNode):
                raise _Unreadable(self.where(part), "expected a mapping or list of mappings for merging")
        return list(parts)

    def include(self, into: Config, node: Any, places: dict[KeyPath, Where], at: KeyPath) -> None:
        where = self.where(node)
        example = "write it as `!include : file.yml`, relative to this file"
        if not isinstance(node.value, str) or not node.value:
            raise _Unreadable(where, "!include needs the name of a file", example)
        folder = self.path.parent
        path = Path(os.path.normpath(folder / node.value))
        if not path.is_relative_to(folder):
            raise _Unreadable(
                where, f"File name must not include ..: {node.value}", "move the file beside this one"
            )
        if not path.is_file():
            near = did_you_mean(node.value, (entry.name for entry in folder.iterdir() if entry.is_file()))
            raise _Unreadable(
                where, f"the included file is not there: {shown(path, self.root)}", near or example
            )
        if path in self.including:
            raise _Unreadable(where, f"the file includes itself: {shown(path, self.root)}", "include it once")
        included = _File(path, self.root, self.including).read(places, at)
        for key, value in included.items():
            present = into.get(key)
            if isinstance(present, dict) and isinstance(value, dict):
                merge(present, value)
            else:
                into[key] = value

    def key(self, node: Any) -> str:
        from ruamel.yaml.nodes import ScalarNode

        value = self.scalar(node) if isinstance(node, ScalarNode) else None
        if value is None:
            raise _Unreadable(self.where(node), "a key has to be text")
        return plain_text(value)

    def scalar(self, node: Any) -> Json:
        kind = node.tag.removeprefix(_TAG)
        if kind == _INCLUDE:
            instead = f"write it as `!include : {node.value or 'file.yml'}` on a line below the key"
            raise _Unreadable(self.where(node), "!include stands where a value stands", instead)
        try:
            return _SCALARS[kind](node.value)
        except KeyError:
            message = f"could not determine a constructor for the tag {node.tag}"
            raise _Unreadable(self.where(node), message, "leave the tag out") from None
        except ValueError as error:
            raise _Unreadable(self.where(node), f"this is no {kind}: {node.value}") from error


def _integer(text: str) -> Json:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    for prefix, base in (("0b", 2), ("0x", 16), ("0", 8)):
        if digits.startswith(prefix) and digits != "0":
            return sign * int(digits.removeprefix(prefix), base)
    return sign * int(digits)


def _float(text: str) -> Json:
    digits = text.replace("_", "").lower()
    if digits.endswith(("inf", "nan")):
        # JSON has no such numbers: Digdag writes them as text
        return "NaN" if digits.endswith("nan") else f"{'-' if digits.startswith('-') else ''}Infinity"
    sign = -1.0 if digits.startswith("-") else 1.0
    total = 0.0
    for part in digits.lstrip("+-").split(":"):
        total = total * 60 + float(part)
    return sign * total


def _timestamp(text: str) -> Json:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    months = int(year) * 12 + int(month) - 1  # a 13th month or a 30th of February runs over, as in Java
    start = dt.datetime(months // 12, months % 12 + 1, 1, tzinfo=dt.UTC)
    offset = dt.timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
    moment = start + dt.timedelta(
        days=int(day) - 1,
        hours=int(hour or 0),
        minutes=int(minute or 0),
        seconds=int(second or 0),
        milliseconds=round(float(f"0.{fraction or 0}") * 1000),
    )
    moment += offset if sign == "-" else -offset
    return round((moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(milliseconds=1))


_SCALARS: dict[str, Callable[[str], Json]] = {
    "str": str,
    "bool": lambda text: text.lower() in {"yes", "true", "on"},
    "int": _integer,
    "float": _float,
    "null": lambda _: None,
    "timestamp": _timestamp,
    "binary": lambda text: base64.b64encode(base64.b64decode(text)).decode(),
    "merge": str,
}
