"""The calls of ECS as boto3 makes them, with real processes behind them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import urllib3
from botocore.exceptions import ClientError

pytestmark = pytest.mark.slow


def refused(call, **arguments):
    """Return code and message of the error that a call is answered with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_task_runs_its_command_and_ends_with_its_exit_code(cluster):
    arn = cluster.run("echo out; echo err >&2; exit 7", startedBy="me", tags=[{"key": "run", "value": "r1"}])

    task = cluster.until(arn)

    container = task["containers"][0]
    assert (container["name"], container["exitCode"], container["lastStatus"]) == ("main", 7, "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert task["desiredStatus"] == "STOPPED"
    assert task["startedBy"] == "me"
    moments = (
        "createdAt",
        "pullStartedAt",
        "pullStoppedAt",
        "startedAt",
        "stoppingAt",
        "executionStoppedAt",
        "stoppedAt",
    )
    assert [task[moment] for moment in moments] == sorted(task[moment] for moment in moments)
    assert cluster.lines(arn) == ["out", "err"]
    tagged = cluster.ecs.describe_tasks(cluster="team", tasks=[arn], include=["TAGS"])["tasks"][0]
    assert tagged["tags"] == [{"key": "run", "value": "r1"}]


def test_a_signal_is_an_exit_code_as_docker_says_it(cluster):
    assert cluster.until(cluster.run("kill -9 $$"))["containers"][0]["exitCode"] == 137


def test_the_log_is_whole_when_the_task_is_stopped(cluster):
    arn = cluster.run(
        "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo; printf 'no end ü'"
    )
    cluster.until(arn)

    lines = []
    token = {}
    while True:
        stream = f"main/main/{arn.rpartition('/')[2]}"
        page = cluster.logs.get_log_events(
            logGroupName="/shell", logStreamName=stream, startFromHead=True, **token
        )
        if not page["events"]:
            break
        lines += [event["message"] for event in page["events"]]
        token = {"nextToken": page["nextForwardToken"]}
    assert lines == [*(f"line {number}" for number in range(3000)), " ", "no end ü"]


def test_a_task_that_talks_without_a_pause_can_be_stopped(cluster):
    arn = cluster.run("exec python3 -c 'while True: print(\"x\" * 20)'")
    cluster.until_it_says(arn, "x" * 20)
    cluster.ecs.stop_task(cluster="team", task=arn)
    assert cluster.until(arn)["containers"][0]["exitCode"] == 143


def test_a_line_longer_than_an_event_is_cut(cluster):
    arn = cluster.run("head -c 600000 /dev/zero | tr '\\0' x; echo; echo next")
    cluster.until(arn)
    *long, last = cluster.lines(arn)
    assert "".join(long) == "x" * 600_000
    assert last == "next"


def test_a_task_gets_what_fargate_gives_and_nothing_of_ours(cluster):
    assert "PYTEST_CURRENT_TEST" in os.environ
    overrides = {
        "container": {"environment": [{"name": "B", "value": "from request"}, {"name": "C", "value": "3"}]}
    }
    cluster.register("variables", environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])

    arn = cluster.run("env; pwd; echo x > $TMPDIR/x", family="variables", overrides=overrides)

    assert cluster.until(arn)["containers"][0]["exitCode"] == 0
    lines = cluster.lines(arn, "variables")
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    assert {name: variables[name] for name in "ABC"} == {"A": "1", "B": "from request", "C": "3"}
    assert variables["AWS_ENDPOINT_URL"] == cluster.aws.url
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "us-east-1"
    assert variables["AWS_ACCESS_KEY_ID"] == variables["AWS_SECRET_ACCESS_KEY"] == "local"
    assert "PYTEST_CURRENT_TEST" not in variables
    assert "VIRTUAL_ENV" not in variables
    assert lines[-1] == str(cluster.server.home.parent)
    assert not Path(variables["TMPDIR"]).exists(), "what a task wrote to its own disk stays behind"


def test_stop_is_sigterm_first(cluster):
    arn = cluster.run("trap 'echo asked; exit 3' TERM; echo ready; while :; do sleep 0.05; done")
    cluster.until(arn, "RUNNING")
    cluster.until_it_says(arn, "ready")

    answer = cluster.ecs.stop_task(cluster="team", task=arn, reason="enough")["task"]
    assert answer["desiredStatus"] == "STOPPED"

    task = cluster.until(arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert task["containers"][0]["exitCode"] == 3
    assert cluster.lines(arn)[-1] == "asked"


def test_stop_is_sigkill_after_the_timeout_and_reaches_every_process(cluster):
    cluster.register("stubborn", stopTimeout=1)
    stubborn = "trap '' TERM; (trap '' TERM; setsid sleep 1000) & echo ready; while :; do sleep 0.05; done"
    arn = cluster.run(stubborn, family="stubborn")
    cluster.until_it_says(arn, "ready", "stubborn")
    mine = cluster.wait_until(lambda: _if_three(cluster.processes_of(arn)))

    cluster.ecs.stop_task(cluster="team", task=arn)

    task = cluster.until(arn)
    assert task["containers"][0]["exitCode"] == 137
    assert task["stopCode"] == "UserInitiated"
    assert 1 <= (task["stoppedAt"] - task["stoppingAt"]).total_seconds() < 20
    assert not [process for process in mine if process.is_running() and process.status() != "zombie"]


def _if_three(processes):
    """Return the one that looks after the command, the shell, and what that started in another session."""
    return processes if len(processes) >= 3 else None


def test_what_the_command_left_running_ends_with_it(cluster):
    arn = cluster.run("setsid sleep 1000 & setsid sleep 1000 & exit 0")
    assert cluster.until(arn)["containers"][0]["exitCode"] == 0
    assert cluster.processes_of(arn) == []


def test_stopping_a_stopped_task_changes_nothing(cluster):
    arn = cluster.run("exit 4")
    before = cluster.until(arn)
    cluster.ecs.stop_task(cluster="team", task=arn, reason="too late")
    assert cluster.describe(arn) == before


def test_more_memory_than_the_task_has_is_out_of_memory(cluster):
    hungry = "exec python3 -c 'import time; held = b\"x\" * 700_000_000; time.sleep(60)'"
    task = cluster.until(cluster.run(hungry))
    container = task["containers"][0]
    assert container["exitCode"] == 137
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_the_same_token_is_the_same_task_also_when_it_is_dead(cluster):
    request = cluster.request("exit 5", clientToken="launch-1")
    first = cluster.ecs.run_task(**request)["tasks"][0]["taskArn"]
    cluster.until(first)

    again = cluster.ecs.run_task(**request)["tasks"]

    assert [task["taskArn"] for task in again] == [first]
    assert again[0]["lastStatus"] == "STOPPED"


def test_the_same_token_with_another_request_is_a_conflict(cluster):
    first = cluster.ecs.run_task(**cluster.request("true", clientToken="launch-2"))["tasks"][0]["taskArn"]
    with pytest.raises(cluster.ecs.exceptions.ConflictException) as conflict:
        cluster.ecs.run_task(**cluster.request("false", clientToken="launch-2"))
    assert conflict.value.response["resourceIds"] == [first]


def test_the_size_can_be_overridden(cluster):
    arn = cluster.run("true", overrides={"cpu": "512", "memory": "2048"})
    assert [cluster.describe(arn)[key] for key in ("cpu", "memory")] == ["512", "2048"]


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"taskDefinition": "nothing"}, "ClientException", "TaskDefinition not found."),
        ({"taskDefinition": "shell:99"}, "ClientException", "TaskDefinition not found."),
        ({"cluster": "other"}, "ClusterNotFoundException", "Cluster not found."),
        ({"networkConfiguration": {}}, "InvalidParameterException", "Network Configuration must be provided"),
        (
            {"overrides": {"cpu": "256", "memory": "4096"}},
            "ClientException",
            "No Fargate configuration exists",
        ),
        (
            {"overrides": {"cpu": "many", "memory": "512"}},
            "ClientException",
            "No Fargate configuration exists",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "side"}]}},
            "InvalidParameterException",
            "Override for container named side is not a container in the TaskDefinition.",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "main", "command": ["x" * 8200]}]}},
            "InvalidParameterException",
            "Container Overrides length must be at most 8192",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "MINE"}]},
            "InvalidParameterException",
            "capacity provider 'MINE'",
        ),
        ({"count": 11}, "InvalidParameterException", "count"),
        ({"clientToken": "x" * 65}, "InvalidParameterException", "clientToken"),
    ],
)
def test_what_ecs_refuses_is_refused_and_nothing_runs(cluster, change, code, message):
    before = _all_tasks(cluster)
    got_code, got_message = refused(cluster.ecs.run_task, **{**cluster.request(), **change})
    assert got_code == code
    assert message in got_message
    assert _all_tasks(cluster) == before


def test_a_definition_of_a_size_that_fargate_has_not_is_refused(cluster):
    for cpu, memory in (("256", "512"), ("16384", "122880"), ("8192", "20480")):
        cluster.ecs.register_task_definition(
            family="sizes", cpu=cpu, memory=memory, containerDefinitions=[{"name": "main", "image": "embulk"}]
        )
    for cpu, memory in (("256", "4096"), ("300", "512"), ("8192", "17408")):
        code, _ = refused(
            cluster.ecs.register_task_definition,
            family="sizes",
            cpu=cpu,
            memory=memory,
            containerDefinitions=[{"name": "main", "image": "embulk"}],
        )
        assert code == "ClientException"
    revisions = cluster.ecs.list_task_definitions(familyPrefix="sizes")["taskDefinitionArns"]
    assert [arn.rpartition(":")[2] for arn in revisions] == ["1", "2", "3"]


def test_an_image_that_was_not_made_fails_to_start_and_says_what_to_type(cluster):
    cluster.register("unmade", image="worker-unmade")
    task = cluster.until(cluster.run(family="unmade"))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert "mart images" in task["stoppedReason"]
    assert "exitCode" not in task["containers"][0]


def test_a_log_group_that_is_not_there_fails_to_start(cluster):
    options = {"awslogs-group": "/not/made", "awslogs-stream-prefix": "main"}
    cluster.register("silent", logConfiguration={"logDriver": "awslogs", "options": options})
    task = cluster.until(cluster.run(family="silent"))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: failed to validate logger args")


def test_tasks_are_listed_by_what_they_should_be(cluster):
    cluster.register("listed")
    running = cluster.run("sleep 1000", family="listed", startedBy="lister")
    done = cluster.run("true", family="listed", startedBy="lister")
    cluster.until(done)
    cluster.until(running, "RUNNING")

    def listed(**filters):
        pages = cluster.ecs.get_paginator("list_tasks").paginate(
            cluster="team", PaginationConfig={"PageSize": 1}, **filters
        )
        return [arn for page in pages for arn in page["taskArns"]]

    assert listed(startedBy="lister") == [running]
    assert listed(family="listed") == [running]
    assert listed(family="listed", desiredStatus="STOPPED") == [done]
    assert listed(startedBy="nobody") == []
    assert (
        refused(cluster.ecs.list_tasks, cluster="team", startedBy="lister", family="listed")[0]
        == "InvalidParameterException"
    )
    counts = cluster.ecs.describe_clusters(clusters=["team", "other"])
    assert counts["clusters"][0]["runningTasksCount"] >= 1
    assert [failure["reason"] for failure in counts["failures"]] == ["MISSING"]

    cluster.ecs.stop_task(cluster="team", task=running)
    cluster.until(running)


def test_unknown_tasks_are_missing(cluster):
    answer = cluster.ecs.describe_tasks(cluster="team", tasks=["0" * 32])
    assert answer["tasks"] == []
    assert answer["failures"] == [
        {"arn": f"arn:aws:ecs:us-east-1:123456789012:task/team/{'0' * 32}", "reason": "MISSING"}
    ]
    assert refused(cluster.ecs.stop_task, cluster="team", task="0" * 32) == (
        "InvalidParameterException",
        "The referenced task was not found.",
    )


def test_tags_can_be_added(cluster):
    arn = cluster.run("true", tags=[{"key": "a", "value": "1"}])
    cluster.ecs.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "2"}])
    tags = cluster.ecs.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]


def test_a_call_that_nothing_carries_out_is_refused(cluster):
    assert refused(cluster.ecs.list_clusters)[0] == "UnknownOperationException"


def test_only_this_machine_is_answered(cluster):
    other_address = "127.0.0.2"  # this machine's too, but not the one that servers may listen on
    with socket.socket() as probe:
        assert probe.connect_ex((other_address, cluster.server.ports["http"])) != 0
    # as a browser sends it whose host name was turned to this address
    headers = {"Host": "example.com", "Content-Type": "application/json"}
    answer = urllib3.request("POST", f"{cluster.server.url}/__faults__", body=b"[]", headers=headers)
    assert answer.json()["__type"] == "AccessDeniedException"


def _all_tasks(cluster):
    return {
        arn
        for status in ("RUNNING", "STOPPED")
        for page in cluster.ecs.get_paginator("list_tasks").paginate(cluster="team", desiredStatus=status)
        for arn in page["taskArns"]
    }
