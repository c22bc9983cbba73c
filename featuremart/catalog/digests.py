"""The digest of a table's Python code: all that its module says about its values, and what that reaches."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from featuremart.authoring.durations import parse_duration
from featuremart.authoring.tables import Window
from featuremart.catalog.reach import reached

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from featuremart.authoring import FeatureTable
    from featuremart.catalog.model import Check, FeatureSpec
    from featuremart.catalog.modules import Module
    from featuremart.catalog.packages import Package

ENGINE_VERSION = 1
"""Raised when the worker computes other values, or writes them otherwise, from the same functions and rows."""


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a JSON document, the same for every order of its keys."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def python_digest(
    package: Package, module: Module, declared: FeatureTable, features: Iterable[FeatureSpec]
) -> str:
    """Return the fingerprint of a table's Python code.

    Parameters
    ----------
    package
        The model's files.
    module
        The table's module.
    declared
        Its declaration.
    features
        Its features; the rejected ones do not count.
    """
    computed = {feature.name: feature for feature in features if feature.rejected is None}
    return digest(
        {
            "engine": ENGINE_VERSION,
            "declaration": _declaration(declared),
            "features": {name: [feature.type, *_check(feature.check)] for name, feature in computed.items()},
            "code": reached(package.modules, module, computed),
            "requirements": package.requirements.locked,
        }
    )


def _declaration(declared: FeatureTable) -> dict[str, Any]:
    """Return what a declaration says about values: neither the owner nor sizes."""
    return {
        "kind": type(declared.source).__name__,
        "source": declared.source_name,
        "days": declared.source.days if isinstance(declared.source, Window) else None,
        "keys": list(declared.keys),
        "event_time": declared.event_time,
        "lookups": {
            name: {"on": list(as_of.on), "tolerance": _seconds(as_of.tolerance)}
            for name, as_of in declared.lookups.items()
        },
        "delay": _seconds(declared.delay) if declared.delay else 0,
        "min_rows": declared.min_rows,
    }


def _seconds(duration: str) -> float:
    return parse_duration(duration).total_seconds()


def _check(check: Check) -> list[Any]:
    allowed = None if check.isin is None else sorted(map(repr, check.isin))
    return [check.between, check.nulls, check.unique, allowed, check.matches]
