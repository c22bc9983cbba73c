"""What an analyst's query costs is told before it runs, and decides whether it runs."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuremart.errors import UsageError
from featuremart.mart import query
from featuremart.mart.answers import QueryRefused
from featuremart.mart.rest import Estimate

GIB = 2**30


@dataclass
class Google:
    """What BigQuery itself says of a query: the emulator knows no bytes."""

    environment: object
    answer: Estimate | Exception
    asked: int = 0

    def dry_run(self, sql):
        assert sql
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def google(cloud):
    return lambda answer: Google(cloud, answer)


def test_the_bytes_are_told(google):
    assert query.estimate(google(Estimate("SELECT", 5 * GIB)), "SELECT 1", limit_bytes=5 * GIB) == 5 * GIB


def test_more_than_the_limit_is_refused_with_its_price(google):
    with pytest.raises(UsageError, match=r"would read 2\.0 TiB \(about \$12\.50\), the limit is 1\.0 GiB"):
        query.estimate(google(Estimate("SELECT", 2 * 2**40)), "SELECT 1", limit_bytes=GIB)


@pytest.mark.parametrize("kind", ["INSERT", "SCRIPT", "CREATE_TABLE_AS_SELECT", ""])
def test_bigquery_has_the_last_word_on_what_only_reads(google, kind):
    with pytest.raises(UsageError, match="only reads"):
        query.estimate(google(Estimate(kind, 0)), "SELECT 1", limit_bytes=GIB)


def test_a_query_that_only_bigquery_understands_is_left_to_it(google):
    sql = "SELECT 1 FROM t UNHEARD OF (syntax)"

    assert query.estimate(google(Estimate("SELECT", 7)), sql, limit_bytes=GIB) == 7


def test_what_changes_something_is_not_even_asked(google):
    one = google(Estimate("SELECT", 0))

    with pytest.raises(UsageError, match="this is: DROP"):
        query.estimate(one, "DROP TABLE mart.t", limit_bytes=GIB)
    assert one.asked == 0


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("at [2:8]", "\n  2 | SELECT nope\n    |        ^"),
        ("at [1:1]", "\n  1 | -- first\n    | ^"),
        ("at [9:1]", ""),
        ("", ""),
    ],
)
def test_the_line_that_bigquery_names_is_shown(google, place, shown):
    message = f"query: Unrecognized name: nope {place}".strip()

    with pytest.raises(QueryRefused) as refused:
        query.estimate(google(QueryRefused(message)), "-- first\nSELECT nope\nFROM t", limit_bytes=GIB)
    assert refused.value.message == message + shown


@given(st.integers(0, 2**55))
def test_sizes_are_short_and_never_too_small_a_number(count):
    number, unit = query.human_bytes(count).split()

    assert unit in {"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
    assert 0 <= float(number) <= 1024


def test_the_least_that_bigquery_bills_has_no_price_of_nothing():
    assert query.price(0) == "under 1 cent"
    assert query.price(2**40) == "about $6.25"
