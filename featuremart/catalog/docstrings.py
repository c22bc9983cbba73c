"""Docstrings: a summary, more text, and sections such as ``Why:`` and ``Tendency:``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from featuremart.catalog.model import Docstring
from featuremart.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from featuremart.catalog.findings import Findings

WHY = "Why"
TENDENCY = "Tendency"
SECTIONS = (WHY, TENDENCY, "Finding", "Unit", "Source", "See", "Note", "Example")
"""The titles that a docstring may have."""

_PURPOSE = {
    WHY: "why it should tell something about what is predicted",
    TENDENCY: "what the data shows, with figures",
}
# Each begins with a line's end: Python's engine finds that quickly, and the beginning of a line slowly.
_TITLE = re.compile(r"\n([A-Z][A-Za-z]*): *(?=\n|\Z)")
_INDENT = re.compile(r"\n( *)(?=[^ \n])")


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
    first, end_of_line, rest = text.expandtabs().partition("\n")
    cleaned = f"\n{first.strip()}{_at_margin(end_of_line + rest)}"
    titles = [match for match in _TITLE.finditer(cleaned) if _is_title(match, cleaned)]
    head = cleaned[: titles[0].start()] if titles else cleaned
    sections: dict[str, str] = {}
    for number, match in enumerate(titles):
        end = titles[number + 1].start() if number + 1 < len(titles) else len(cleaned)
        title, body = match[1], _at_margin(cleaned[match.end() : end]).strip()
        at = line + cleaned.count("\n", 0, match.start())
        if title not in SECTIONS:
            hint = did_you_mean(title, SECTIONS, most=len(SECTIONS))
            findings.add(at, f"the docstring has an unknown section {title}", hint)
        elif title in sections:
            findings.add(at, f"the docstring has two sections {title}", "make one of them")
        else:
            sections[title] = body
            if not body:
                findings.add(at, f"the docstring's section {title} is empty", "fill it in, or leave it out")
    summary, _, body = head.strip().partition("\n\n")
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


def _at_margin(text: str) -> str:
    """Take off lines, each with a line's end before it, the indentation that they have in common."""
    margin = min(_INDENT.findall(text), default="")
    return text.replace(f"\n{margin}", "\n") if margin else text


def _is_title(match: re.Match[str], text: str) -> bool:
    """Tell whether one word with a colon, alone on a line at the margin, is a section's title."""
    # a sentence that ends with such a word, followed by more text at the margin, is no section
    following = text[match.end() :].lstrip("\n")
    return match[1] in SECTIONS or following.startswith(" ")
