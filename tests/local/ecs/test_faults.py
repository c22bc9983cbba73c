"""Each way in which ECS fails can be asked for, and is what a launcher would see in the cloud."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from featuremart.errors import WorkFailed
from featuremart.local import faults

pytestmark = pytest.mark.slow


@pytest.fixture
def scripted(cluster):
    """Return a function that sets rules; all is well again after the test."""
    yield lambda *rules: faults.script(cluster.environment, *rules)
    faults.script(cluster.environment)


def failures(cluster, **more):
    answer = cluster.ecs.run_task(**cluster.request(**more))
    assert answer["tasks"] == []
    return [failure["reason"] for failure in answer["failures"]]


def started(cluster, started_by):
    return [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in cluster.ecs.list_tasks(cluster="team", startedBy=started_by, desiredStatus=status)[
            "taskArns"
        ]
    ]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (faults.no_capacity(), "Capacity is unavailable at this time"),
        (faults.agent_gone(), "AGENT"),
        (faults.no_resource("ENI"), "RESOURCE:ENI"),
    ],
)
def test_refusals_start_nothing(cluster, scripted, rule, reason):
    scripted(rule)
    [got] = failures(cluster, startedBy=reason[:30])
    assert got.startswith(reason)
    assert started(cluster, reason[:30]) == []
    cluster.run()  # the rule was for one call


def test_refused_though_the_task_runs(cluster, scripted):
    scripted(faults.refused_but_running("AGENT"))
    request = {"clientToken": "refused-but-running", "startedBy": "refused-but-running"}
    assert failures(cluster, **request) == ["AGENT"]
    [arn] = started(cluster, "refused-but-running")
    assert cluster.until(arn)["containers"][0]["exitCode"] == 0
    assert cluster.run(**request) == arn


@pytest.mark.parametrize(
    ("rule", "code", "text"),
    [
        (faults.throttled(), "ThrottlingException", "Rate exceeded"),
        (faults.throttled(hidden=True), "InvalidParameterException", "Throttling"),
        (faults.access_denied(), "AccessDeniedException", "not authorized"),
    ],
)
def test_errors_start_nothing(cluster, scripted, rule, code, text):
    scripted(rule)
    with pytest.raises(ClientError, match=text) as refused:
        cluster.run(startedBy=f"refused-{code}")
    assert refused.value.response["Error"]["Code"] == code
    assert started(cluster, f"refused-{code}") == []


def test_any_call_can_fail(cluster, scripted):
    arn = cluster.run()
    cluster.until(arn)
    scripted(faults.throttled(call="DescribeTasks"), faults.access_denied(call="StopTask"))
    with pytest.raises(ClientError, match="ThrottlingException"):
        cluster.describe(arn)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        cluster.ecs.stop_task(cluster="team", task=arn)
    assert cluster.describe(arn)["taskArn"] == arn


def test_a_lost_response_is_one_task_all_the_same(cluster, scripted):
    scripted(faults.response_lost())
    request = {"clientToken": "lost-response", "startedBy": "lost-response"}
    with pytest.raises(ConnectionClosedError):
        cluster.run(**request)
    [arn] = started(cluster, "lost-response")
    assert cluster.run(**request) == arn
    assert started(cluster, "lost-response") == [arn]


def test_a_task_is_missing_at_first(cluster, scripted):
    arn = cluster.run("sleep 1000")
    scripted(faults.missing_at_first(2))
    for _ in range(2):
        answer = cluster.ecs.describe_tasks(cluster="team", tasks=[arn])
        assert answer["tasks"] == []
        assert answer["failures"] == [{"arn": arn, "reason": "MISSING"}]
    assert cluster.describe(arn)["taskArn"] == arn
    cluster.ecs.stop_task(cluster="team", task=arn)


def test_a_task_that_sticks_in_provisioning_can_be_stopped(cluster, scripted):
    scripted(faults.stuck_in_provisioning())
    arn = cluster.run()
    running = cluster.run("sleep 1000")
    cluster.until(running, "RUNNING")
    assert cluster.describe(arn)["lastStatus"] == "PROVISIONING"
    for task in (arn, running):
        cluster.ecs.stop_task(cluster="team", task=task, reason="too late")
    stopped = cluster.until(arn)
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "too late")
    assert "exitCode" not in stopped["containers"][0]
    assert "startedAt" not in stopped


def test_a_task_fails_to_start_for_the_reason_that_is_given(cluster, scripted):
    reason = "Timeout waiting for network interface provisioning to complete."
    scripted(faults.fails_to_start(reason))
    stopped = cluster.until(cluster.run("echo must not run"))
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("TaskFailedToStart", reason)
    assert "exitCode" not in stopped["containers"][0]


def test_an_exit_code_is_lost(cluster, scripted):
    scripted(faults.exit_code_lost())
    arn = cluster.run("echo done")
    stopped = cluster.until(arn)
    assert stopped["stopCode"] == "EssentialContainerExited"
    assert "exitCode" not in stopped["containers"][0]
    assert cluster.lines(arn) == ["done"]


def test_spot_takes_its_capacity_back(cluster, scripted):
    scripted(faults.interrupt_spot())
    arn = cluster.run("trap 'echo asked; exit 143' TERM; while :; do sleep 0.02; done")
    stopped = cluster.until(arn)
    assert (stopped["stopCode"], stopped["stoppedReason"]) == (
        "SpotInterruption",
        "Your Spot Task was interrupted.",
    )
    assert stopped["containers"][0]["exitCode"] == 143


def test_a_container_is_killed(cluster, scripted):
    scripted(faults.killed())
    stopped = cluster.until(cluster.run("sleep 1000"))
    assert stopped["containers"][0]["exitCode"] == 137
    assert stopped["stopCode"] == "EssentialContainerExited"


def test_calls_and_starts_can_be_slow(cluster, scripted):
    scripted(faults.slow(0.3), faults.slow_start(0.3))
    began = time.monotonic()
    arn = cluster.run()
    assert time.monotonic() - began >= 0.3
    stopped = cluster.until(arn)
    assert (stopped["startedAt"] - stopped["pullStartedAt"]).total_seconds() >= 0.29


def test_rules_count_by_themselves_and_may_mean_one_family(cluster, scripted):
    cluster.register("counted")
    scripted(
        faults.no_capacity(family="count*", nth=2, times=2),
        faults.agent_gone(family="counted", nth=4, times=None),
    )
    cluster.run()  # of another family: not counted
    cluster.run(family="counted")
    assert failures(cluster, family="counted")[0].startswith("Capacity")
    assert failures(cluster, family="counted")[0].startswith("Capacity")
    assert failures(cluster, family="counted") == ["AGENT"]
    assert failures(cluster, family="counted") == ["AGENT"]
    cluster.run()


def test_new_rules_replace_the_old_ones(cluster):
    with faults.scripted(cluster.environment, faults.no_capacity(times=None)):
        failures(cluster)
    cluster.run()


def test_a_rule_that_means_nothing_is_refused(cluster, monkeypatch):
    monkeypatch.setattr(faults, "PATH", "/__fault__")
    with pytest.raises(WorkFailed, match="does not take the faults"):
        faults.script(cluster.environment, faults.no_capacity())
