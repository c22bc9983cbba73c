"""One server of the local environment alone, for tests that kill and restart it."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
import psutil
import pytest
from botocore.config import Config

from featuremart.local import ports, processes

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class ServerProcess:
    """A server module that runs in a home of the test's own; ``kill`` and ``start`` again as a crash would."""

    home: Path
    module: str
    purposes: tuple[str, ...] = ("http",)
    options: tuple[str, ...] = ()
    ports: dict[str, int] = field(default_factory=dict)
    pid: int = 0

    def start(self):
        self.home.mkdir(parents=True, exist_ok=True)
        for purpose in self.purposes:
            taken = set(self.ports.values())
            self.ports.setdefault(purpose, ports.choose(f"{self.home} {purpose}", taken=taken))
        line = [sys.executable, "-m", self.module, "--home", str(self.home), *self.options]
        for purpose, port in self.ports.items():
            line += [f"--{purpose}", str(port)]
        self.pid = processes.spawn(
            line, environment=processes.plain_environment({}), log=self.home / f"{self.module}.log"
        )
        wait_until(lambda: all(ports.listens(port) for port in self.ports.values()), said=self.log)
        return self

    def log(self):
        return (self.home / f"{self.module}.log").read_text()

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        psutil.Process(self.pid).wait(10)

    def stop(self):
        if self.pid and psutil.pid_exists(self.pid):
            processes.stop([psutil.Process(self.pid)], within=10)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports['http']}"

    def client(self, service, **config):
        return boto3.session.Session().client(
            service,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(s3={"addressing_style": "path"}, **config),
        )


def wait_until(condition, *, within=30.0, said=lambda: ""):
    """Poll until something is true and return it; fail with what ``said`` tells when it does not become true."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, said()
        time.sleep(0.01)


@pytest.fixture
def server(tmp_path):
    """Return a function that makes a :class:`ServerProcess` in a temporary home; it is stopped after the test."""
    made = []

    def make(module, **options):
        made.append(ServerProcess(tmp_path / ".mart", module, **options))
        return made[-1].start()

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def aws(server):
    """Return moto's server with its objects kept in a temporary home."""
    return server("featuremart.local.aws")


@pytest.fixture(scope="session", name="wait_until")
def wait_until_fixture():
    """Return :func:`wait_until`."""
    return wait_until
