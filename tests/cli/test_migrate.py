"""``mart migrate`` as a person types it."""

from __future__ import annotations

import io

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def old_column(published):
    """Leave a column in the mart that the code does not compute, and remove it afterwards."""
    name = f"{published.dataset}.flight_delay__aircraft"
    published.client.query(f"ALTER TABLE {name} ADD COLUMN old_one STRING").result()
    published.client.query(f"UPDATE {name} SET old_one = 'x' WHERE TRUE").result()
    yield
    published.client.query(f"ALTER TABLE {name} DROP COLUMN IF EXISTS old_one").result()


def columns(published):
    return [
        column.name for column in published.rest.table(published.dataset, "flight_delay__aircraft").columns
    ]


@pytest.mark.usefixtures("old_column")
class TestConfirmation:
    def test_it_says_what_it_will_do_and_does_it(self, run_mart, published):
        code, out, _ = run_mart("migrate", "flight_delay.aircraft", "drop", "old_one", "--yes")

        assert code == 0
        lines = out.splitlines()
        assert lines[0].startswith("ALTER TABLE ")
        assert lines[0].endswith("DROP COLUMN IF EXISTS `old_one`")
        assert lines[2:] == ["1 of 1 rows have a value, in environment local", "done"]
        assert "old_one" not in columns(published)
        logged = published.rest.query(
            f"SELECT status, who FROM {published.dataset}.mart_migrations ORDER BY recorded_at"
        )
        assert [row[0] for row in logged.rows][-2:] == ["begun", "done"]
        assert all(who for _, who in logged.rows)

    @pytest.mark.parametrize(
        ("answer", "code", "kept"), [("y\n", 0, False), ("n\n", 1, True), ("", 130, True)]
    )
    def test_a_person_is_asked(self, run_mart, published, monkeypatch, answer, code, kept):
        terminal = io.StringIO(answer)
        terminal.isatty = lambda: True
        monkeypatch.setattr("sys.stdin", terminal)

        assert run_mart("migrate", "flight_delay.aircraft", "drop", "old_one")[0] == code

        assert ("old_one" in columns(published)) == kept

    def test_a_program_must_say_yes(self, run_mart, published, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))

        code, _, err = run_mart("migrate", "flight_delay.aircraft", "drop", "old_one")

        assert (code, "--yes" in err) == (2, True)
        assert "old_one" in columns(published)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("flight_delay.aircrafts", "drop", "x"), "did you mean flight_delay.aircraft"),
        (("flight_delay.aircraft", "drop", "makers"), "did you mean maker"),
        (("flight_delay.aircraft", "drop", "maker"), "still computes maker"),
        (("flight_delay.timetable", "drop", "month"), "never published"),
        (("flight_delay.aircraft", "split", "maker"), "'split' is not one of"),
    ],
)
def test_what_cannot_be_done_says_why(run_mart, words, said):
    code, _, err = run_mart("migrate", *words)

    assert (code, said in err) == (2, True), err
