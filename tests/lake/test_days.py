"""Partition days and ranges of them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuremart.errors import UsageError
from featuremart.lake.days import DayRange, parse_day, parse_partition, partition_label


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2200, 1, 1)), st.integers(0, 400))
def test_a_range_holds_both_of_its_ends_and_every_day_between(first: dt.date, more: int) -> None:
    days = DayRange(first, first + dt.timedelta(days=more))
    listed = list(days)
    assert len(listed) == len(days) == more + 1
    assert listed[0] == days.first
    assert listed[-1] == days.last
    assert listed == sorted(set(listed))
    assert all(day in days for day in listed)
    assert days.first - dt.timedelta(days=1) not in days


@given(st.one_of(st.none(), st.dates()))
def test_a_partition_label_reads_back_as_the_partition(partition: dt.date | None) -> None:
    assert parse_partition(partition_label(partition)) == partition


def test_a_reversed_range_is_refused_with_the_range_that_was_meant() -> None:
    with pytest.raises(UsageError) as caught:
        DayRange.parse(None, "2013-01-07", "2013-01-01")
    assert "reversed" in str(caught.value)
    assert caught.value.next_command == "--from 2013-01-01 --to 2013-01-07"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["2013-02-30", "20130131", "2013-1-31", "yesterday", "", "2013-W05-4"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no day of the calendar"):
        parse_day(text)


@pytest.mark.parametrize(
    ("date", "first", "last", "cause"),
    [
        ("2013-01-01", "2013-01-01", None, "give one of the two"),
        (None, "2013-01-01", None, "--to is missing"),
        (None, None, "2013-01-01", "--from is missing"),
    ],
)
def test_half_a_range_and_both_ways_at_once_are_refused(
    date: str | None, first: str | None, last: str | None, cause: str
) -> None:
    with pytest.raises(UsageError, match=cause):
        DayRange.parse(date, first, last)


def test_no_option_names_no_days() -> None:
    assert DayRange.parse(None, None, None) is None
