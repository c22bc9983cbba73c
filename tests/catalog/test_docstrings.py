"""Docstrings, taken apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from featuremart.catalog.docstrings import SECTIONS, parse_docstring
from featuremart.catalog.findings import Findings
from featuremart.catalog.model import Docstring

WORDS = st.lists(st.from_regex(r"[a-z0-9%(),.+-]{1,8}", fullmatch=True), min_size=1, max_size=5).map(" ".join)


def parse(text, line=1):
    findings = Findings("file.py")
    return parse_docstring(text, line, findings), [
        (one.where.line, one.message, one.instead) for one in findings.problems
    ]


def test_summary_body_and_sections():
    doc, problems = parse(
        """Minutes after midnight,
        by the timetable.

        Not by the clock:
          - on the wall
        Neither by the sun.

        Why:
            Delays pile up.

            One after the other.
        Tendency:
            -4 min at 05:00
              to +19 min
        """
    )
    assert problems == []
    assert doc == Docstring(
        "Minutes after midnight, by the timetable.",
        "Not by the clock:\n  - on the wall\nNeither by the sun.",
        (("Why", "Delays pile up.\n\nOne after the other."), ("Tendency", "-4 min at 05:00\n  to +19 min")),
    )


def test_a_colon_at_the_end_of_a_sentence_begins_no_section():
    doc, problems = parse("Says.\n\nTwo:\none and two.")
    assert (doc.body, problems) == ("Two:\none and two.", [])


def test_lines_are_counted_from_where_the_docstring_begins():
    _, problems = parse("\n\n    Says.\n\n    Wy:\n        So.\n    ", line=10)
    assert problems == [(14, "the docstring has an unknown section Wy", "did you mean Why?")]


def test_an_unlike_title_is_told_all_titles():
    _, problems = parse("Says.\n\nReturns:\n    A column.")
    assert problems == [
        (3, "the docstring has an unknown section Returns", f"known: {', '.join(sorted(SECTIONS))}")
    ]


@given(
    summary=WORDS,
    sections=st.dictionaries(st.sampled_from(SECTIONS), st.lists(WORDS, min_size=1, max_size=3), max_size=4),
    indent=st.sampled_from(["", "    ", "\t"]),
)
def test_what_is_written_is_what_is_read(summary, sections, indent):
    lines = [summary]
    for title, texts in sections.items():
        lines += ["", f"{indent}{title}:", *(f"{indent}    {text}" for text in texts)]
    doc, problems = parse("\n".join(lines))
    assert problems == []
    assert doc.summary == " ".join(summary.split())
    assert dict(doc.sections) == {title: "\n".join(texts) for title, texts in sections.items()}


@given(st.text(), st.integers(1, 100))
def test_any_text_can_be_read(text, line):
    parse(text, line)
