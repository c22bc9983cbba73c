"""``mart embulk show`` on this repository's own sources and tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from featuremart.cli.main import invoke

REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture
def show(capsys, monkeypatch):
    """Return a function that runs ``mart embulk show`` and returns exit code, standard output and error."""
    monkeypatch.setenv("MART_ROOT", str(REPOSITORY))

    def run(*words):
        code = invoke(["embulk", "show", "--env", "production", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_source_is_shown_as_the_run_that_extracts_it(show):
    code, out, _ = show("flights", "--from", "2013-01-01", "--to", "2013-01-07")
    document = YAML(typ="safe").load(out)
    assert code == 0
    assert list(document["out"]["partitions"]) == [f"2013-01-0{day}" for day in range(1, 8)]
    assert document["in"]["parameters"] == {"first_day": "2013-01-01", "last_day": "2013-01-07"}
    assert document["in"]["columns"][-1]["name"] == "partition_day"


def test_a_table_is_shown_as_the_run_that_loads_it(show):
    code, out, _ = show("flight_delay.timetable", "--date", "2013-01-01")
    document = YAML(typ="safe").load(out)
    assert code == 0
    assert document["in"]["objects"][0]["key"].startswith(
        "features/flight_delay/timetable/2013-01-01/<fingerprint>/"
    )
    assert document["out"]["table"] == "flight_delay__timetable__<12 digits>"


def test_a_source_without_days_named_is_shown_for_its_first_one(show):
    _, out, _ = show("flights")
    assert list(YAML(typ="safe").load(out)["out"]["partitions"]) == ["2013-01-01"]


def test_it_shows_no_secret_and_in_production_no_address(show):
    _, out, _ = show("flights")
    document = YAML(typ="safe").load(out)
    assert not {"endpoint", "storage_endpoint", "credentials", "json_keyfile"} & set(document["in"])
    assert "secret" not in out.lower()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["flihgts"], "did you mean flights?"),
        (["flight_delay.timetabel"], "did you mean flight_delay.timetable"),
        (["planes", "--date", "2013-01-01"], "source planes is a snapshot: it has no days"),
        (["flights", "--from", "2013-01-02", "--to", "2013-01-01"], "the range is reversed"),
        (["flights", "--env", "prodution"], "did you mean production?"),
    ],
)
def test_what_is_mistyped_is_told(show, words, message):
    code, _, err = show(*words)
    assert code == 2
    assert message in err
