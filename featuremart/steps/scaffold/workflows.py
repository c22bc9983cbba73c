"""Put a table into its model's workflow. The file belongs to its authors: what stands in it stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from featuremart.errors import UsageError, Where
from featuremart.steps.scaffold.rendering import indented, render

if TYPE_CHECKING:
    from featuremart.catalog.model import SourceSpec

EXTRACT = "+extract"
TABLES = "+tables"

_TOP_KEY = re.compile(r"[^\s#]")
_INDENT = 2


def with_table(text: str, file: str, *, model: str, table: str, source: SourceSpec) -> str:
    """Return a workflow with the tasks that make a table.

    Parameters
    ----------
    text
        The workflow as it is.
    file
        Its path, for problems.
    model, table
        The table.
    source
        What it is computed from.

    Raises
    ------
    UsageError
        Where the groups ``+extract`` and ``+tables`` are written in a way that a task cannot be put into.
    """
    lines = _Lines(text, file)
    days = "" if source.is_snapshot else " ${days}"
    lines.make_group(EXTRACT, "_parallel: true", before=TABLES)
    lines.make_group(TABLES, "_parallel: {limit: 2}")
    if not lines.holds(EXTRACT, f"+{source.name}:"):
        lines.append(EXTRACT, render("extract_task", source=source.name, model=model, days=days))
    lines.append(TABLES, render("table_task", table=table, model=model, days=days))
    if days:
        lines.declare_days()
    return lines.text


@dataclass
class _Block:
    """Lines of a top-level key: from its own to the last that is indented below it."""

    start: int
    end: int


@dataclass
class _Lines:
    source: str
    file: str
    lines: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.source.replace("\r\n", "\n").removesuffix("\n").split("\n")

    @property
    def text(self) -> str:
        newline = "\r\n" if "\r\n" in self.source else "\n"
        return newline.join([*self.lines, ""])

    def block(self, key: str) -> _Block | None:
        """Find a top-level key and what stands below it."""
        begin = re.compile(rf"{re.escape(key)}\s*:")
        start = next((number for number, line in enumerate(self.lines) if begin.match(line)), None)
        if start is None:
            return None
        end = start
        for number in range(start + 1, len(self.lines)):
            line = self.lines[number]
            if _TOP_KEY.match(line):
                break
            # an empty line or a comment at the margin belongs to what follows
            if line.strip() and not line.startswith("#"):
                end = number
        return _Block(start, end)

    def holds(self, key: str, child: str) -> bool:
        """Tell whether a child stands directly below a top-level key."""
        block = self.block(key)
        if block is None:
            return False
        indent = self.indent(block)
        return any(
            line.startswith(f"{' ' * indent}{child}") for line in self.lines[block.start + 1 : block.end + 1]
        )

    def indent(self, block: _Block) -> int:
        """Return how far the children of a key are indented."""
        for line in self.lines[block.start + 1 : block.end + 1]:
            if line.strip() and not line.lstrip().startswith("#"):
                return len(line) - len(line.lstrip())
        return _INDENT

    def open_block(self, key: str, wanted: str) -> _Block:
        """Find a top-level key that is written as lines below it, or refuse."""
        block = self.block(key)
        if block is None or not re.fullmatch(rf"{re.escape(key)}\s*:\s*(#.*)?", self.lines[block.start]):
            where = Where(self.file, block.start + 1 if block else 0)
            message = f"{key} is not written as lines below it, so nothing can be put there"
            raise UsageError(
                message, where=where, next_command=f"add it by hand:\n{indented(wanted, _INDENT)}"
            )
        return block

    def append(self, key: str, task: str) -> None:
        """Put a task behind the last one of a group, an empty line between them."""
        block = self.open_block(key, task)
        added = indented(task, self.indent(block)).splitlines()
        self.lines[block.end + 1 : block.end + 1] = ["", *added]

    def make_group(self, key: str, first: str, *, before: str = "") -> None:
        """Write a group where there is none: before another one, or at the file's end."""
        if self.block(key) is not None:
            return
        next_one = self.block(before) if before else None
        at = self.above(next_one.start) if next_one else len(self.lines)
        added = [f"{key}:", " " * _INDENT + first]
        self.lines[at:at] = [*added, ""] if next_one else ["", *added]

    def above(self, line: int) -> int:
        """Return the first of the comment lines that stand directly above a line, or the line."""
        while line and self.lines[line - 1].startswith("#"):
            line -= 1
        return line

    def declare_days(self) -> None:
        """Write ``_export: days`` where no ``days`` is exported."""
        if self.holds("_export", "days:"):
            return
        days = render("days").splitlines()
        if self.block("_export") is not None:
            block = self.open_block("_export", render("days"))
            at, added = block.end + 1, [" " * self.indent(block) + line for line in days]
        else:
            tasks = (number for number, line in enumerate(self.lines) if re.match(r"\+|_error\s*:", line))
            at = self.above(next(tasks, len(self.lines)))
            added = ["_export:", *(" " * _INDENT + line for line in days), ""]
        self.lines[at:at] = added
