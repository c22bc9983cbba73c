"""Run one task to its end: start, watch, pass on its log, stop it when asked."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featuremart.errors import TransientError, WorkFailed
from featuremart.launch.logs import LogTail
from featuremart.launch.verdict import CONTAINER, Verdict, judge

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_logs import CloudWatchLogsClient

    from featuremart.launch.request import Launch

START_DEADLINE = 900.0
"""Seconds that a task may take until it runs: ECS itself knows no such limit."""
_FIRST_POLL = 0.1
_SLOWEST_POLL = 6.0
_PATIENCE = 0.05
"""Share of the time waited so far that the next look may be late."""
_MISSING_FOR = 300.0
"""Seconds that DescribeTasks may not know a task that was just started: it is eventually consistent."""
_THROTTLED = ("Throttling", "Rate exceeded", "ServerException", "ServiceUnavailable", "RequestTimeout")


@dataclass(frozen=True)
class Ended:
    """A task that stopped.

    Parameters
    ----------
    arn
        The task's ARN.
    verdict
        How it ended.
    description
        Its last DescribeTasks entry.
    """

    arn: str
    verdict: Verdict
    description: dict[str, Any]


@dataclass
class Launcher:
    """Starts tasks of one cluster.

    Parameters
    ----------
    ecs, logs
        boto3 clients.
    on_line
        Called with each line of a task's log.
    cancelled
        Set by whoever wants the task stopped.
    """

    ecs: ECSClient
    logs: CloudWatchLogsClient
    on_line: Callable[[str], None]
    cancelled: threading.Event

    def run(self, launch: Launch) -> Ended:
        """Start a task and wait for its end.

        Raises
        ------
        TransientError
            Where ECS had no capacity, was throttled or did not answer.
        WorkFailed
            Where ECS refuses the launch for good.
        KeyboardInterrupt
            Where the launch was cancelled: the task is stopped before.
        """
        arn = self.start(launch)
        try:
            return self._follow(launch, arn)
        except BaseException:
            self.stop(launch, arn, "the launcher was interrupted")
            raise

    def start(self, launch: Launch) -> str:
        """Ask ECS for the task and return its ARN; asked twice, the same task answers."""
        with _translated(launch.family):
            answer = self.ecs.run_task(**_run_task_arguments(launch))
        if answer.get("tasks"):
            return answer["tasks"][0]["taskArn"]
        # failures[] is not always the truth: a task may run all the same, so look before saying no.
        with _translated(launch.family):
            found = self.ecs.list_tasks(cluster=launch.cluster, startedBy=launch.started_by)["taskArns"]
        if found:
            return found[0]
        reasons = sorted({str(failure.get("reason", "unknown")) for failure in answer.get("failures", ())})
        raise TransientError(
            f"ECS could not place {launch.family}: {', '.join(reasons) or 'no task was started'}"
        )

    def stop(self, launch: Launch, arn: str, reason: str) -> None:
        """Stop a task and wait until it is down; a task that is already gone is fine."""
        from botocore.exceptions import BotoCoreError, ClientError

        with suppress(BotoCoreError, ClientError):
            self.ecs.stop_task(cluster=launch.cluster, task=arn, reason=reason)
            self.ecs.get_waiter("tasks_stopped").wait(
                cluster=launch.cluster, tasks=[arn], WaiterConfig={"Delay": 1, "MaxAttempts": 130}
            )

    def _follow(self, launch: Launch, arn: str) -> Ended:
        family, task_id = launch.family, arn.rsplit("/", 1)[-1]
        tail = LogTail(self.logs, f"/featuremart/{family}", f"{CONTAINER}/{CONTAINER}/{task_id}")
        began = time.monotonic()
        running_since: float | None = None
        pause = _FIRST_POLL
        while True:
            task = self._describe(launch, arn)
            now = time.monotonic()
            for line in tail.lines():
                self.on_line(line)
            status = task.get("lastStatus") if task else None
            if task and status == "STOPPED":
                return Ended(arn, judge(task), task)
            if task is None and now - began > _MISSING_FOR:
                raise TransientError(f"ECS does not know {arn} any more")
            if status == "RUNNING" and running_since is None:
                running_since = now
            if running_since is None and now - began > START_DEADLINE:
                self.stop(launch, arn, "start deadline")
                raise TransientError(
                    f"{family} did not start within {START_DEADLINE:.0f} s (last status {status})"
                )
            if running_since is not None and now - running_since > launch.deadline.total_seconds():
                self.stop(launch, arn, "run deadline")
                raise WorkFailed(
                    f"{family} ran past its deadline of {launch.deadline} and was stopped",
                    next_command="raise deadline= of the table or model, or give it more cpu",
                )
            if self.cancelled.wait(pause * random.uniform(0.8, 1.2)):  # noqa: S311 - jitter, no secret
                raise KeyboardInterrupt
            pause = min(max(_FIRST_POLL, _PATIENCE * (time.monotonic() - began)), _SLOWEST_POLL)

    def _describe(self, launch: Launch, arn: str) -> dict[str, Any] | None:
        """Return the task's description; None where ECS does not know it yet or was throttled."""
        try:
            with _translated(launch.family):
                found = self.ecs.describe_tasks(cluster=launch.cluster, tasks=[arn])["tasks"]
        except TransientError:
            return None
        return dict(found[0]) if found else None


def _run_task_arguments(launch: Launch) -> dict[str, Any]:
    provider = "FARGATE_SPOT" if launch.spot else "FARGATE"
    network = {
        "subnets": list(launch.subnets),
        "securityGroups": list(launch.security_groups),
        "assignPublicIp": "DISABLED",
    }
    return {
        "cluster": launch.cluster,
        "taskDefinition": launch.family,
        "count": 1,
        "capacityProviderStrategy": [{"capacityProvider": provider, "weight": 1}],
        "networkConfiguration": {"awsvpcConfiguration": network},
        "clientToken": launch.client_token,
        "startedBy": launch.started_by,
        "overrides": {
            "cpu": str(launch.cpu),
            "memory": str(launch.memory),
            "containerOverrides": [{"name": CONTAINER, "command": list(launch.command)}],
        },
        "tags": [{"key": "run", "value": launch.run}, {"key": "task", "value": launch.task}],
    }


@contextmanager
def _translated(family: str) -> Iterator[None]:
    """Turn botocore's errors into transient and permanent ones."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = str(error.response["Error"].get("Code", ""))
        # ECS hides some throttling in the text of an InvalidParameterException.
        if any(word in f"{code} {error}" for word in _THROTTLED):
            raise TransientError(f"ECS is throttled: {error}") from error
        raise WorkFailed(f"ECS refused {family}: {error}", next_command="mart servers") from error
    except BotoCoreError as error:
        raise TransientError(f"ECS did not answer: {error}", next_command="mart servers") from error
