"""The ``schedule:`` of a workflow: when its sessions are, and when they run.

A session has a time (midnight of the day for ``daily>``) and runs some seconds after it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from featuremart.errors import did_you_mean
from featuremart.workflow import values
from featuremart.workflow.cron import Cron
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from featuremart.workflow.values import Config

END_OF_SCHEDULE = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
"""The session time of a schedule that is over."""

_SECOND = dt.timedelta(seconds=1)
_TICK = dt.timedelta(microseconds=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DURATION = re.compile(
    r"\s*(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*m)?\s*(?:(\d+)\s*s)?\s*", re.IGNORECASE
)


@dataclass(frozen=True)
class SessionTime:
    """One session of a schedule.

    Parameters
    ----------
    time
        What the session is called by, in the workflow's time zone.
    run_time
        When it starts.
    """

    time: dt.datetime
    run_time: dt.datetime


class _Rhythm(Protocol):
    def after(self, moment: dt.datetime) -> dt.datetime:
        """Find the first session time after a moment."""


@dataclass(frozen=True)
class _Seconds:
    interval: int
    tz: dt.tzinfo

    def after(self, moment: dt.datetime) -> dt.datetime:
        seconds = (moment - _EPOCH) // _SECOND
        return (_EPOCH + (seconds - seconds % self.interval + self.interval) * _SECOND).astimezone(self.tz)


@dataclass(frozen=True)
class Schedule:
    """When the sessions of a workflow are.

    Parameters
    ----------
    kind
        ``daily``, ``hourly``, ``weekly``, ``monthly``, ``cron``, ``minutes_interval`` or ``seconds_interval``.
    at
        What stands behind it.
    timezone, tz
        The workflow's time zone, by name and as such.
    rhythm
        The session times.
    delay
        From a session's time to its run.
    start, end
        The first run is not before, the last one before these; None for no bound.
    skip_on_overtime
        Whether a session is left out while the one before still runs.
    skip_delayed_by
        A session that could start only this much later is left out; None for never.
    """

    kind: str
    at: str
    timezone: str
    tz: dt.tzinfo
    rhythm: _Rhythm
    delay: dt.timedelta
    start: dt.datetime | None
    end: dt.datetime | None
    skip_on_overtime: bool
    skip_delayed_by: dt.timedelta | None

    def first(self, now: dt.datetime) -> SessionTime:
        """Find the first session that runs at a moment or after it."""
        moment = now.astimezone(dt.UTC)
        if isinstance(self.rhythm, _Seconds):
            return self.next(moment - _TICK)
        truncated = moment.replace(microsecond=0)
        # a session exactly now is included
        return self.next((truncated - _SECOND if truncated == moment else truncated) - self.delay)

    def next(self, after: dt.datetime) -> SessionTime:
        """Find the session that follows a session time."""
        session = self._session(after)
        if self.end is not None and self.end <= session.run_time:
            return SessionTime(END_OF_SCHEDULE, END_OF_SCHEDULE)
        if self.start is not None and self.start > session.run_time:
            return self._session(self.start - _SECOND)
        return session

    def last(self, before: dt.datetime) -> SessionTime:
        """Find the session that precedes a session time; start and end of the schedule do not count."""
        moment = before.astimezone(dt.UTC)
        if isinstance(self.rhythm, _Seconds):
            return self._session(moment - _TICK - self.rhythm.interval * _SECOND)
        following = self._session(moment).time.astimezone(dt.UTC)
        interval = self._session(following).time.astimezone(dt.UTC) - following
        # Digdag guesses two intervals back and goes forward from there. Where the rhythm is uneven (Mondays of
        # `* * 1-5`) its guess itself can come out, a time without a session: the workflow sees it there, so here
        found = moment - 2 * interval
        while (step := self._session(found).time) < moment:
            found = step.astimezone(dt.UTC)
        return SessionTime(found.astimezone(self.tz), (found + self.delay).astimezone(self.tz))

    def _session(self, after: dt.datetime) -> SessionTime:
        # reckoned in UTC: three hours later are three hours later also on the day the clocks change
        moment = self.rhythm.after(after.astimezone(dt.UTC)).astimezone(dt.UTC)
        return SessionTime(moment.astimezone(self.tz), (moment + self.delay).astimezone(self.tz))

    def skips(self, session: SessionTime, now: dt.datetime, *, still_running: bool) -> bool:
        """Tell whether a session that could start now is left out.

        Parameters
        ----------
        session
            The session.
        now
            When it could start.
        still_running
            Whether an earlier session has not ended.
        """
        late = self.skip_delayed_by is not None and now > session.time + self.skip_delayed_by
        return late or (self.skip_on_overtime and still_running)


def parse_schedule(config: Config, timezone: str, tz: dt.tzinfo) -> Schedule:
    """Read ``schedule:``.

    Parameters
    ----------
    config
        The object under ``schedule:``.
    timezone, tz
        Of the workflow.

    Raises
    ------
    ConfigError
        Where a Digdag server would not accept it.
    """
    kind = _kind(config)
    at = _command(config, kind)
    try:
        rhythm, delay = _KINDS[kind](at, config, tz)
    except ConfigError as error:
        raise ConfigError(str(error), error.key or f"{kind}>", error.hint) from error
    start, end = (None, None) if kind == "seconds_interval" else _bounds(config, tz)
    late = values.optional_text(config, "skip_delayed_by")
    return Schedule(
        kind,
        at,
        timezone,
        tz,
        rhythm,
        delay,
        start,
        end,
        skip_on_overtime=values.boolean(config, "skip_on_overtime", default=False),
        skip_delayed_by=None if late is None else parse_duration(late, "skip_delayed_by"),
    )


def parse_duration(text: str, key: str = "_command") -> dt.timedelta:
    """Read a length of time such as ``1d 2h 30m 5s``."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ConfigError(f"Invalid duration: {text}", key)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _kind(config: Config) -> str:
    if "_type" in config:
        kind = values.text(config, "_type")
    else:
        operator = next((key for key in config if key.endswith(">")), None)
        if operator is None:
            raise ConfigError(
                f"Schedule config requires 'type>: at' parameter: {values.json_text(config)}", "schedule"
            )
        kind = operator.removesuffix(">")
    if kind not in _KINDS:
        raise ConfigError(f"Unknown scheduler type: {kind}", f"{kind}>", did_you_mean(kind, _KINDS))
    return kind


def _command(config: Config, kind: str) -> str:
    for key in ("_command", f"{kind}>", "at"):
        if config.get(key) is not None:
            return values.as_text(key, config[key])
    return values.text(config, f"{kind}>")


def _bounds(config: Config, tz: dt.tzinfo) -> tuple[dt.datetime | None, dt.datetime | None]:
    start = _midnight(config, "start", tz, 0)
    end = _midnight(config, "end", tz, 1)
    if start is not None and end is not None and start >= end:
        raise ConfigError("The schedule of end is earlier than start", "end")
    return start, end


def _midnight(config: Config, key: str, tz: dt.tzinfo, days: int) -> dt.datetime | None:
    text = values.optional_text(config, key)
    if text is None:
        return None
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError("write it in quotes, as year-month-day")  # noqa: TRY301 (one message for both)
        day = dt.date.fromisoformat(text) + dt.timedelta(days=days)
    except ValueError as error:
        raise ConfigError(f"Invalid {key}: {text} ({error})", key) from error
    return dt.datetime.combine(day, dt.time(), tz).astimezone(dt.UTC)


def _clock(kind: str, form: str, text: str) -> dt.timedelta:
    parts = text.split(":")
    if len(parts) != len(form.split(":")) or not all(_INTEGER.fullmatch(part) for part in parts):
        raise ConfigError(f"{kind} scheduler requires {form} format: {text}", kind.rstrip(":"))
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return dt.timedelta(seconds=seconds)


def _day_and_clock(kind: str, at: str, tz: dt.tzinfo, pattern: str) -> tuple[_Rhythm, dt.timedelta]:
    day, comma, time = at.partition(",")
    if not comma or day.strip().startswith("-"):
        raise ConfigError(f"{kind}>: scheduler requires day,hh:mm:ss format: {at}", f"{kind}>")
    delay = _clock(f"{kind}>", "hh:mm:ss", time.strip())
    try:
        return Cron(pattern.format(day.strip()), tz), delay
    except ConfigError as error:
        raise ConfigError(f"{kind}>: scheduler requires day,hh:mm:ss format: {at}", f"{kind}>") from error


def _daily(at: str, _: Config, tz: dt.tzinfo) -> tuple[_Rhythm, dt.timedelta]:
    return Cron("0 0 * * *", tz), _clock("daily>", "hh:mm:ss", at)


def _hourly(at: str, _: Config, tz: dt.tzinfo) -> tuple[_Rhythm, dt.timedelta]:
    return Cron("0 * * * *", tz), _clock("hourly>:", "mm:ss", at)


def _weekly(at: str, _: Config, tz: dt.tzinfo) -> tuple[_Rhythm, dt.timedelta]:
    return _day_and_clock("weekly", at, tz, "0 0 * * {}")


def _monthly(at: str, _: Config, tz: dt.tzinfo) -> tuple[_Rhythm, dt.timedelta]:
    return _day_and_clock("monthly", at, tz, "0 0 {} * *")


def _cron(at: str, config: Config, tz: dt.tzinfo) -> tuple[_Rhythm, dt.timedelta]:
    return Cron(at, tz), _delay(config)


def _minutes(at: str, config: Config, tz: dt.tzinfo) -> tuple[_Rhythm, dt.timedelta]:
    interval = values.as_integer("minutes_interval>", at)
    return Cron(f"*/{interval} * * * *", tz), _delay(config)


def _seconds(at: str, config: Config, tz: dt.tzinfo) -> tuple[_Rhythm, dt.timedelta]:
    interval = values.as_integer("seconds_interval>", at)
    if interval < 1:
        raise ConfigError(f"seconds_interval> needs a number above 0: {at}", "seconds_interval>")
    return _Seconds(interval, tz), _delay(config)


def _delay(config: Config) -> dt.timedelta:
    return dt.timedelta(seconds=values.optional_integer(config, "delay") or 0)


_KINDS: dict[str, Callable[[str, Config, dt.tzinfo], tuple[_Rhythm, dt.timedelta]]] = {
    "daily": _daily,
    "hourly": _hourly,
    "weekly": _weekly,
    "monthly": _monthly,
    "cron": _cron,
    "minutes_interval": _minutes,
    "seconds_interval": _seconds,
}
