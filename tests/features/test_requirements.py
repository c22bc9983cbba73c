"""What each model's worker is made of: its own versions, hashed, the framework's needs among them."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODELS = ["diamond_price", "flight_delay"]


def locked(model):
    """Return package -> versions of a lock (more than one where Python's version decides)."""
    text = (ROOT / "features" / model / "requirements.txt").read_text()
    found = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE):
        found.setdefault(name.lower(), set()).add(version)
    return found


def wanted(model):
    """Return the packages that a model asks for."""
    lines = (ROOT / "features" / model / "requirements.in").read_text().splitlines()
    return {re.split(r"[<>=!~ ]", line)[0] for line in lines if line and not line.startswith("#")}


def test_the_two_models_pin_one_package_differently():
    assert locked("flight_delay")["numpy"].isdisjoint(locked("diamond_price")["numpy"])


def test_only_the_model_that_needs_a_library_has_it():
    assert "scipy" in locked("diamond_price")
    assert "scipy" not in locked("flight_delay")


@pytest.mark.parametrize("model", MODELS)
def test_a_worker_has_what_the_framework_needs_and_what_the_model_asks_for(model):
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    framework = set(setup["options.extras_require"]["worker"].split())
    assert framework <= wanted(model) <= set(locked(model))


@pytest.mark.parametrize("model", MODELS)
def test_a_worker_has_no_client_of_the_warehouse_and_no_command_line(model):
    assert not {"click", "google-cloud-bigquery", "sqlglot", "ruamel-yaml", "zetasql"} & set(locked(model))


@pytest.mark.parametrize("model", MODELS)
def test_a_lock_is_hashed_and_names_no_index(model):
    text = (ROOT / "features" / model / "requirements.txt").read_text()
    packages = text.split("\n")
    starts = [at for at, line in enumerate(packages) if re.match(r"[A-Za-z0-9]", line)]
    assert all("--hash=sha256:" in packages[at + 1] for at in starts)
    assert "://" not in text
