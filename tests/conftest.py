"""Fixtures that tests of every room may ask for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from featuremart.config.settings import load_settings
from featuremart.local import servers

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def local_settings(tmp_path_factory):
    """The settings of a temporary repository: the ``mart.toml`` of this one, no features, no servers yet."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copy(REPOSITORY / "mart.toml", root)
    return load_settings(root)


@pytest.fixture(scope="session")
def environment(local_settings):
    """A local environment whose servers run: one a test process; leave its bucket and datasets as you like."""
    try:
        yield servers.up(local_settings)
    finally:
        servers.down(local_settings)


@pytest.fixture(scope="session")
def analyser_cache():
    """Where the compiled SQL analyser is kept between test runs: compiling it takes half a minute."""
    return REPOSITORY / ".mart" / "cache" / "featuremart"
