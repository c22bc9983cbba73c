"""A killed ECS server comes back knowing its tasks, and leaves none to itself."""

from __future__ import annotations

import json
import os
import signal

import psutil
import pytest

from featuremart.local import faults, processes
from featuremart.local.ecs import container

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def up_again(cluster):
    """Leave a running server to the next test, whatever became of this one."""
    yield
    for one in (cluster.aws, cluster.server):
        if processes.is_gone(one.pid):
            one.start()


def test_a_task_outlives_the_server_and_its_end_is_known(cluster, tmp_path):
    go = tmp_path / "go"
    arn = cluster.run(f"echo before; while [ ! -e {go} ]; do sleep 0.02; done; echo after; exit 7")
    cluster.until_it_says(arn, "before")

    cluster.restart()

    assert cluster.describe(arn)["lastStatus"] == "RUNNING"
    go.touch()
    stopped = cluster.until(arn)
    assert stopped["containers"][0]["exitCode"] == 7
    # a server that is killed between sending a line and remembering it sends it again
    assert list(dict.fromkeys(cluster.lines(arn))) == ["before", "after"]


def test_a_task_that_ended_while_the_server_was_down_has_its_exit_code(cluster, tmp_path):
    go = tmp_path / "go"
    arn = cluster.run(f"while [ ! -e {go} ]; do sleep 0.02; done; echo unseen; exit 7")
    cluster.until(arn, "RUNNING")
    cluster.server.kill()
    go.touch()
    cluster.wait_until(lambda: not cluster.processes_of(arn))
    cluster.server.start()
    stopped = cluster.until(arn)
    assert stopped["containers"][0]["exitCode"] == 7
    assert cluster.lines(arn) == ["unseen"]


def shim_and_command(cluster, arn):
    """Return the process that looks after a command, and the command; None until both are there."""
    found = {container.__file__ in process.cmdline(): process for process in cluster.processes_of(arn)}
    return (found[True], found[False]) if len(found) == 2 else None


def test_a_task_whose_container_was_killed_meanwhile_has_no_exit_code(cluster):
    arn = cluster.run("sleep 1000")
    shim, command = cluster.wait_until(lambda: shim_and_command(cluster, arn))
    cluster.server.kill()
    shim.kill()
    cluster.server.start()
    stopped = cluster.until(arn)
    assert "exitCode" not in stopped["containers"][0]
    assert cluster.processes_of(arn) == []
    assert processes.wait(command, within=5)


def test_what_was_stopped_and_every_token_and_definition_is_remembered(cluster):
    cluster.register("remembered")
    definition = cluster.register("remembered")
    request = cluster.request("exit 3", family="remembered", clientToken="remembered", startedBy="before")
    arn = cluster.ecs.run_task(**request)["tasks"][0]["taskArn"]
    before = cluster.until(arn)

    cluster.restart()

    assert cluster.describe(arn) == before
    assert cluster.ecs.run_task(**request)["tasks"][0]["taskArn"] == arn
    found = cluster.ecs.describe_task_definition(taskDefinition="remembered")["taskDefinition"]
    assert found == definition
    assert found["revision"] == 2


def test_a_task_that_was_not_started_yet_is_started(cluster):
    with faults.scripted(cluster.environment, faults.slow_start(1.0)):
        arn = cluster.run("echo started")
        cluster.until(arn, "PENDING")
        cluster.restart()
    assert cluster.until(arn)["containers"][0]["exitCode"] == 0
    assert cluster.lines(arn) == ["started"]


def test_a_journal_entry_that_was_half_written_is_no_task(cluster):
    broken = cluster.server.home / "ecs" / "tasks" / "broken"
    broken.mkdir()
    (broken / "task.json").write_text('{"id": "bro')
    cluster.restart()
    assert not broken.exists()
    cluster.run()


def test_an_hour_later_a_task_is_forgotten(cluster):
    arn = cluster.run("true")
    cluster.until(arn)
    file = cluster.server.home / "ecs" / "tasks" / arn.rpartition("/")[2] / "task.json"
    cluster.server.kill()
    task = json.loads(file.read_text())
    file.write_text(json.dumps(task | {"stopped_at": task["stopped_at"] - 3601}))
    cluster.server.start()
    assert cluster.ecs.describe_tasks(cluster="team", tasks=[arn])["failures"] == [
        {"arn": arn, "reason": "MISSING"}
    ]
    assert not file.parent.exists()


def test_told_to_end_the_server_ends_its_tasks_first(cluster):
    polite = cluster.run("trap 'exit 3' TERM; echo ready; while :; do sleep 0.02; done")
    stubborn = cluster.run("trap '' TERM; echo ready; while :; do sleep 0.02; done")
    for arn in (polite, stubborn):
        cluster.until_it_says(arn, "ready")

    os.kill(cluster.server.pid, signal.SIGTERM)
    psutil.Process(cluster.server.pid).wait(20)

    assert cluster.processes() == []
    cluster.server.start()
    assert cluster.describe(polite)["lastStatus"] == cluster.describe(stubborn)["lastStatus"] == "STOPPED"
    assert cluster.describe(polite)["containers"][0]["exitCode"] == 3
    assert cluster.describe(stubborn)["containers"][0]["exitCode"] == 137


def test_without_the_server_of_the_logs_a_task_ends_as_it_does(cluster):
    arn = cluster.run("trap 'exit 5' TERM; echo ready; while :; do sleep 0.02; done")
    cluster.until_it_says(arn, "ready")
    cluster.aws.kill()
    cluster.ecs.stop_task(cluster="team", task=arn)
    assert cluster.until(arn)["containers"][0]["exitCode"] == 5
    cluster.aws.start()
