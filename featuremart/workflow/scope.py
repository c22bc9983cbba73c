"""Which parameters a task sees: those of the start, what was exported above it and stored before it, its own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.workflow import values
from featuremart.workflow.zones import zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from featuremart.workflow.schedule import Schedule
    from featuremart.workflow.state import Row, TaskTable
    from featuremart.workflow.values import Config

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Session:
    """What all tasks of an attempt know about it.

    Parameters
    ----------
    workflow
        Its name.
    time
        Session time.
    timezone
        Of the workflow.
    uuid
        Of the session: the same in every attempt at it.
    session_id, attempt_id, project_id
        Numbers; an attempt's is its own.
    retry_attempt_name
        None in a first attempt.
    params
        Start parameters.
    """

    workflow: str
    time: dt.datetime
    timezone: str
    uuid: str
    session_id: int
    attempt_id: int
    project_id: int
    retry_attempt_name: str | None
    params: Config

    @property
    def tz(self) -> dt.tzinfo:
        """The workflow's time zone."""
        return zone(self.timezone)


def start_params(
    params: Config, schedule: Schedule | None, session_time: dt.datetime, timezone: str
) -> Config:
    """Return an attempt's parameters: those that were given, and the sessions before and after this one."""
    started = values.copy_config(params)
    if schedule is not None:
        started["last_session_time"] = _iso(schedule.last(session_time).time, timezone)
        started["next_session_time"] = _iso(schedule.next(session_time).time, timezone)
    return started


def visible_params(table: TaskTable, row: Row, params: Config) -> Config:
    """Collect what a task sees besides its own keys.

    What is stored beats what is exported further out, what is exported further in beats what was stored
    before; later stores beat earlier ones.

    Parameters
    ----------
    table
        All tasks.
    row
        The task.
    params
        The attempt's parameters.
    """
    seen = values.copy_config(params)
    parents = table.parents(row)
    around = {parent.index for parent in parents}
    for other in _from_far(table, [*parents, row]):
        if other.index in around:
            values.merge(seen, other.exported())
        values.merge(seen, other.store_params)
    values.merge(seen, row.export)
    return seen


def _from_far(table: TaskTable, path: list[Row]) -> Iterator[Row]:
    """Go through everything that ran before a task and around it, the farthest first."""
    for row in path:
        for sibling in _before(table, row):
            yield sibling
            yield from table.depth_first(sibling)
        if row is not path[-1]:
            yield row


def _before(table: TaskTable, row: Row) -> list[Row]:
    """List the siblings that ran before a task, each after those that ran before it."""
    found: dict[int, Row] = {}
    entered: set[int] = set()
    stack = sorted(row.upstreams, reverse=True)
    while stack:
        index = stack[-1]
        ahead = [up for up in sorted(table.rows[index].upstreams, reverse=True) if up not in entered]
        if index in entered or not ahead:
            found.setdefault(index, table.rows[index])
            entered.add(stack.pop())
        else:
            entered.add(index)
            stack.extend(ahead)
    return list(found.values())


def session_variables(session: Session, seen: Config, task_name: str) -> Config:
    """Return the variables that Digdag defines for a task: ``session_time`` and so on.

    Parameters
    ----------
    session
        Of the attempt.
    seen
        What the task sees otherwise; the times of the sessions around this one come from it.
    task_name
        Full name.
    """
    tz = session.tz
    made: Config = {
        "timezone": session.timezone,
        "session_uuid": session.uuid,
        "session_time": _iso(session.time, session.timezone),
        "session_id": session.session_id,
        **_times("session_", session.time.astimezone(tz)),
    }
    for name in ("last_session_", "last_executed_session_", "next_session_"):
        given = seen.get(f"{name}time")
        if isinstance(given, str) and given:
            made.update(_times(name, dt.datetime.fromisoformat(given).astimezone(tz)))
        elif name == "last_executed_session_":
            offset = _EPOCH.astimezone(tz).strftime("%z")
            empty = dict.fromkeys(("time", "date", "date_compact", "local_time", "unixtime"), "")
            made.update({f"{name}{key}": text for key, text in {**empty, "tz_offset": offset[:5]}.items()})
    made["project_id"] = session.project_id
    if session.retry_attempt_name is not None:
        made["retry_attempt_name"] = session.retry_attempt_name
    made["attempt_id"] = session.attempt_id
    made["task_name"] = task_name
    return made


def _times(prefix: str, local: dt.datetime) -> Config:
    return {
        f"{prefix}date": local.strftime("%Y-%m-%d"),
        f"{prefix}date_compact": local.strftime("%Y%m%d"),
        f"{prefix}local_time": local.strftime("%Y-%m-%d %H:%M:%S"),
        f"{prefix}tz_offset": local.strftime("%z")[:5],
        f"{prefix}unixtime": (local - _EPOCH) // dt.timedelta(seconds=1),
    }


def _iso(time: dt.datetime, timezone: str) -> str:
    return time.astimezone(zone(timezone)).isoformat(timespec="seconds")
