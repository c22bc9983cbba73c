"""Real Embulk, built from ``embulk/``, run as ECS runs it: one argument, the rest by the environment."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from featuremart.config import clients
from featuremart.lake.store import ObjectStore
from featuremart.transfer.build import build
from featuremart.transfer.rehearse import rehearse

REPOSITORY = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Ended:
    """How a run of Embulk ended."""

    exit_code: int
    log: str

    @property
    def last_line(self):
        return self.log.rstrip().rpartition("\n")[2]


@dataclass(frozen=True)
class Embulk:
    """Runs Embulk against one environment."""

    words: tuple[str, ...]
    environment: object
    store: ObjectStore
    temporary: Path

    def variables(self):
        return {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.environment.endpoints.aws,
            "AWS_REGION": self.environment.aws_region,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }

    def start(self, config, **variables):
        key = f"runs/test/{uuid.uuid4().hex}/embulk.yml"
        self.store.put(key, config.encode())
        return self.start_uri(self.store.uri(key), **variables)

    def start_uri(self, *arguments, **variables):
        return subprocess.Popen(
            [*self.words[:1], f"-Djava.io.tmpdir={self.temporary}", *self.words[1:], *arguments],
            env=self.variables() | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, config, **variables):
        return finish(self.start(config, **variables))

    def run_uri(self, *arguments, **variables):
        return finish(self.start_uri(*arguments, **variables))


def finish(process):
    """Wait for a run that was started."""
    log, _ = process.communicate(timeout=120)
    return Ended(process.returncode, log)


@pytest.fixture(scope="session")
def embulk(environment, tmp_path_factory):
    """Embulk in the local environment; the store is its bucket."""
    command = build(REPOSITORY)
    assert rehearse(command, environment)
    words = json.loads(command.read_text())
    store = ObjectStore(clients.s3(environment), environment.bucket)
    return Embulk(tuple(words), environment, store, tmp_path_factory.mktemp("temporary"))


@pytest.fixture(scope="session")
def warehouse(environment):
    """Return the BigQuery client of the local environment."""
    return clients.bigquery(environment)


@pytest.fixture(scope="session")
def storage(environment):
    """Return the Storage Read client of the local environment."""
    return clients.bigquery_storage(environment)


@pytest.fixture
def attempt():
    """Return a name that no other test uses."""
    return uuid.uuid4().hex
