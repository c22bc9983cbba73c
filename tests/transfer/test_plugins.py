"""The plugins' own tests, in Java: types, checksums, bounded memory, exactly one job, the exit codes."""

from __future__ import annotations

import subprocess

import pytest
from filelock import FileLock

from tests.transfer.conftest import REPOSITORY


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_tests_of_the_plugins_pass(embulk, tmp_path):
    del embulk  # built before, so that only one Maven writes to the same folders
    words = [
        "mvn",
        "--batch-mode",
        "--no-transfer-progress",
        "--file",
        str(REPOSITORY / "embulk" / "pom.xml"),
    ]
    with FileLock(REPOSITORY / ".mart" / "embulk" / "build.lock"):
        ended = subprocess.run(
            [*words, f"-Dmart.embulk={tmp_path}", "verify"], capture_output=True, text=True, check=False
        )
    assert ended.returncode == 0, ended.stdout[-5000:]
    assert ended.stdout.count("Tests run:") > 3
