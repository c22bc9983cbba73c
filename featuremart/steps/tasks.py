"""Launch one task for a step, and read what it left: the same for Embulk and for workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.config import clients
from featuremart.errors import (
    EXIT_DONE,
    EXIT_TRANSIENT,
    EXIT_USAGE,
    MartError,
    TransientError,
    UsageError,
    WorkFailed,
)
from featuremart.lake import keys
from featuremart.launch.fargate import Launcher
from featuremart.launch.request import Launch

if TYPE_CHECKING:
    from featuremart.catalog.model import Resources
    from featuremart.launch.fargate import Ended
    from featuremart.steps.context import Context

EMBULK_FAMILY = "featuremart-embulk"


def worker_family(model: str) -> str:
    """Return the task definition family of a model's worker."""
    return f"featuremart-worker-{model}"


@dataclass(frozen=True)
class Papers:
    """Where one launch keeps its request and its answer.

    Parameters
    ----------
    prefix
        ``runs/<run>/<task>/<attempt>/``.
    """

    prefix: str

    def key(self, name: str) -> str:
        """Return the key of one paper."""
        return self.prefix + name


def papers(context: Context) -> Papers:
    """Return the place of this attempt's papers."""
    who = context.identity
    return Papers(keys.step_prefix(who.run, who.task, who.attempt))


def launch(context: Context, family: str, request_key: str, size: Resources) -> Ended:
    """Start a task on a request and wait for its end, passing on its log.

    Parameters
    ----------
    context
        The step's surroundings.
    family
        Task definition family.
    request_key
        Key of the request, already written.
    size
        What the task gets.

    Returns
    -------
    Ended
        Whatever its verdict is.
    """
    who = context.identity
    environment = context.environment
    launcher = Launcher(clients.ecs(environment), clients.logs(environment), context.say, context.cancelled)
    return launcher.run(
        Launch(
            cluster=environment.cluster,
            family=family,
            command=(context.store.uri(request_key),),
            cpu=size.cpu,
            memory=size.memory,
            spot=size.spot,
            deadline=size.deadline,
            run=who.run,
            task=who.task,
            attempt=who.attempt,
            subnets=environment.subnets,
            security_groups=environment.security_groups,
        )
    )


def failure(ended: Ended, message: str, *, next_command: str | None = None) -> MartError:
    """Return the error of a task that did not end well.

    Parameters
    ----------
    ended
        The task.
    message
        What the task itself said, or what it was doing; the verdict's cause is added where it says more.
    next_command
        What to type next.
    """
    verdict = ended.verdict
    kind: type[MartError] = {EXIT_TRANSIENT: TransientError, EXIT_USAGE: UsageError}.get(
        verdict.exit_code, WorkFailed
    )
    if verdict.out_of_memory:
        next_command = "raise memory= of the table or model"
    text = f"{message}: {verdict.cause}" if verdict.exit_code != EXIT_DONE and verdict.cause else message
    return kind(text, next_command=next_command)
