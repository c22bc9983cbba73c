"""The ``sla:`` of a workflow: when it is late, and what then happens."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.workflow import values
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from featuremart.workflow.values import Config

_CLOCK = re.compile(r"([+-]?\d+):([+-]?\d+)(?::([+-]?\d+))?")


@dataclass(frozen=True)
class Sla:
    """What was agreed on.

    Parameters
    ----------
    time
        Time of day by which the workflow has to end, as time since midnight; None where a duration is given.
    duration
        How long it may take; None where a time of day is given.
    alert
        Whether a notification is sent.
    fail
        Whether the attempt ends in error. Nothing is stopped.
    tasks
        The tasks that run beside the others when it is late.
    """

    time: dt.timedelta | None
    duration: dt.timedelta | None
    alert: bool
    fail: bool
    tasks: Config

    @classmethod
    def of(cls, config: Config) -> Sla:
        """Read ``sla:``.

        Raises
        ------
        ConfigError
            Where it names neither a time nor a duration, or both, or none that can be read.
        """
        given = {key: values.optional_text(config, key) for key in ("time", "duration")}
        if (given["time"] is None) == (given["duration"] is None):
            raise ConfigError("SLA must be specified using either the 'time' or 'duration' option", "sla")
        read = {key: None if text is None else _clock(key, text) for key, text in given.items()}
        return cls(
            read["time"],
            read["duration"],
            alert=_flag(config, "alert", default=True),
            fail=_flag(config, "fail", default=False),
            tasks={key: item for key, item in config.items() if key not in {*given, "alert", "fail"}},
        )

    def trigger(self, start: dt.datetime, tz: dt.tzinfo) -> dt.datetime:
        """Return the moment at which an attempt that starts now is late."""
        if self.duration is not None:
            return start.astimezone(dt.UTC) + self.duration
        local = start.astimezone(tz)
        midnight = dt.datetime.combine(local.date(), dt.time(), tz).replace(microsecond=local.microsecond)
        due = (midnight + (self.time or dt.timedelta())).astimezone(dt.UTC)
        return due if due >= start else due + dt.timedelta(days=1)


def _clock(key: str, text: str) -> dt.timedelta:
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ConfigError(f"SLA {key} option needs to be HH:MM or HH:MM:SS format: {text}", key)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _flag(config: Config, key: str, *, default: bool) -> bool:
    try:
        return values.boolean(config, key, default)
    except ConfigError:
        return default  # as Digdag: a lateness must not fail for its own options
