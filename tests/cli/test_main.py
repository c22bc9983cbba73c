"""The command line as a whole: help, unknown names, exit codes, and what it may not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from featuremart.cli.main import COMMANDS, invoke, mart

HEAVY = (
    "pandas",
    "numpy",
    "pyarrow",
    "boto3",
    "botocore",
    "google",
    "zetasql",
    "sqlglot",
    "rich",
    "ruamel",
    "pydantic",
)


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom featuremart.cli.main import invoke\ncode = invoke(['--help'])\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print('heavy:', heavy)\nsys.exit(code)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.endswith("heavy: []\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Example:" in shown
    assert f"mart {name}" in shown


def test_an_unknown_command_is_a_usage_error_with_the_nearest_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert invoke(["trasform"]) == 2
    assert "did you mean transform" in capsys.readouterr().err


def test_an_unknown_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["up", "--nonsense"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_all_commands_are_listed_in_the_order_of_the_table() -> None:
    assert mart.list_commands(mart.make_context("mart", [], resilient_parsing=True)) == list(COMMANDS)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--help"], "    mart run flight_delay --date 2013-01-31"),
        (["check", "--help"], "    mart check"),
        (["new", "table", "--help"], "    mart new table flight_delay timetable --source flights"),
    ],
)
def test_an_example_keeps_its_lines(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(words) == 0
    shown = capsys.readouterr().out
    assert line in shown.splitlines()
    assert "\\b" not in shown
