"""Partition days and sessions: which session makes which day.

A daily workflow's ``session_date`` is the day on which it fires, and it makes the partition of the day before:
partition day D belongs to the session of D + 1. A range of days is one attempt with a session time of its own.
Here and on a Digdag server the same day or range always maps to the same session.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from featuremart.errors import UsageError
from featuremart.workflow.zones import zone

if TYPE_CHECKING:
    from featuremart.lake.days import DayRange
    from featuremart.workflow.schedule import Schedule
    from featuremart.workflow.values import Config

_DAY = dt.timedelta(days=1)
_SECOND = dt.timedelta(seconds=1)


def session_for_day(day: dt.date, timezone: str, schedule: Schedule | None = None) -> dt.datetime:
    """Find the session that makes a partition day.

    Parameters
    ----------
    day
        Partition day.
    timezone
        Of the workflow.
    schedule
        Of the workflow; without one its sessions count as daily ones.

    Returns
    -------
    datetime
        The first session time whose ``session_date`` is the day after, in the workflow's time zone.

    Raises
    ------
    UsageError
        Where the schedule has no session on that date.
    """
    tz = zone(timezone)
    midnight = dt.datetime.combine(day + _DAY, dt.time(), tz).astimezone(dt.UTC).astimezone(tz)
    if schedule is None:
        return midnight
    found = schedule.rhythm.after(midnight.astimezone(dt.UTC) - _SECOND).astimezone(tz)
    if found.date() != day + _DAY:
        before = partition_day(schedule.last(found).time, timezone)
        raise UsageError(
            f"the schedule `{schedule.kind}>: {schedule.at}` has no session for the partition day {day}",
            next_command=f"--date {before} or --date {partition_day(found, timezone)}",
        )
    return found


def session_for_range(days: DayRange, timezone: str) -> dt.datetime:
    """Find the session time of an attempt that makes a range of days at once.

    It is as many seconds after midnight of the day after the last one as there are days: no two ranges and
    no daily session share one, and the same range always has the same.

    Parameters
    ----------
    days
        Partition days.
    timezone
        Of the workflow.
    """
    midnight = session_for_day(days.last, timezone)
    return (midnight.astimezone(dt.UTC) + len(days) * _SECOND).astimezone(zone(timezone))


def range_params(days: DayRange) -> Config:
    """Return the start parameters that tell a workflow its range: ``from`` and ``to``, both included."""
    return {"from": days.first.isoformat(), "to": days.last.isoformat()}


def partition_day(session_time: dt.datetime, timezone: str) -> dt.date:
    """Return the partition day that a session makes: the day before its ``session_date``."""
    return session_time.astimezone(zone(timezone)).date() - _DAY
