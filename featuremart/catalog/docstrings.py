"""Docstrings: a summary, more text, and sections such as ``Why:`` and ``Tendency:``."""

from __future__ import annotations

import inspect
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from featuremart.catalog.model import Docstring
from featuremart.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from featuremart.catalog.findings import Findings

WHY = "Why"
TENDENCY = "Tendency"
SECTIONS = (WHY, TENDENCY, "Finding", "Unit", "Source", "See", "Note", "Example")
"""The titles that a docstring may have."""

_PURPOSE = {
    WHY: "why it should tell something about what is predicted",
    TENDENCY: "what the data shows, with figures",
}
_TITLE = re.compile(r"([A-Z][A-Za-z]*):")


def parse_docstring(text: str, line: int, findings: Findings) -> Docstring:
    """Take a docstring apart.

    Parameters
    ----------
    text
        As it stands between the quotes.
    line
        The line that it begins on.
    findings
        Collects unknown, empty and repeated sections.

    Returns
    -------
    Docstring
        Its summary is the first paragraph on one line; the indentation of sections is taken off.
    """
    lines = [one.rstrip() for one in inspect.cleandoc(text).split("\n")]
    # cleandoc takes off the empty lines before the first word
    skipped = len(text) - len(text.lstrip())
    first_line = line + text.count("\n", 0, skipped)
    titles = [number for number, text in enumerate(lines) if text.endswith(":") and _is_title(lines, number)]
    head = lines[: titles[0]] if titles else lines
    sections: dict[str, str] = {}
    for start, end in pairwise([*titles, len(lines)]):
        title = lines[start].rstrip().removesuffix(":")
        body = _at_margin(lines[start + 1 : end])
        at = first_line + start
        if title not in SECTIONS:
            hint = did_you_mean(title, SECTIONS, most=len(SECTIONS))
            findings.add(at, f"the docstring has an unknown section {title}", hint)
        elif title in sections:
            findings.add(at, f"the docstring has two sections {title}", "make one of them")
        else:
            sections[title] = body
            if not body:
                findings.add(at, f"the docstring's section {title} is empty", "fill it in, or leave it out")
    summary, _, body = "\n".join(head).strip().partition("\n\n")
    return Docstring(" ".join(summary.split()), body.strip(), tuple(sections.items()))


def check_complete(
    doc: Docstring, required: Iterable[str], *, what: str, line: int, findings: Findings
) -> None:
    """Find what a docstring lacks.

    Parameters
    ----------
    doc
        The docstring.
    required
        Titles of the sections that it must have.
    what
        Whose docstring it is.
    line
        Of what it describes.
    findings
        Collects what is missing.
    """
    if not doc.summary:
        findings.add(line, f"{what} has no docstring", "say in its first line what it means, with its unit")
        return
    present = {title for title, _ in doc.sections}
    missing = [title for title in required if title not in present]
    if missing:
        instead = "; ".join(f"write {title}: {_PURPOSE[title]}" for title in missing)
        findings.add(line, f"the docstring of {what} lacks {' and '.join(missing)}", instead)


def _at_margin(lines: Sequence[str]) -> str:
    """Take the common indentation off some lines, and the empty ones around them."""
    margin = min((len(line) - len(line.lstrip()) for line in lines if line and not line.isspace()), default=0)
    return "\n".join([line[margin:].rstrip() for line in lines]).strip("\n")


def _is_title(lines: Sequence[str], number: int) -> bool:
    """Tell whether a line is a section's title: one word with a colon, alone, at the margin."""
    match = _TITLE.fullmatch(lines[number])
    if match is None:
        return False
    # a sentence of one word that ends with a colon, followed by a list at the margin, is no section
    following = next((line for line in lines[number + 1 :] if line.strip()), "")
    return match[1] in SECTIONS or following.startswith((" ", "\t"))
