"""Putting a table into any workflow that Digdag reads: nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from featuremart.catalog.sources import load_sources
from featuremart.errors import ProblemsFound, UsageError
from featuremart.steps.scaffold.workflows import with_table
from featuremart.workflow.yaml_file import read_document

REPOSITORY = Path(__file__).parent.parent.parent
RECORDED = REPOSITORY / "tests" / "workflow" / "recordings" / "cases"
FILES = sorted([*RECORDED.glob("*.dig"), *(REPOSITORY / "workflows").glob("*.dig")])
SOURCES = load_sources(REPOSITORY)[0]


def added(text, source="weather", table="gusts"):
    return with_table(text, "w.dig", model="m", table=table, source=SOURCES[source])


def value(text, folder):
    path = folder / "read.dig"
    path.write_bytes(text.encode())
    return read_document(path, folder).value


def assert_only_added(before, after):
    """Assert that one document is another with keys added, at every depth, in the same order."""
    if isinstance(before, dict):
        assert isinstance(after, dict)
        assert [key for key in after if key in before] == list(before)
        for key, inner in before.items():
            assert_only_added(inner, after[key])
    else:
        assert after == before


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
@pytest.mark.parametrize("source", ["weather", "planes"])
def test_any_workflow_keeps_all_that_stands_in_it(file, source, tmp_path):
    text = file.read_text(encoding="utf-8")
    try:
        before = read_document(file, REPOSITORY).value
    except ProblemsFound:
        pytest.skip("Digdag does not read this one either")
    for name in ("child.yml", "included.yml"):
        for below in RECORDED.rglob(name):
            (tmp_path / name).write_bytes(below.read_bytes())
    if "!include" in text:
        text = text.replace("!include", "included")
        before = value(text, tmp_path)

    made = added(text, source)

    after = value(made, tmp_path)
    assert_only_added(before, after)
    assert after["+tables"]["+gusts"]["+publish"]["sh>"].startswith("mart publish m.gusts")
    assert after["+extract"][f"+{source}"]["sh>"].startswith(f"mart extract {source}")
    assert ("days" in after.get("_export", {})) >= (source == "weather")
    lines = iter(made.splitlines())
    assert all(line in lines for line in text.splitlines()), "a line is gone or stands elsewhere"


def test_a_source_is_extracted_once_and_every_table_has_its_own_tasks(tmp_path):
    text = "timezone: UTC\n"

    for table in ("one", "two"):
        text = added(text, table=table)

    made = value(text, tmp_path)
    assert list(made) == ["timezone", "_export", "+extract", "+tables"]
    assert list(made["+extract"]) == ["_parallel", "+weather"]
    assert list(made["+tables"]) == ["_parallel", "+one", "+two"]


def test_comments_stay_with_what_they_speak_of():
    text = (
        "+extract:\n    # how deep it likes to be\n    +planes:\n        sh>: mart extract planes\n\n# what comes last\n"
        "+after:\n  echo>: done\n"
    )

    lines = added(text, "planes").splitlines()

    assert lines[: len(text.splitlines())] == text.splitlines()
    assert lines.count("# what comes last") == 1
    assert "    +planes:" in lines
    assert "  +gusts:" in lines


def test_a_group_of_tables_without_extraction_gets_one_before_it():
    text = "# The tables.\n+tables:\n  +one:\n    echo>: 1\n"

    lines = added(text, "planes").splitlines()

    assert lines.index("+extract:") < lines.index("# The tables.") < lines.index("+tables:")


def test_a_child_is_put_as_deep_as_its_siblings(tmp_path):
    text = "+extract:\n      _parallel: true\n      +flights:\n        echo>: 1\n"

    assert "      +planes:" in added(text, "planes").splitlines()
    assert list(value(added(text, "planes"), tmp_path)["+extract"]) == ["_parallel", "+flights", "+planes"]


def test_line_ends_stay_as_they_are():
    made = added("timezone: UTC\r\n+extract:\r\n  _parallel: true\r\n")

    assert made.count("\n") == made.count("\r\n")


@pytest.mark.parametrize(
    "group",
    ["+extract: {}", '+extract: {"+a": {echo>: 1}}', "+extract: &anchor", "+extract: !include : a.yml"],
)
def test_a_group_that_is_no_block_is_refused_with_the_task_to_add(group):
    with pytest.raises(UsageError, match=r"w\.dig:2: \+extract is not written as lines") as caught:
        added(f"timezone: UTC\n{group}\n")

    assert "sh>: mart extract weather" in caught.value.next_command


def test_an_export_that_is_no_block_is_refused_with_the_days_to_add():
    with pytest.raises(UsageError, match=r"w\.dig:1: _export is not written as lines") as caught:
        added("_export: {a: 1}\n")

    assert "moment(session_date)" in caught.value.next_command


def test_the_days_are_those_of_the_workflow_that_is_held_to_the_real_server():
    flight_delay = (REPOSITORY / "workflows" / "flight_delay.dig").read_text(encoding="utf-8")

    for line in added("timezone: UTC\n").splitlines():
        if line.startswith("  days:"):
            assert line in flight_delay.splitlines()
            return
    pytest.fail("no days")
