"""pytest plugin for authors of features: ``source_rows``, ``source_csv`` and ``run_table``.

Most tests need none of it: a feature is a plain function of Series. Light: what is heavy is imported by the first
test that asks for it, so other projects of the same environment do not pay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from types import ModuleType

    import pandas as pd

    from featuremart.testing.tables import Repository, Rows


@pytest.fixture(scope="session")
def featuremart_repository(pytestconfig: pytest.Config) -> Repository:
    """Return the declarations of the repository that pytest was started in."""
    from featuremart.testing.tables import Repository

    return Repository(pytestconfig.rootpath)


@pytest.fixture(scope="session")
def source_rows(featuremart_repository: Repository) -> Callable[..., pd.DataFrame]:
    """Return a function that makes a source's frame of some rows, with the dtypes that a worker gives it.

    >>> flights = source_rows("flights", {"carrier": "UA", "sched_dep_time": 515}, {"carrier": "AA"})

    What a row leaves out is null. Times may be ISO texts; without an offset they are UTC.
    """

    def make(source: str, *rows: Mapping[str, Any]) -> pd.DataFrame:
        return featuremart_repository.frame(source, rows)

    return make


@pytest.fixture
def source_csv(
    request: pytest.FixtureRequest, featuremart_repository: Repository
) -> Callable[..., pd.DataFrame]:
    """Return a function that makes a source's frame of real rows in ``fixtures/<source>.csv`` beside the test.

    >>> flights = source_csv("flights")
    >>> january = source_csv("flights", "flights_in_january")

    An empty cell is null.
    """

    def read(source: str, file: str | None = None) -> pd.DataFrame:
        path = request.path.parent / "fixtures" / f"{file or source}.csv"
        return featuremart_repository.read_csv(source, path)

    return read


@pytest.fixture(scope="session")
def run_table(featuremart_repository: Repository) -> Callable[..., pd.DataFrame]:
    """Return a function that runs a whole table by the worker's own engine, and enforces its checks.

    >>> run_table(timetable, flights=flights)
    >>> run_table("flight_delay.carrier_history", flights=flights, partition="2013-01-28")

    It takes the module or its name, each source that the table reads as a frame or a list of rows, and
    ``partition``, an ISO day: without it, a table of events runs every day that it is given, a window ends with
    the last one. It returns the output as a frame, sorted by event time then keys, or by keys.

    A table of events is also run in two halves: a feature whose value depends on other rows is refused.
    """

    def run(
        table: str | ModuleType,
        *,
        partition: str | None = None,
        extracted_at: dt.datetime | None = None,
        **sources: Rows,
    ) -> pd.DataFrame:
        return featuremart_repository.run(table, sources, partition=partition, extracted_at=extracted_at)

    return run
