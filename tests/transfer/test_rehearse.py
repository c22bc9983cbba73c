"""The rehearsal: an archive of classes where the servers run, and no harm where they do not."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from featuremart.config.settings import Endpoints
from featuremart.transfer.build import ARCHIVE, COMMAND
from featuremart.transfer.rehearse import rehearse
from tests.transfer.conftest import REPOSITORY


@pytest.fixture
def command(embulk, tmp_path):
    """Copy the words that start the built Embulk to a folder without an archive."""
    del embulk
    return shutil.copy(REPOSITORY / ".mart" / "embulk" / COMMAND, tmp_path / COMMAND)


@pytest.mark.slow
def test_a_rehearsal_leaves_the_classes_of_both_ways_and_nothing_in_the_warehouse(
    command, environment, warehouse
):
    said = []
    assert rehearse(command, environment, say=said.append)
    archive = command.parent / ARCHIVE
    words = [
        word
        for word in json.loads(command.read_text())
        if not word.startswith(("-XX:SharedArchiveFile", "-Xlog"))
    ]
    words[1:1] = [f"-XX:SharedArchiveFile={archive}", "-Xshare:on", "-Xlog:class+load"]
    loaded = subprocess.run([*words, "s3:"], capture_output=True, text=True, check=False).stdout
    assert "io.featuremart.embulk.Main source: shared objects file (top)" in loaded
    assert said[-1].startswith("Embulk: rehearsed in ")
    left = [item.table_id for item in warehouse.list_tables(environment.staging_dataset)]
    assert not [name for name in left if name.startswith("rehearsal")]


@pytest.mark.slow
def test_a_rehearsal_that_fails_is_told_and_leaves_no_archive(command, environment):
    away = environment.model_copy(
        update={"endpoints": environment.endpoints.model_copy(update={"bigquery_storage": "127.0.0.1:9"})}
    )
    said = []
    assert not rehearse(command, away, say=said.append)
    assert "Storage API" in said[-1]
    assert [file.name for file in command.parent.iterdir()] == [COMMAND]


def test_without_servers_nothing_is_rehearsed(local_settings, tmp_path):
    declared = local_settings.environments["local"].model_copy(update={"endpoints": Endpoints()})
    said = []
    assert not rehearse(tmp_path / COMMAND, declared, say=said.append)
    assert said == []


def test_an_archive_that_is_there_is_left_alone(local_settings, tmp_path):
    (tmp_path / ARCHIVE).write_text("an archive")
    assert rehearse(tmp_path / COMMAND, local_settings.environments["local"])
    assert (tmp_path / ARCHIVE).read_text() == "an archive"
