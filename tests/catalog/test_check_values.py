"""Which values a check may hold follows from the type of its feature."""

from __future__ import annotations

import pytest

AIRCRAFT = "features/flight_delay/aircraft.py"

FITTING = [
    ("int", "between=(-5, 5)"),
    ("int", "isin=[1, 2]"),
    ("float", "between=(0, 1.5)"),
    ("float", "between=(-1.5, None)"),
    ("bool", "isin=[True]"),
    ("str", 'isin={"EWR", "JFK"}'),
    ("str", 'matches="[A-Z]{3}"'),
    ("bytes", "nulls=False, unique=True"),
    ("Decimal", 'between=("9", "12.50")'),
    ("Decimal", "isin=[1, 2]"),
    ("datetime.date", 'between=("2013-01-01", None)'),
    ("datetime.datetime", 'between=(None, "2013-01-01T12:00:00")'),
    ("pd.Timestamp", 'between=("2013-01-01T12:00:00Z", "2013-01-01T12:00:00-05:00")'),
]
UNFIT = [
    ("int", "isin=[1.5]", "seat_count is INT64: isin cannot hold 1.5", "write whole numbers"),
    ("int", "isin=[None]", "seat_count is INT64: isin cannot hold None", "write whole numbers"),
    ("int", "between=(False, 3)", "seat_count is INT64: between cannot hold False", "write whole numbers"),
    ("float", 'isin=["1"]', "seat_count is FLOAT64: isin cannot hold '1'", "write numbers"),
    ("bool", "isin=[1]", "seat_count is BOOL: isin cannot hold 1", "write True or False"),
    ("bool", "between=(0, 1)", "seat_count is BOOL, which has no order to lie between", "use isin or matches"),
    ("str", 'between=("a", "b")', "seat_count is STRING, which has no order to lie between", "use isin or matches"),
    ("str", "isin=[1]", "seat_count is STRING: isin cannot hold 1", "write texts"),
    ("bytes", 'isin=["a"]', "seat_count is BYTES: isin cannot hold 'a'", "write no such check: bytes can be checked for nulls and uniqueness"),
    ("Decimal", "isin=[1.5]", "seat_count is NUMERIC: isin cannot hold 1.5", "write whole numbers, or texts like '12.50'"),
    ("Decimal", 'isin=["much"]', "seat_count is NUMERIC: isin cannot hold 'much'", "write whole numbers, or texts like '12.50'"),
    ("Decimal", 'isin=["NaN"]', "seat_count is NUMERIC: isin cannot hold 'NaN'", "write whole numbers, or texts like '12.50'"),
    ("Decimal", 'between=("12.50", "9")', "seat_count: between is reversed: '12.50' is more than '9'", "write between=('9', '12.50')"),
    ("datetime.date", 'isin=["2013-02-30"]', "seat_count is DATE: isin cannot hold '2013-02-30'", "write texts like '2013-01-31'"),
    ("datetime.date", 'between=("2013-02-01", "2013-01-31")', "seat_count: between is reversed: '2013-02-01' is more than '2013-01-31'", "write between=('2013-01-31', '2013-02-01')"),
    ("datetime.datetime", 'isin=["2013-01-01T12:00:00Z"]', "seat_count is DATETIME: isin cannot hold '2013-01-01T12:00:00Z'", "write texts like '2013-01-31T12:00:00'"),
    ("pd.Timestamp", 'isin=["2013-01-01T12:00:00"]', "seat_count is TIMESTAMP: isin cannot hold '2013-01-01T12:00:00'", "write texts like '2013-01-31T12:00:00Z'"),
]  # fmt: skip


def demand(repository, kind, check):
    """Give a feature another type and another check."""
    repository.edit(
        AIRCRAFT,
        "import pandas as pd\n",
        "import datetime\nfrom decimal import Decimal\n\nimport pandas as pd\n",
    )
    repository.edit(AIRCRAFT, "isin=[2, 4, 100], unique=True", check)
    repository.edit(AIRCRAFT, "-> pd.Series[int]", f"-> pd.Series[{kind}]")


@pytest.mark.parametrize(("kind", "check"), FITTING)
def test_fitting_values_are_taken(repository, kind, check):
    demand(repository, kind, check)
    assert repository.refusals() == []


@pytest.mark.parametrize(("kind", "check", "cause", "instead"), UNFIT)
def test_values_of_another_type_are_refused(repository, kind, check, cause, instead):
    demand(repository, kind, check)
    assert repository.refusals() == [("aircraft.py:16", cause, instead)]
