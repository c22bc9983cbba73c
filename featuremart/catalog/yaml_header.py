"""YAML with line numbers: what a source's header says, and on which line of the file each word of it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from featuremart.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from featuremart.catalog.findings import Findings

_TAG = "tag:yaml.org,2002:"
_DEEPEST = 4


class Kind(StrEnum):
    """What a YAML value is."""

    TEXT = "str"
    NUMBER = "int"
    TRUTH = "bool"
    NOTHING = "null"
    OTHER = "other"
    LIST = "seq"
    MAPPING = "map"


@dataclass(frozen=True)
class Value:
    """One value of a header.

    Parameters
    ----------
    kind
        What YAML takes it for.
    line
        Line of the file.
    text
        As written, for everything but lists and mappings.
    entries
        Of a mapping, in order.
    """

    kind: Kind
    line: int
    text: str = ""
    entries: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def words(self) -> str:
        """Return a text on one line, with single spaces."""
        return " ".join(self.text.split())

    @property
    def is_text(self) -> bool:
        """Whether it says anything that can be read as a text."""
        return self.kind not in {Kind.NOTHING, Kind.LIST, Kind.MAPPING} and bool(self.words)


NOTHING = Value(Kind.NOTHING, 0)
"""What a key that is absent says."""


def refuse_unknown_keys(value: Value, known: Collection[str], what: str, findings: Findings) -> None:
    """Find the keys of a mapping that nothing reads."""
    for key, entry in value.entries.items():
        if key not in known:
            hint = did_you_mean(key, known, most=len(known))
            if entry.kind is Kind.NOTHING:
                hint += " (if it is part of a text with a comma: put that text in quotes)"
            findings.add(entry.line, f"{what} has no key {key!r}", hint)


class NotYaml(Exception):
    """The header cannot be read at all; carries the one problem that says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read_header(text: str, findings: Findings, *, first_line: int) -> Value:
    """Read a header.

    Parameters
    ----------
    text
        YAML.
    findings
        Of the file it stands in; collects the keys that stand in it twice.
    first_line
        Line of the file that the text begins on.

    Returns
    -------
    Value
        A mapping.

    Raises
    ------
    NotYaml
        Where the text is no YAML, or no mapping.
    """
    node = _compose(text, findings, first_line)
    value = (
        Value(Kind.NOTHING, first_line)
        if node is None
        else _Reader(findings, first_line).value(node, _DEEPEST)
    )
    if value.kind is not Kind.MAPPING:
        message = "the header is no list of `key: value` lines"
        raise NotYaml(Problem(findings.where(value.line), message, "begin it with `what: ...`"))
    return value


def _compose(text: str, findings: Findings, first_line: int) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        cause = str(error.problem or error.context)
        raise NotYaml(
            Problem(findings.where(line), f"the header is no YAML: {cause}", _remedy(cause))
        ) from error
    except (YAMLError, RecursionError) as error:
        cause = " ".join(str(error).split())
        raise NotYaml(Problem(findings.where(first_line), f"the header is no YAML: {cause}")) from error


def _remedy(cause: str) -> str:
    if "mapping values are not allowed" in cause:
        return 'put a text that holds ": " in quotes'
    if "'\\t'" in cause:
        return "indent with spaces: YAML allows no tabs there"
    if "cannot start any token" in cause or "flow mapping" in cause:
        return 'put a text that holds one of , : { } [ ] # @ ` " in quotes'
    return ""


@dataclass
class _Reader:
    findings: Findings
    first_line: int

    def value(self, node: Any, deepest: int) -> Value:
        """Turn a YAML node into a value; what is nested deeper than any header is of kind ``other``."""
        from ruamel.yaml.nodes import MappingNode, ScalarNode

        line = self.first_line + node.start_mark.line
        if isinstance(node, ScalarNode):
            tag = str(node.tag).removeprefix(_TAG)
            return Value(Kind(tag) if tag in set(Kind) else Kind.OTHER, line, str(node.value))
        if deepest == 0:
            return Value(Kind.OTHER, line)
        if not isinstance(node, MappingNode):
            return Value(Kind.LIST, line)
        entries: dict[str, Value] = {}
        for key, value in self.pairs(node, deepest):
            first = entries.setdefault(key, value)
            if first is not value:
                message = f"{key!r} stands here again, first on line {first.line}"
                self.findings.add(value.line, message, "keep one of the two")
        return Value(Kind.MAPPING, line, entries=entries)

    def pairs(self, node: Any, deepest: int) -> Iterator[tuple[str, Value]]:
        """Yield keys and values; a value's line is its key's, where a person looks for it."""
        for key, content in node.value:
            value = self.value(content, deepest - 1)
            line = self.first_line + key.start_mark.line
            yield str(key.value), Value(value.kind, line, value.text, value.entries)
