"""Tell the ECS server to fail on purpose, in the ways that the real one does.

A rule says which calls it is for and what happens to them::

    with scripted(environment, no_capacity(times=2), interrupt_spot(after=0.5, nth=3)):
        ...

Rules of one call are all carried out, in their order. Each counts the calls that match it by itself: ``nth``
is the first that it acts on (1 is the first after it was set), ``times`` how many from there on (None: all).
"""

from __future__ import annotations

import fnmatch
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from featuremart.config.settings import Environment

PATH = "/__faults__"
NO_CAPACITY = (
    "Capacity is unavailable at this time. Please try again later or in a different availability zone"
)
_ACCEPTED = 200


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Refuse(_Frozen):
    """RunTask answers ``failures[]``; with ``runs`` the task runs all the same."""

    do: Literal["refuse"] = "refuse"
    reason: str = NO_CAPACITY
    runs: bool = False


class Fail(_Frozen):
    """The call answers an error and does nothing."""

    do: Literal["fail"] = "fail"
    code: str
    message: str
    status: int = 400


class DropResponse(_Frozen):
    """The call is carried out, and the connection is closed without an answer."""

    do: Literal["drop_response"] = "drop_response"


class Delay(_Frozen):
    """The call takes some seconds longer."""

    do: Literal["delay"] = "delay"
    seconds: float = Field(ge=0)


class Missing(_Frozen):
    """DescribeTasks knows no such task, ListTasks lists none."""

    do: Literal["missing"] = "missing"


class StickProvisioning(_Frozen):
    """The task stays in PROVISIONING until it is stopped."""

    do: Literal["stick_provisioning"] = "stick_provisioning"


class DelayStart(_Frozen):
    """The task is PENDING for some seconds."""

    do: Literal["delay_start"] = "delay_start"
    seconds: float = Field(ge=0)


class FailToStart(_Frozen):
    """The task stops with TaskFailedToStart."""

    do: Literal["fail_to_start"] = "fail_to_start"
    reason: str


class LoseExitCode(_Frozen):
    """The task ends as it does, but its container has no exit code."""

    do: Literal["lose_exit_code"] = "lose_exit_code"


class InterruptSpot(_Frozen):
    """The capacity is taken back: SIGTERM, SIGKILL after the stop timeout, SpotInterruption."""

    do: Literal["interrupt_spot"] = "interrupt_spot"
    after: float = Field(default=0.0, ge=0)


class Kill(_Frozen):
    """The container is killed with SIGKILL, for no stated reason."""

    do: Literal["kill"] = "kill"
    after: float = Field(default=0.0, ge=0)


Action = Annotated[
    Refuse
    | Fail
    | DropResponse
    | Delay
    | Missing
    | StickProvisioning
    | DelayStart
    | FailToStart
    | LoseExitCode
    | InterruptSpot
    | Kill,
    Field(discriminator="do"),
]


class Rule(_Frozen):
    """What happens to which calls.

    Parameters
    ----------
    call
        ``RunTask``, ``DescribeTasks``, ``StopTask``, ...
    family
        Task definition family, ``*`` and ``?`` allowed; None for any, and for calls that name none.
    nth, times
        The first matching call that it acts on, and how many from there; None for all.
    action
        What happens.
    """

    call: str = "RunTask"
    family: str | None = None
    nth: int = Field(default=1, ge=1)
    times: int | None = Field(default=1, ge=1)
    action: Action


RULES = TypeAdapter(list[Rule])


def no_capacity(**where: Any) -> Rule:
    """RunTask: Fargate has no capacity."""
    return Rule(action=Refuse(), **where)


def agent_gone(**where: Any) -> Rule:
    """RunTask: the agent does not answer."""
    return Rule(action=Refuse(reason="AGENT"), **where)


def no_resource(resource: str = "MEMORY", **where: Any) -> Rule:
    """RunTask: too little of a resource (``RESOURCE:MEMORY``, ``RESOURCE:ENI``, ...)."""
    return Rule(action=Refuse(reason=f"RESOURCE:{resource}"), **where)


def refused_but_running(reason: str = NO_CAPACITY, **where: Any) -> Rule:
    """RunTask: ``failures[]``, though the task really runs."""
    return Rule(action=Refuse(reason=reason, runs=True), **where)


def throttled(*, hidden: bool = False, **where: Any) -> Rule:
    """Any call: throttled, by its own exception or hidden in the text of an InvalidParameterException."""
    if hidden:
        text = "Error retrieving subnet information: Throttling: Rate exceeded"
        return Rule(action=Fail(code="InvalidParameterException", message=text), **where)
    return Rule(action=Fail(code="ThrottlingException", message="Rate exceeded"), **where)


def access_denied(**where: Any) -> Rule:
    """Any call: not allowed."""
    text = "User is not authorized to perform this action because no identity-based policy allows it"
    return Rule(action=Fail(code="AccessDeniedException", message=text), **where)


def response_lost(**where: Any) -> Rule:
    """Any call: carried out, but no answer comes."""
    return Rule(action=DropResponse(), **where)


def slow(seconds: float, **where: Any) -> Rule:
    """Any call: takes longer."""
    return Rule(action=Delay(seconds=seconds), **where)


def missing_at_first(times: int = 1, **where: Any) -> Rule:
    """DescribeTasks: does not know the task for some calls."""
    return Rule(call="DescribeTasks", times=times, action=Missing(), **where)


def stuck_in_provisioning(**where: Any) -> Rule:
    """RunTask: the task never starts."""
    return Rule(action=StickProvisioning(), **where)


def slow_start(seconds: float, **where: Any) -> Rule:
    """RunTask: the task is PENDING for some seconds."""
    return Rule(action=DelayStart(seconds=seconds), **where)


def fails_to_start(reason: str, **where: Any) -> Rule:
    """RunTask: the task stops with TaskFailedToStart and a reason."""
    return Rule(action=FailToStart(reason=reason), **where)


def exit_code_lost(**where: Any) -> Rule:
    """RunTask: the task ends without an exit code."""
    return Rule(action=LoseExitCode(), **where)


def interrupt_spot(after: float = 0.0, **where: Any) -> Rule:
    """RunTask: the task is interrupted some seconds after it began to run."""
    return Rule(action=InterruptSpot(after=after), **where)


def killed(after: float = 0.0, **where: Any) -> Rule:
    """RunTask: the container is killed some seconds after it began to run."""
    return Rule(action=Kill(after=after), **where)


class FaultBook:
    """The rules that are set, and how many calls each has seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._seen: list[int] = []

    def replace(self, rules: Iterable[Rule]) -> None:
        """Forget all rules and set these."""
        with self._lock:
            self._rules = list(rules)
            self._seen = [0] * len(self._rules)

    def take(self, call: str, families: Iterable[str]) -> list[Action]:
        """Count one call and return what happens to it.

        Parameters
        ----------
        call
            Name of the operation.
        families
            Of the task definitions that it is about.
        """
        about = list(families)
        actions: list[Action] = []
        with self._lock:
            for index, rule in enumerate(self._rules):
                if rule.call != call or not _is_about(rule, about):
                    continue
                self._seen[index] += 1
                number = self._seen[index] - rule.nth
                if number >= 0 and (rule.times is None or number < rule.times):
                    actions.append(rule.action)
        return actions


def _is_about(rule: Rule, families: list[str]) -> bool:
    return rule.family is None or any(fnmatch.fnmatchcase(family, rule.family) for family in families)


def script(environment: Environment, *rules: Rule) -> None:
    """Set the rules of a running ECS server; those set before are forgotten. No rules: all is well again.

    Raises
    ------
    WorkFailed
        Where the server does not take them.
    """
    import urllib3

    answer = urllib3.request(
        "POST",
        f"{environment.endpoints.ecs}{PATH}",
        body=RULES.dump_json(list(rules)),
        headers={"Content-Type": "application/json"},
    )
    if answer.status != _ACCEPTED:
        raise WorkFailed(
            f"the ECS server does not take the faults: {answer.data.decode()}", next_command="mart servers"
        )


@contextmanager
def scripted(environment: Environment, *rules: Rule) -> Iterator[None]:
    """Set rules for the time of a block."""
    script(environment, *rules)
    try:
        yield
    finally:
        script(environment)
