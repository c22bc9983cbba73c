"""Which names columns, sources, models and tables may have: the same rule wherever one is made or read."""

from __future__ import annotations

import keyword
import re

from featuremart.catalog.googlesql import RESERVED
from featuremart.lake.columns import AVAILABLE_AT, PARTITION_COLUMN

RESERVED_COLUMNS = frozenset({AVAILABLE_AT.name, PARTITION_COLUMN.name})
"""Columns that the framework itself makes."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST = 128


def name_problem(name: str, *, what: str) -> tuple[str, str] | None:
    """Tell what is wrong with a name.

    A name has to do as an identifier of Python and of BigQuery, unquoted, and as a part of others: two
    underscores join a model to its table and a looked-up source to its column.

    Parameters
    ----------
    name
        The name.
    what
        What bears it, with its article: ``a source``.

    Returns
    -------
    tuple of str, or None
        The cause and what to write instead.
    """
    if not _NAME.fullmatch(name):
        fitting = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip(
            "_0123456789"
        )
        instead = f"write it as {fitting}" if fitting else "begin with a letter"
        return f"{what} cannot be called {name!r}: lower-case letters, digits and underscores only", instead
    if "__" in name:
        instead = f"write it as {re.sub('__+', '_', name)}"
        return f"{what} cannot be called {name!r}: two underscores join two names", instead
    if len(name) > _LONGEST:
        return f"{what} cannot have a name of {len(name)} characters", f"{_LONGEST} are enough"
    if keyword.iskeyword(name):
        return (
            f"{what} cannot be called {name!r}: it is a word of Python",
            f"write it as {name}_code or the like",
        )
    if name.upper() in RESERVED:
        return (
            f"{what} cannot be called {name!r}: it is a word of SQL",
            f"write it as {name}_code or the like",
        )
    return None
