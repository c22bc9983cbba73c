"""Everything that is wrong with a file, collected in one go."""

from __future__ import annotations

from dataclasses import dataclass, field

from featuremart.errors import Problem, Where


@dataclass
class Findings:
    """Collects what is wrong with one file.

    Parameters
    ----------
    file
        The file's path, relative to the repository's root.
    problems
        What was found so far.
    """

    file: str
    problems: list[Problem] = field(default_factory=list)

    def where(self, line: int) -> Where:
        """Return a place in the file."""
        return Where(self.file, line)

    def add(self, line: int, message: str, instead: str = "") -> None:
        """Remember one problem."""
        self.problems.append(Problem(self.where(line), message, instead))
