"""Cron patterns as Digdag's scheduler library reads them.

Five fields, all of which have to match (in other crons a day of the month OR a day of the week is enough);
``|`` separates patterns of which one has to match; ``L`` is the last day of a month; ``22-2`` wraps around;
``*/7`` counts from the field's first value; a step without a range (``5/10``) is only its first value.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LAST_DAY = 32
_MINUTE = dt.timedelta(minutes=1)
_YEARS_AHEAD = 41  # a 29th of February on a given weekday comes every 40 years at the latest


@dataclass(frozen=True)
class _Field:
    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("days of month", 1, 31),
    _Field("months", 1, 12, _MONTHS),
    _Field("days of week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True)
class _Pattern:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def on(self, day: dt.date) -> bool:
        last = calendar.monthrange(day.year, day.month)[1]
        in_month = day.day in self.days or (day.day == last and _LAST_DAY in self.days)
        return in_month and day.month in self.months and day.isoweekday() % 7 in self.weekdays

    def next_wall_time(self, wall: dt.datetime) -> dt.datetime | None:
        day = wall.date()
        for _ in range(_YEARS_AHEAD * 366):
            if self.on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        found = dt.datetime.combine(day, dt.time(hour, minute))
                        if found >= wall:
                            return found
            day += dt.timedelta(days=1)
        return None


@dataclass(frozen=True)
class Cron:
    """A cron pattern in a time zone.

    Parameters
    ----------
    text
        The pattern.
    tz
        Where its hours are.

    Raises
    ------
    ConfigError
        Where it is no pattern or matches on no day.
    """

    text: str
    tz: dt.tzinfo

    def __post_init__(self) -> None:
        start = dt.datetime(2000, 1, 1)  # noqa: DTZ001 (a wall time)
        if all(pattern.next_wall_time(start) is None for pattern in self._patterns):
            raise ConfigError(f'invalid pattern: "{self.text}" matches on no day')

    @cached_property
    def _patterns(self) -> tuple[_Pattern, ...]:
        return tuple(_parse(part, self.text) for part in self.text.split("|"))

    def after(self, moment: dt.datetime) -> dt.datetime:
        """Find the first matching minute after a moment (and after the minute that it lies in)."""
        start = moment.astimezone(dt.UTC).replace(second=0, microsecond=0) + _MINUTE
        return min(self._candidates(start.astimezone(self.tz)), key=lambda found: found.astimezone(dt.UTC))

    def _candidates(self, start: dt.datetime) -> Iterator[dt.datetime]:
        wall = start.replace(tzinfo=None)
        for pattern in self._patterns:
            found = pattern.next_wall_time(wall)
            if found == wall:
                yield start
            elif found is not None:
                yield self._moment(found)

    def _moment(self, wall: dt.datetime) -> dt.datetime:
        # A wall time that the clock skips is moved forward, one that comes twice is the second: as Java has it
        forward = wall.replace(tzinfo=self.tz, fold=0)
        second = wall.replace(tzinfo=self.tz, fold=1)
        skipped = forward.astimezone(dt.UTC).astimezone(self.tz).replace(tzinfo=None) != wall
        return (forward if skipped else second).astimezone(dt.UTC).astimezone(self.tz)


def _parse(part: str, text: str) -> _Pattern:
    words = part.split()
    if len(words) != len(_FIELDS):
        raise ConfigError(f'invalid pattern: "{text}"', hint="write minute, hour, day, month and weekday")
    return _Pattern(*(_field(word, field, text) for word, field in zip(words, _FIELDS, strict=True)))


def _field(word: str, field: _Field, text: str) -> frozenset[int]:
    found: set[int] = set()
    for element in word.split(","):
        span, slash, step = element.partition("/")
        numbers = _span(span, field, text)
        if slash:
            if not step.isdecimal() or int(step) < 1:
                raise _invalid(text, field, f"invalid step: {step}")
            numbers = numbers[:: int(step)]
        found.update(number % 7 if field.last == len(_WEEKDAYS) else number for number in numbers)
    return frozenset(found)


def _span(span: str, field: _Field, text: str) -> list[int]:
    if span == "*":
        return list(range(field.first, field.last + 1))
    first, dash, last = span.partition("-")
    low = _number(first, field, text)
    if not dash:
        return [low]
    high = _number(last, field, text)
    if low <= high:
        return list(range(low, high + 1))
    return [*range(low, field.last + 1), *range(field.first, high + 1)]


def _number(word: str, field: _Field, text: str) -> int:
    if field.name == "days of month" and word.lower() == "l":
        return _LAST_DAY
    if word.lower() in field.names:
        return field.names.index(word.lower()) + (1 if field.first else 0)
    if not word.isdecimal() or not field.first <= int(word) <= field.last:
        raise _invalid(text, field, f"invalid value: {word}")
    return int(word) % 7 if field.last == len(_WEEKDAYS) else int(word)


def _invalid(text: str, field: _Field, why: str) -> ConfigError:
    return ConfigError(f'invalid pattern: "{text}". Error parsing {field.name} field: {why}')
