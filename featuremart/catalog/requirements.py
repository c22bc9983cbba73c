"""What a model's own requirement files say: ``requirements.in`` by hand, ``requirements.txt`` locked from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from featuremart.catalog.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from featuremart.errors import Problem

DECLARED = "requirements.in"
LOCKED = "requirements.txt"

_DISTRIBUTION = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;@,( ].*)?"
)
_IMPORT_COMMENT = re.compile(r"#\s*import:\s*([A-Za-z_][\w.]*(?:\s*,\s*[A-Za-z_][\w.]*)*)")
_COMMENT = re.compile(r"(^|\s)#.*")
_IMPORTED_AS = {
    "beautifulsoup4": "bs4",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "python-dateutil": "dateutil",
    "pyyaml": "yaml",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
}
"""The distributions that people most often need and that are not imported by their own name."""


@dataclass(frozen=True)
class Requirements:
    """What a model needs beside pandas and numpy.

    Parameters
    ----------
    file
        Path of ``requirements.in``, to show.
    imports
        Name to import -> distribution that provides it.
    locked
        Lines of ``requirements.txt`` without comments, sorted.
    """

    file: str
    imports: dict[str, str] = field(default_factory=dict)
    locked: tuple[str, ...] = ()


def read_requirements(folder: Path, *, shown: str) -> tuple[Requirements, list[Problem]]:
    """Read the requirement files of a model.

    A distribution is imported by its own name with dashes as underscores. Where that is not so, a comment behind
    it says the name: ``python-geohash  # import: geohash``. What happens to be installed on this machine
    decides nothing: a model that loads here loads everywhere.

    Parameters
    ----------
    folder
        The model's folder.
    shown
        Its path to show.

    Returns
    -------
    tuple
        The requirements, and what is wrong with the files.
    """
    findings = Findings(f"{shown}/{DECLARED}")
    declared = list(_declared(_text(folder / DECLARED)))
    locked = tuple(sorted(_locked(_text(folder / LOCKED))))
    imports: dict[str, str] = {}
    for _, distribution, names in declared:
        for name in names:
            imports.setdefault(name, distribution)
    pinned = {match[1] for line in locked if (match := re.match(r"([a-z0-9-]+)", _normal(line)))}
    for line, distribution, _ in declared:
        if distribution not in pinned:
            findings.add(line, f"{distribution} is not locked in {LOCKED}", "run make lock")
    return Requirements(findings.file, imports, locked), findings.problems


def imports_of(distribution: str) -> list[str]:
    """Return the names that a distribution is imported by, where its line says no other."""
    name = _normal(distribution)
    return [_IMPORTED_AS.get(name, name.replace("-", "_"))]


def distribution_of(name: str) -> str:
    """Return the distribution that provides a name to import, as far as this machine knows: for a message."""
    from importlib.metadata import packages_distributions

    known = (distribution for distribution, imported in _IMPORTED_AS.items() if imported == name)
    return next(known, None) or next(iter(packages_distributions().get(name, ())), name)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _declared(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield line, normal name of the distribution, and the names to import it by."""
    for number, line in enumerate(text.splitlines(), start=1):
        match = _DISTRIBUTION.fullmatch(_COMMENT.sub("", line).strip())
        if match is None:
            continue  # empty, a comment, or an option of pip
        name = _normal(match[1])
        said = _IMPORT_COMMENT.search(line)
        if said is not None:
            yield number, name, [one.strip() for one in said[1].split(",")]
        else:
            yield number, name, imports_of(name)


def _locked(text: str) -> Iterator[str]:
    """Yield requirements, each with its options on one line."""
    for line in text.replace("\\\n", " ").splitlines():
        words = _COMMENT.sub("", line).split()
        if words:
            yield " ".join(words)


def _normal(name: str) -> str:
    """Return a distribution's name as the package index compares them."""
    return re.sub(r"[-_.]+", "-", name).lower()
