"""Partition days: what ``--date D`` and ``--from A --to B`` name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

SNAPSHOT = "snapshot"
"""The partition of a table without days, as it stands in keys and manifests."""

Partition = dt.date | None
"""One partition day, or None for a snapshot."""


@dataclass(frozen=True, order=True)
class DayRange:
    """Partition days from ``first`` to ``last``, both included, as a person says "the 1st to the 7th".

    Parameters
    ----------
    first, last
        Partition days.

    Raises
    ------
    UsageError
        Where the range is reversed.
    """

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise UsageError(
                f"the range is reversed: from {self.first} to {self.last}",
                next_command=f"--from {self.last} --to {self.first}",
            )

    def __iter__(self) -> Iterator[dt.date]:
        for offset in range(len(self)):
            yield self.first + dt.timedelta(days=offset)

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: dt.date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"

    def reaching_back(self, days: int) -> DayRange:
        """Return the range that begins ``days`` days earlier."""
        return DayRange(self.first - dt.timedelta(days=days), self.last)

    @classmethod
    def parse(cls, date: str | None, first: str | None, last: str | None) -> DayRange | None:
        """Read the three options that name days.

        Parameters
        ----------
        date, first, last
            Texts of ``--date``, ``--from`` and ``--to``, or None where not given.

        Returns
        -------
        DayRange or None
            None where no option was given.

        Raises
        ------
        UsageError
            For a text that is no day, half a range, a reversed range, or both ways at once.
        """
        if date is not None:
            if first is not None or last is not None:
                raise UsageError("--date names one day, --from and --to a range: give one of the two")
            return cls(parse_day(date), parse_day(date))
        if first is None and last is None:
            return None
        if first is None or last is None:
            missing = "--from" if first is None else "--to"
            raise UsageError(
                f"a range needs both ends: {missing} is missing", next_command=f"{missing} YYYY-MM-DD"
            )
        return cls(parse_day(first), parse_day(last))


def parse_day(text: str) -> dt.date:
    """Read one partition day.

    Parameters
    ----------
    text
        ``YYYY-MM-DD``, nothing else: other spellings are ambiguous.

    Raises
    ------
    UsageError
        Where the text is no such day.
    """
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise UsageError(
            f"{text!r} is no day of the calendar",
            next_command="write it as YYYY-MM-DD, for example 2013-01-31",
        )
    return day


def partition_label(partition: Partition) -> str:
    """Return how a partition is written in keys and to people: the ISO day, or ``snapshot``."""
    return SNAPSHOT if partition is None else partition.isoformat()


def parse_partition(label: str) -> Partition:
    """Read what :func:`partition_label` wrote."""
    return None if label == SNAPSHOT else parse_day(label)
