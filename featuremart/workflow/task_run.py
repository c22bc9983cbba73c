"""One try at one task: evaluate what it sees, run its operator, and tell how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from featuremart.workflow import values
from featuremart.workflow.expressions import evaluate
from featuremart.workflow.operators import command, control, require, simple
from featuremart.workflow.operators.request import CommandFailed, Later, Result, TaskFailed, TaskRequest
from featuremart.workflow.retry import Retry
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from featuremart.workflow.operators.request import Services
    from featuremart.workflow.values import Config
    from featuremart.workflow.yaml_file import Place

    Operator: TypeAlias = Callable[[TaskRequest], Result]

OPERATORS: dict[str, Operator] = {
    "call": control.call,
    "echo": simple.echo,
    "fail": simple.fail,
    "for_each": control.for_each,
    "for_range": control.for_range,
    "if": control.if_,
    "loop": control.loop,
    "notify": simple.notify,
    "py": command.py,
    "require": require.require,
    "sh": command.sh,
    "wait": simple.wait,
}

_RETRIED = frozenset({"call", "py", "require", "sh"})
"""The operators that ``_retry`` of their own task counts for; on the others it has no effect, as on a server."""


@dataclass(frozen=True)
class Try:
    """What a try begins with.

    Parameters
    ----------
    full_name, place
        Of the task.
    local
        Its own keys, not evaluated.
    seen
        All else that it sees, not evaluated.
    state_params
        What it kept from the try before.
    announce
        Is told what the task is about to do, once that is known.
    write
        Takes its output.
    services
        For its operator.
    """

    full_name: str
    place: Place
    local: Config
    seen: Config
    state_params: Config
    announce: Callable[[str], None]
    write: Callable[[str], None]
    services: Services


@dataclass(frozen=True)
class Succeeded:
    """The try did it."""

    result: Result


@dataclass(frozen=True)
class Failed:
    """The try failed for good.

    Parameters
    ----------
    error
        ``message``, and ``stacktrace`` for what is not the workflow's own ``fail>``.
    """

    error: Config


@dataclass(frozen=True)
class NotYet:
    """There is to be another try.

    Parameters
    ----------
    later
        When, and why.
    """

    later: Later


Outcome: TypeAlias = Succeeded | Failed | NotYet


def run_try(begin: Try) -> Outcome:
    """Run a task once."""
    try:
        return Succeeded(_run(begin))
    except Later as later:
        return NotYet(later)
    except TaskFailed as error:
        return Failed({"message": str(error)})
    except (ConfigError, CommandFailed, OSError) as error:
        return Failed(error_config(error, begin.place))


def error_config(error: ConfigError | CommandFailed | OSError, place: Place) -> Config:
    """Return an error as ``_error`` tasks see it."""
    kind = "config" if isinstance(error, ConfigError) else "runtime"
    return {"message": f"{error} ({kind})", "stacktrace": f"at {place.where}"}


def _run(begin: Try) -> Result:
    everything = values.copy_config(begin.seen)
    values.merge(everything, begin.local)
    config = evaluate(everything, begin.seen)
    if "_type" in config:
        kind = values.text(config, "_type")
        begin.announce(f"type: {kind}")
    else:
        key = next((key for key in config if key.endswith(">")), None)
        if key is None:
            return Result()
        kind = key.removesuffix(">")
        value = config[key]
        begin.announce(f"{kind}>: {values.log_text(value)}")
        config["_type"] = kind
        config.pop("_command", None)
        if value is not None:
            config["_command"] = value
    local = {key: config[key] for key in begin.local}
    operator = OPERATORS.get(kind)
    if operator is None:
        raise ConfigError(f"Unknown task type: {kind}")
    request = TaskRequest(
        begin.full_name, config, local, begin.state_params, begin.place, begin.write, begin.services
    )
    return _with_retry(operator, request) if kind in _RETRIED else operator(request)


def _with_retry(operator: Operator, request: TaskRequest) -> Result:
    retry = Retry.of(request.config)
    done = values.optional_integer(request.state_params, "retry_count") or 0
    try:
        return operator(request)
    except (ConfigError, CommandFailed, TaskFailed) as error:
        if done >= retry.limit:
            raise
        state = {**request.state_params, "retry_count": done + 1}
        raise Later(retry.seconds_before(done), state, str(error)) from error
