"""Read a ``.dig`` file: the YAML 1.1 that Digdag reads, its ``!include``, and where every key stands.

Digdag parses with SnakeYAML and patterns of its own for numbers, so ``012`` is 10, ``yes`` is true, an
unquoted date is a number of milliseconds, but ``03:00:00`` and ``0.5`` stay text. ruamel.yaml parses here;
the construction of values is this module's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from featuremart.errors import Problem, ProblemsFound, Where, did_you_mean
from featuremart.workflow.values import json_text, merge, plain_text
from featuremart.workflow.yaml_scalars import SCALARS, kind_of_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featuremart.workflow.values import Config, Json

KeyPath: TypeAlias = "tuple[str | int, ...]"

_MAX_VALUES = 100_000
_INCLUDE = "!include"
_TAG = "tag:yaml.org,2002:"
_HINTS = (
    ("'\\t'", "indent with spaces: YAML allows no tabs there"),
    ("mapping values are not allowed", "put the value in quotes: a colon and a space begin a new key"),
    ("undefined alias", "put the value in quotes: * begins an alias"),
    ("quoted scalar", "close the quote"),
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
            return Tag(suffix=_TAG + (kind_of_plain(value) if plain else "str"))

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

        if isinstance(node, ScalarNode):
            self.enter(node)
            self.open.pop()
            return self.scalar(node)
        if isinstance(node, MappingNode):
            return self.mapping(node, places, at)
        self.enter(node)
        made: list[Json] = []
        for index, item in enumerate(node.value):
            places[(*at, index)] = self.where(item)
            made.append(self.value(item, places, (*at, index)))
        self.open.pop()
        return made

    def enter(self, node: Any) -> None:
        self.count += 1
        if self.count > _MAX_VALUES or id(node) in self.open:
            raise _Unreadable(self.where(node), "the anchors of this file make it too large or endless")
        self.open.append(id(node))

    def mapping(self, node: Any, places: dict[KeyPath, Where], at: KeyPath) -> Config:
        made: Config = {}
        self.enter(node)
        self.refuse_duplicates(node)
        for key_node, value_node in node.value:
            if key_node.tag == _INCLUDE:
                self.include(made, value_node, places, at)
            elif key_node.tag == _TAG + "merge":
                for merged in self.merged(value_node):
                    places_of_merged: dict[KeyPath, Where] = {}
                    known = self.mapping(merged, places_of_merged, at)
                    made.update({key: value for key, value in known.items() if key not in made})
                    places.update(
                        {path: where for path, where in places_of_merged.items() if path not in places}
                    )
            else:
                key = self.key(key_node)
                made[key] = self.value(value_node, places, (*at, key))
                places[(*at, key)] = self.where(key_node)
        self.open.pop()
        return made

    def refuse_duplicates(self, node: Any) -> None:
        from ruamel.yaml.nodes import ScalarNode

        seen: dict[str, Where] = {}
        for key_node, _ in node.value:
            if not isinstance(key_node, ScalarNode) or key_node.tag == _INCLUDE:
                continue
            if key_node.value in seen:
                message = f"Duplicated keys: [{key_node.value}], first on line {seen[key_node.value].line}"
                raise _Unreadable(self.where(key_node), message, "keep one of the two")
            seen[key_node.value] = self.where(key_node)

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
                where,
                f"the included file is not there: {shown(path, self.root)}",
                f"{near}; {example}" if near else example,
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
            return SCALARS[kind](node.value)
        except KeyError:
            message = f"could not determine a constructor for the tag {node.tag}"
            raise _Unreadable(self.where(node), message, "leave the tag out") from None
        except ValueError as error:
            raise _Unreadable(self.where(node), f"this is no {kind}: {node.value}") from error
