"""When sessions are, and which partition day each of them makes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuremart.errors import UsageError
from featuremart.lake.days import DayRange
from featuremart.workflow import partition_day, range_params, session_for_day, session_for_range
from featuremart.workflow.schedule import parse_schedule
from featuremart.workflow.sla import Sla
from featuremart.workflow.values import ConfigError
from featuremart.workflow.zones import zone

RUNNING = json.loads((Path(__file__).parent / "recordings" / "golden" / "schedules.json").read_text())[
    "running"
]
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "+05:30")
DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1))


def schedule(timezone: str = "UTC", **config):
    return parse_schedule(
        {key.replace("_at", ">"): value for key, value in config.items()}, timezone, zone(timezone)
    )


def at(text: str, timezone: str = "UTC") -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone))


@given(day=DAYS, timezone=st.sampled_from(ZONES))
def test_the_session_of_a_day_fires_the_day_after(day: dt.date, timezone: str) -> None:
    session = session_for_day(day, timezone, schedule(timezone, daily_at="03:00:00"))

    assert session.date() == day + dt.timedelta(days=1)
    assert session.time() == dt.time(0, 0)
    assert partition_day(session, timezone) == day
    assert session == session_for_day(day, timezone)


@given(day=DAYS, timezone=st.sampled_from(ZONES))
def test_next_and_last_session_are_each_others_inverse(day: dt.date, timezone: str) -> None:
    daily = schedule(timezone, daily_at="03:00:00")
    session = session_for_day(day, timezone, daily)

    assert daily.last(daily.next(session).time).time == session
    assert daily.next(session).time == session_for_day(day + dt.timedelta(days=1), timezone, daily)


@given(data=st.data())
def test_no_two_ranges_and_no_day_share_a_session(data: st.DataObject) -> None:
    days = st.dates(dt.date(2013, 1, 1), dt.date(2013, 3, 20))
    timezone = data.draw(st.sampled_from(ZONES))
    ranges = {DayRange(*sorted(data.draw(st.tuples(days, days)))) for _ in range(4)}

    sessions = {session_for_range(one, timezone) for one in ranges}
    single = {session_for_day(one.last, timezone) for one in ranges}

    assert len(sessions) == len(ranges)
    assert not sessions & single
    assert all(partition_day(session_for_range(one, timezone), timezone) == one.last for one in ranges)


def test_a_range_is_told_to_the_workflow_by_its_first_and_last_day() -> None:
    days = DayRange(dt.date(2013, 1, 1), dt.date(2013, 1, 7))

    assert range_params(days) == {"from": "2013-01-01", "to": "2013-01-07"}


def test_a_day_without_a_session_is_refused_with_the_nearest_ones() -> None:
    weekly = schedule(weekly_at="Mon,03:00:00")

    with pytest.raises(UsageError, match="no session for the partition day 2026-01-14") as refused:
        session_for_day(dt.date(2026, 1, 14), "UTC", weekly)

    assert refused.value.next_command == "--date 2026-01-11 or --date 2026-01-18"
    assert session_for_day(dt.date(2026, 1, 11), "UTC", weekly) == at("2026-01-12T00:00:00")


def test_of_several_sessions_on_a_day_the_first_one_makes_its_partition() -> None:
    found = session_for_day(dt.date(2026, 1, 14), "Asia/Tokyo", schedule("Asia/Tokyo", hourly_at="10:00"))

    assert found == at("2026-01-15T00:00:00", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("day", "runs_at"),
    [
        ("2039-03-12T00:00:00", "2039-03-12T02:30:00-05:00"),
        ("2039-03-13T00:00:00", "2039-03-13T03:30:00-04:00"),
        ("2039-11-06T00:00:00", "2039-11-06T01:30:00-05:00"),
    ],
)
def test_a_run_is_so_many_hours_after_its_session_also_when_clocks_change(day: str, runs_at: str) -> None:
    timezone = "America/New_York"
    session = schedule(timezone, daily_at="02:30:00").first(at(day, timezone))

    assert (session.time, session.run_time.isoformat()) == (at(day, timezone), runs_at)


@pytest.mark.parametrize(
    ("pattern", "after", "expected"),
    [
        ("0 0 L * *", "2028-02-01T00:00", "2028-02-29T00:00"),
        ("0 22-1 * * *", "2026-01-15T23:30", "2026-01-16T00:00"),
        ("5/10 * * * *", "2026-01-15T10:06", "2026-01-15T11:05"),
        ("*/25 * * * *", "2026-01-15T10:30", "2026-01-15T10:50"),
        ("0 0 13 * fri", "2026-01-15T00:00", "2026-02-13T00:00"),
        ("0 0 29 2 *", "2096-03-01T00:00", "2104-02-29T00:00"),
        ("0 3 * * *|30 4 * * 7", "2026-01-18T03:30", "2026-01-18T04:30"),
    ],
)
def test_a_cron_pattern_is_read_as_the_server_reads_it(pattern: str, after: str, expected: str) -> None:
    assert schedule(cron_at=pattern).next(at(after)).time == at(expected)


def test_on_an_uneven_rhythm_the_session_before_is_the_servers_guess() -> None:
    weekdays = schedule(cron_at="15 9 * * 1-5")

    assert weekdays.last(at("2026-01-14T09:15")).time == at("2026-01-13T09:15")
    assert weekdays.last(at("2026-01-12T09:15")).time == at("2026-01-10T09:15")  # a Saturday


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"cron_at": "61 * * * *"}, "Error parsing minutes field: invalid value: 61"),
        ({"cron_at": "0 0 30 2 *"}, "matches on no day"),
        ({"cron_at": "*/0 * * * *"}, "invalid step: 0"),
        ({"hourly_at": "10:00:00"}, "hourly>: scheduler requires mm:ss format: 10:00:00"),
        ({"weekly_at": "Mon 03:00:00"}, "weekly>: scheduler requires day,hh:mm:ss format"),
        ({"monthly_at": "32,03:00:00"}, "monthly>: scheduler requires day,hh:mm:ss format"),
        ({"daily_at": "03:00:00", "start": "2039-02-01", "end": "2039-01-01"}, "end is earlier than start"),
        ({"daily_at": "03:00:00", "start": 2180044800000}, "Invalid start: 2180044800000"),
        ({"yearly_at": "1"}, "Unknown scheduler type: yearly"),
        ({"start": "2039-02-01"}, "requires 'type>: at' parameter"),
        ({"seconds_interval_at": 0}, "needs a number above 0"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(config: dict, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        schedule(**config)

    assert message in str(refused.value)


def test_a_session_is_skipped_while_the_one_before_runs_as_recorded() -> None:
    every_six = schedule(seconds_interval_at=6, skip_on_overtime=True)
    start = at("2026-01-15T00:00:00")
    task = dt.timedelta(seconds=15)
    begun: list[dt.datetime] = []

    session = every_six.first(start)
    while session.time <= start + dt.timedelta(seconds=48):
        running = bool(begun) and session.run_time < begun[-1] + task
        if not every_six.skips(session, session.run_time, still_running=running):
            begun.append(session.time)
        session = every_six.next(session.time)

    recorded = [entry["session"] for entry in RUNNING["skip_on_overtime: true"]]
    assert [(moment - start).total_seconds() for moment in begun][: len(recorded)] == recorded


@pytest.mark.parametrize("option", ["skip_delayed_by: 3m", "skip_delayed_by absent"])
def test_a_session_is_skipped_when_it_is_too_late_as_recorded(option: str) -> None:
    config = {"skip_delayed_by": "3m"} if "3m" in option else {}
    every_minute = schedule(minutes_interval_at=1, **config)
    pushed = at("2026-01-15T00:00:23")
    begun = []

    session = every_minute.first(pushed - dt.timedelta(minutes=8))
    while session.time <= pushed + dt.timedelta(seconds=37):
        if not every_minute.skips(session, max(pushed, session.run_time), still_running=False):
            begun.append((session.time - pushed).total_seconds())
        session = every_minute.next(session.time)

    assert begun == [entry["sessionRelativeToPush"] for entry in RUNNING[option]]


@pytest.mark.parametrize(
    ("config", "due"),
    [
        ({"duration": "01:30"}, "2026-01-15T11:30:00"),
        ({"time": "12:00"}, "2026-01-15T12:00:00"),
        ({"time": "09:00:30"}, "2026-01-16T09:00:30"),
    ],
)
def test_a_workflow_is_late_at_a_time_or_after_a_while(config: dict, due: str) -> None:
    assert Sla.of(config).trigger(at("2026-01-15T10:00:00"), ZoneInfo("UTC")) == at(due)


@pytest.mark.parametrize("config", [{}, {"time": "12:00", "duration": "01:00"}, {"time": "noon"}])
def test_an_sla_needs_one_time_that_can_be_read(config: dict) -> None:
    with pytest.raises(ConfigError, match="SLA"):
        Sla.of(config)
