"""Options that several commands share."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from featuremart.lake.days import DayRange


def environment_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--env``."""
    return click.option(
        "--env",
        "environment",
        envvar="MART_ENV",
        metavar="NAME",
        help="Environment of mart.toml; its default where not given.",
    )(function)


def day_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--date``, ``--from`` and ``--to``."""
    for names, text in (
        (("--to", "last"), "Last partition day of a range, itself included."),
        (("--from", "first"), "First partition day of a range."),
        (("--date",), "One partition day."),
    ):
        function = click.option(*names, metavar="YYYY-MM-DD", help=text)(function)
    return function


def parse_days(date: str | None, first: str | None, last: str | None) -> DayRange | None:
    """Read the values of :func:`day_options`."""
    from featuremart.lake.days import DayRange

    return DayRange.parse(date, first, last)


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end this process as Ctrl-C does, so that a launched task is stopped first."""

    def interrupt(number: int, frame: object) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
