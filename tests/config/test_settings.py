"""``mart.toml``: what may stand in it, and what is said about one that is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from featuremart.config.settings import load_settings
from featuremart.errors import ProblemsFound, UsageError

REPOSITORY = Path(__file__).parent.parent.parent
GOOD = """\
[mart]
name = "flights"
environment = "here"

[environment.here]
servers = ".mart/servers.json"
bucket = "b"
cluster = "c"
aws_region = "us-east-1"
gcp_project = "p"
gcp_location = "US"
warehouse_dataset = "w"
mart_dataset = "m"
staging_dataset = "s"
max_bytes_billed = "10GiB"
"""


@pytest.fixture
def load(tmp_path):
    def read(text):
        (tmp_path / "mart.toml").write_text(text, encoding="utf-8")
        return load_settings(tmp_path)

    return read


def test_the_settings_of_this_repository_are_right():
    settings = load_settings(REPOSITORY)

    assert settings.environment().is_local
    assert set(settings.environments) == {"local", "staging", "production"}


def test_sizes_are_bytes(load):
    assert load(GOOD).environment().max_bytes_billed == 10 * 2**30


def test_an_unknown_environment_is_told_with_the_nearest_ones(load):
    with pytest.raises(UsageError, match="no environment 'hre': did you mean here"):
        load(GOOD).environment("hre")


def test_endpoints_are_those_that_the_servers_left(load, tmp_path):
    settings = load(GOOD)
    assert settings.environment().endpoints.aws is None

    (tmp_path / ".mart").mkdir()
    (tmp_path / ".mart" / "servers.json").write_text('{"endpoints": {"aws": "http://127.0.0.1:1"}}')

    assert settings.environment().endpoints.aws == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "instead"),
    [
        ('bucket = "b"', 'buckett = "b"', 7, "[environment.here] has no key buckett", "did you mean bucket?"),
        ('bucket = "b"\n', "", 5, "[environment.here] lacks bucket", "write bucket ="),
        ('bucket = "b"', "bucket = 3", 7, "[environment.here] bucket: Input should be a valid string", ""),
        ('"10GiB"', '"ten"', 15, "'ten' is no size", ""),
        ('name = "flights"', 'nme = "flights"', 2, "[mart] has no key nme", "did you mean name?"),
        (
            'environment = "here"',
            'environment = "there"',
            3,
            "there is no environment 'there'",
            "did you mean here?",
        ),
        ("[mart]", "[marts]", 1, "nothing reads marts", "did you mean mart?"),
    ],
)
def test_a_fault_is_told_with_its_line(load, old, new, line, message, instead):
    assert GOOD.count(old) == 1

    with pytest.raises(ProblemsFound) as caught:
        load(GOOD.replace(old, new))

    found = [problem for problem in caught.value.problems if message in problem.message]
    assert [problem.where.line for problem in found] == [line]
    assert instead in found[0].instead
    assert caught.value.exit_code == 2


def test_all_faults_are_told_in_one_go(load):
    with pytest.raises(ProblemsFound) as caught:
        load(GOOD.replace('"b"', "1").replace('"c"', "2") + "[environment.other]\n[more]\n")

    lines = {problem.where.line for problem in caught.value.problems}
    assert {7, 8, 16, 17} <= lines


@pytest.mark.parametrize(
    "text", ["[mart\n", 'a = "x', "mart = 3\n", "environment = 3\n", "[environment]\nlocal = 1\n"]
)
def test_what_is_no_such_file_is_refused(load, text):
    with pytest.raises(UsageError, match=r"mart\.toml"):
        load(text)


def test_the_line_of_wrong_toml_is_told(load):
    with pytest.raises(UsageError) as caught:
        load('[mart]\nname = "x"\nname = "y"\n')

    assert caught.value.where is not None
    assert caught.value.where.line == 3


def test_a_missing_file_is_told(tmp_path):
    shutil.rmtree(tmp_path / "mart.toml", ignore_errors=True)

    with pytest.raises(UsageError, match=r"no mart\.toml") as caught:
        load_settings(tmp_path)

    assert caught.value.next_command == "cd into the repository of your mart"
