"""Fixtures that tests of every room may ask for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from featuremart.config.settings import load_settings
from featuremart.local import demo, servers
from featuremart.local.datasets import fetch_datasets

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def local_settings(tmp_path_factory):
    """Return the settings of a temporary repository: the ``mart.toml`` of this one, no features, no servers yet."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copy(REPOSITORY / "mart.toml", root)
    return load_settings(root)


@pytest.fixture(scope="session")
def environment(local_settings):
    """Yield a local environment whose servers run: one a test process; leave its bucket and datasets as you like."""
    try:
        yield servers.up(local_settings)
    finally:
        servers.down(local_settings)


@pytest.fixture(scope="session")
def analyser_cache():
    """Return where the compiled SQL analyser is kept between test runs: compiling it takes half a minute."""
    return REPOSITORY / ".mart" / "cache" / "featuremart"


@pytest.fixture(scope="session")
def datasets():
    """Return the folder of the real data's archives, fetched once a checkout."""
    folder = REPOSITORY / ".mart" / "datasets"
    fetch_datasets(REPOSITORY, folder, print)
    return folder


@pytest.fixture(scope="session")
def warehouse(environment, datasets):
    """Return the local environment, its warehouse filled with the real data."""
    demo.fill(environment, datasets, root=REPOSITORY)
    return environment
