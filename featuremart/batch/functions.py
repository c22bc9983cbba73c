"""The author's functions: imported, held to the plan, called, and blamed by line where they raise."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featuremart.batch.failures import failed
from featuremart.errors import UsageError, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from featuremart.catalog.model import FeatureSpec, TableSpec


def check_code(table: TableSpec) -> None:
    """Make sure that the code at hand is the code that the plan was made for.

    Parameters
    ----------
    table
        As planned.

    Raises
    ------
    UsageError
        Where it is not: the image was built from another revision.
    """
    from featuremart.catalog.fingerprint import python_fingerprint

    found = python_fingerprint(_root(table), table.model, table.name)
    if found != table.python_fingerprint:
        raise UsageError(
            f"the worker's {table.id} is not the code that was planned "
            f"(fingerprint {found[:12]}, planned {table.python_fingerprint[:12] or 'none'})",
            where=table.where,
            next_command="mart images",
        )


def _root(table: TableSpec) -> Path:
    """Return the folder that the package ``features`` stands in."""
    package = table.module.partition(".")[0]
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise UsageError(
            f"the worker finds no package {package} in {Path.cwd()} or PYTHONPATH", next_command="mart images"
        )
    return Path(folders[0]).parent


def load_functions(table: TableSpec) -> dict[str, Callable[..., Any]]:
    """Import a table's module and return its feature functions by name.

    Raises
    ------
    UsageError
        Where the module cannot be imported or lacks a feature: the image is not the one the plan was made for.
    """
    try:
        module = importlib.import_module(table.module)
    except Exception as error:
        where = failing_line(error.__traceback__, table) or table.where
        raise UsageError(
            f"{table.module} cannot be imported: {type(error).__name__}: {error}",
            where=where,
            next_command=f"mend it, or name what it needs in features/{table.model}/requirements.in, then mart images",
        ) from error
    absent = [feature.name for feature in table.computed if not callable(getattr(module, feature.name, None))]
    if absent:
        raise UsageError(
            f"the worker's {table.module} has no feature {absent[0]}: its image is older than the plan",
            where=table.where,
            next_command="mart images",
        )
    return {
        feature.name: getattr(module, feature.name)
        for feature in table.features
        if hasattr(module, feature.name)
    }


def call(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    table: TableSpec,
    feature: FeatureSpec,
    label: str,
) -> Any:
    """Call a feature function.

    Raises
    ------
    WorkFailed
        Where it raises: with the author's line that did, the exception, and the partition.
    """
    try:
        return function(**arguments)
    except MemoryError:
        raise
    except Exception as error:
        text = "".join(traceback.format_exception_only(error)).strip().partition("\n")[0]
        raise failed(
            table,
            label,
            f"it raised {text[:300]}",
            feature=feature,
            where=failing_line(error.__traceback__, table),
        ) from error


def failing_line(trace: TracebackType | None, table: TableSpec) -> Where | None:
    """Return the innermost line of the author's own package in a traceback, None where there is none.

    Parameters
    ----------
    trace
        Of the exception.
    table
        Whose functions were running.
    """
    package = table.module.partition(".")[0]
    loaded = sys.modules.get(package)
    roots = {str(Path(path).resolve()) for path in getattr(loaded, "__path__", ())}
    found = None
    for frame, line in traceback.walk_tb(trace):
        file = Path(frame.f_code.co_filename)
        for root in roots:
            if file.is_absolute() and file.is_relative_to(root):
                found = Where(f"{package}/{file.relative_to(root).as_posix()}", line)
    return found
