"""Operators that do not do much: say something, fail, tell of a failure, wait."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from featuremart.workflow import values
from featuremart.workflow.operators.request import Later, Result, TaskFailed
from featuremart.workflow.schedule import parse_duration
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from featuremart.workflow.operators.request import TaskRequest

_WAIT_START = "wait_start_time_millis"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


def echo(request: TaskRequest) -> Result:
    """Write a message."""
    for line in (values.text(request.config, "_command") + "\n").splitlines(keepends=True):
        request.write(line)
    return Result()


def fail(request: TaskRequest) -> Result:
    """Fail with a message."""
    raise TaskFailed(values.optional_text(request.config, "_command") or "")


def notify(request: TaskRequest) -> Result:
    """Do nothing more than be there: that the task ran is the notification, and the event stream tells it."""
    values.text(request.config, "_command")
    return Result()


def wait(request: TaskRequest) -> Result:
    """Let time pass; no thread is kept meanwhile."""
    try:
        duration = parse_duration(values.text(request.config, "_command"))
        poll = values.optional_text(request.config, "poll_interval")
        interval = None if poll is None else parse_duration(poll, "poll_interval")
    except ConfigError as error:
        raise ConfigError("Invalid configuration") from error
    if interval is not None and values.boolean(request.config, "blocking", default=False):
        raise ConfigError("poll_interval can't be specified with blocking:true")
    now = request.services.clock.now()
    started = values.optional_integer(request.state_params, _WAIT_START)
    start = now if started is None else _EPOCH + started * _MILLISECOND
    if now > start + duration:
        return Result()
    left = interval or max(start + duration - now, dt.timedelta(seconds=1))
    state = {**request.state_params, _WAIT_START: (start - _EPOCH) // _MILLISECOND}
    raise Later(left.total_seconds(), state)
