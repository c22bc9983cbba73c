"""One server of the local environment alone, for tests that kill and restart it."""

from __future__ import annotations

import json
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

from featuremart.config.settings import Environment
from featuremart.local import ports, processes
from featuremart.local.home import Home

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class ServerProcess:
    """A server module that runs in a home of the test's own; ``kill`` and ``start`` again as a crash would."""

    home: Path
    module: str
    purposes: tuple[str, ...] = ("http",)
    options: tuple[str, ...] = ()
    entry: tuple[str, ...] = ()
    ports: dict[str, int] = field(default_factory=dict)
    pid: int = 0

    def start(self):
        Home(self.home.parent, self.home).make()
        for purpose in self.purposes:
            taken = set(self.ports.values())
            self.ports.setdefault(purpose, ports.choose(f"{self.home} {purpose}", taken=taken))
        entry = self.entry or ("-m", self.module)
        line = [sys.executable, *entry, "--home", str(self.home), *self.options]
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


@dataclass
class Cluster:
    """An ECS server, the server of its logs, and clients of both; its image ``embulk`` is ``/bin/sh -c``."""

    aws: ServerProcess
    server: ServerProcess

    def __post_init__(self):
        embulk = self.server.home / "embulk"
        embulk.mkdir(exist_ok=True)
        (embulk / "command.json").write_text(json.dumps(["/bin/sh", "-c"]))
        self.ecs = self.server.client("ecs", retries={"total_max_attempts": 1})
        self.logs = self.aws.client("logs")
        self.ecs.create_cluster(clusterName="team")
        self.register("shell")

    @property
    def environment(self):
        """What the faults' client wants to know."""
        return Environment.model_validate(
            dict.fromkeys(("bucket", "aws_region", "gcp_project", "gcp_location"), "-")
            | dict.fromkeys(("warehouse_dataset", "mart_dataset", "staging_dataset"), "-")
            | {
                "name": "local",
                "cluster": "team",
                "max_bytes_billed": 1,
                "endpoints": {"ecs": self.server.url},
            }
        )

    def register(self, family, image="embulk", **container):
        log = {"awslogs-group": f"/{family}", "awslogs-stream-prefix": "main", "awslogs-create-group": "true"}
        return self.ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {
                    "name": "main",
                    "image": image,
                    "stopTimeout": 2,
                    "logConfiguration": {"logDriver": "awslogs", "options": log},
                    **container,
                }
            ],
        )["taskDefinition"]

    def request(self, script="true", family="shell", overrides=None, **more):
        """Return the arguments of a RunTask."""
        container = {"name": "main", "command": [script], **(overrides or {}).pop("container", {})}
        return {
            "cluster": "team",
            "taskDefinition": family,
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-local"]}},
            "overrides": {"containerOverrides": [container], **(overrides or {})},
            **more,
        }

    def run(self, script="true", **more):
        """Start one task and return its ARN."""
        return self.ecs.run_task(**self.request(script, **more))["tasks"][0]["taskArn"]

    def describe(self, arn):
        return self.ecs.describe_tasks(cluster="team", tasks=[arn])["tasks"][0]

    def until(self, arn, status="STOPPED"):
        """Wait until a task has a status and return its description."""
        return wait_until(lambda: _if(self.describe(arn), status), said=lambda: str(self.describe(arn)))

    def lines(self, arn, family="shell"):
        """Return the log of a task."""
        stream = f"main/main/{arn.rpartition('/')[2]}"
        page = self.logs.get_log_events(logGroupName=f"/{family}", logStreamName=stream, startFromHead=True)
        return [event["message"] for event in page["events"]]

    def until_it_says(self, arn, line, family="shell"):
        """Wait until a line stands in the log of a task."""
        self.until(arn, "RUNNING")
        wait_until(lambda: line in self.lines(arn, family))

    def processes(self):
        """Return the processes of all tasks."""
        return list(processes.of_task(self.server.home / "ecs"))

    def processes_of(self, arn):
        """Return the processes of one task."""
        return list(processes.of_task(self.server.home / "ecs" / "tasks" / arn.rpartition("/")[2]))

    wait_until = staticmethod(wait_until)

    def restart(self):
        self.server.kill()
        self.server.start()
        self.ecs.describe_clusters()  # it listens before it has read its journal, and answers after


def _if(task, status):
    return task if task["lastStatus"] == status else None


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Return a :class:`Cluster` that a module's tests share."""
    root = tmp_path_factory.mktemp("repository")
    made = []
    try:
        made.append(ServerProcess(root / ".mart", "featuremart.local.aws").start())
        options = ("--root", str(root), "--region", "us-east-1", "--aws", made[0].url)
        made.append(ServerProcess(root / ".mart", "featuremart.local.ecs", options=options).start())
        yield Cluster(*made)
    finally:
        for one in reversed(made):
            one.stop()


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
