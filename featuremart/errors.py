"""What can go wrong, as one small tree: the class says who must act, the fields say what to do.

``MartError``
    ├── ``UsageError``      the command or the configuration is wrong (exit code 2)
    ├── ``WorkFailed``      the work was done and failed for good (exit code 1)
    └── ``TransientError``  the same work may succeed when tried again (exit code 75, as in sysexits.h)
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_TRANSIENT = 75


@dataclass(frozen=True, order=True)
class Where:
    """A place in a file of the repository.

    Parameters
    ----------
    file
        Path relative to the repository's root, with forward slashes.
    line
        First line is 1; 0 where only the file is known.
    """

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class MartError(Exception):
    """An error that a person can act on.

    Parameters
    ----------
    message
        What went wrong and why, in one sentence.
    where
        The file and line it stands in, if it stands in one.
    next_command
        What to type or to write next.
    """

    exit_code: ClassVar[int] = EXIT_FAILED

    def __init__(self, message: str, *, where: Where | None = None, next_command: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.next_command = next_command

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  next: {self.next_command}" if self.next_command else text


class UsageError(MartError):
    """The command line or the configuration is wrong: nothing was started."""

    exit_code = EXIT_USAGE


class WorkFailed(MartError):
    """The work was tried and failed for good: a retry without a change would fail again."""

    exit_code = EXIT_FAILED


class TransientError(MartError):
    """Something outside was not there for a moment: the same work may succeed when tried again."""

    exit_code = EXIT_TRANSIENT


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with the repository, as ``mart check`` lists it.

    Parameters
    ----------
    where
        File and line.
    message
        The cause.
    instead
        What to write or to type instead.
    """

    where: Where
    message: str
    instead: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" + (f"\n    {self.instead}" if self.instead else "")


class ProblemsFound(UsageError):
    """Every problem that was found in one go.

    Parameters
    ----------
    problems
        At least one; they are shown sorted by file and line.
    next_command
        What to type once they are mended.
    """

    def __init__(self, problems: Iterable[Problem], *, next_command: str = "mart check") -> None:
        self.problems = tuple(sorted(problems))
        lines = "\n".join(str(problem) for problem in self.problems)
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count > 1 else ''}\n{lines}", next_command=next_command)


def did_you_mean(name: str, names: Iterable[str], *, most: int = 3) -> str:
    """Tell the names nearest to a mistyped one.

    Parameters
    ----------
    name
        What was written.
    names
        What could have been meant.
    most
        How many to show at the most.

    Returns
    -------
    str
        ``"did you mean a, b?"``, or the first known names where none is near, or ``""`` for no names.
    """
    known = sorted(set(names))
    near = get_close_matches(name, known, n=most, cutoff=0.6)
    if near:
        return f"did you mean {', '.join(near)}?"
    if not known:
        return ""
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return f"known: {', '.join(known[:most])}{more}"
