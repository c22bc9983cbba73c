"""Fingerprints: what made an output, in 64 hexadecimal digits.

``python_fingerprint``  of the part of a table's code that its worker image holds
``code_fingerprint``    that, and the SQL and declared configuration of its sources
``output_fingerprint``  that, one partition, and the content of its inputs
``raw_fingerprint``     of a source's code, one partition, and the version of the warehouse
``doc_fingerprint``     of a table's texts

Equal fingerprints mean equal values, so what may change a value is in them: functions, the helpers, constants and
imports that they reach, checks, the declaration, locked requirements, the engine. What may not is left out: layout,
comments, docstrings, the order of functions, rejected features, owners, sizes.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from featuremart.authoring.durations import parse_duration
from featuremart.authoring.tables import Window
from featuremart.catalog.reach import reached
from featuremart.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from featuremart.authoring import FeatureTable
    from featuremart.catalog.model import Check, ModelSpec, SourceSpec, TableSpec
    from featuremart.catalog.modules import Module
    from featuremart.catalog.packages import Package

ENGINE_VERSION = 1
"""Raised when the worker computes other values, or writes them otherwise, from the same functions and rows."""


def python_fingerprint(root: Path, model: str, table: str) -> str:
    """Return the fingerprint of a table's Python code as it stands in a folder.

    The worker asks this of its image, which holds ``features/<model>`` but no sources, and compares the answer
    with the :attr:`~featuremart.catalog.model.TableSpec.python_fingerprint` of the plan.

    Parameters
    ----------
    root
        The folder that ``features`` stands in.
    model, table
        Names.

    Raises
    ------
    UsageError
        Where the folder has no such table, or one that cannot be read.
    """
    from featuremart.catalog.declarations import make
    from featuremart.catalog.features import feature_functions
    from featuremart.catalog.findings import Findings
    from featuremart.catalog.marks import read_marks
    from featuremart.catalog.packages import read_package
    from featuremart.catalog.tables import find_declaration

    package, problems = read_package(root, model)
    module = package.modules.get(f"{package.dotted}.{table}")
    if module is None:
        cause = str(problems[0]) if problems else did_you_mean(table, [one.stem for one in package.public])
        raise UsageError(f"no feature table {model}.{table} in {root}: {cause}", next_command="mart images")
    findings = Findings(module.file)
    call = find_declaration(module, "FeatureTable", findings)
    declared = make(call, module, findings) if call is not None else None
    marks = {one.name: read_marks(one, module, findings) for one in feature_functions(module)}
    if declared is None or findings.problems:
        cause = str(findings.problems[0]) if findings.problems else "no table = FeatureTable(...)"
        raise UsageError(
            f"the feature table {model}.{table} in {root} is wrong: {cause}", next_command="mart check"
        )
    checks = {name: check for name, (check, rejected) in marks.items() if rejected is None}
    return python_digest(package, module, declared.made, checks)


def python_digest(
    package: Package, module: Module, declared: FeatureTable, checks: Mapping[str, Check]
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
    checks
        Check of each computed feature, by name.
    """
    return _digest(
        {
            "engine": ENGINE_VERSION,
            "declaration": _declaration(declared),
            "checks": {name: _check(check) for name, check in checks.items()},
            "code": reached(package.modules, module, checks),
            "requirements": package.requirements.locked,
        }
    )


def code_fingerprint(python: str, sources: Mapping[str, str]) -> str:
    """Return the fingerprint of everything that decides a table's values but data.

    Parameters
    ----------
    python
        Fingerprint of its Python code.
    sources
        Code fingerprint of each source that it reads, by name.
    """
    return _digest({"python": python, "sources": dict(sources)})


def output_fingerprint(code: str, partition: str, inputs: Mapping[str, str]) -> str:
    """Return the fingerprint of one partition of a table.

    Parameters
    ----------
    code
        The table's code fingerprint.
    partition
        ISO day or ``snapshot``.
    inputs
        Which input -> content checksum of its rows.
    """
    return _digest({"code": code, "partition": partition, "inputs": dict(inputs)})


def raw_fingerprint(code: str, partition: str, input_version: str) -> str:
    """Return the fingerprint of one extracted partition of a source.

    Parameters
    ----------
    code
        The source's code fingerprint.
    partition
        ISO day or ``snapshot``.
    input_version
        Version of what the query reads, for example its tables' last-modified times.
    """
    return _digest({"code": code, "partition": partition, "version": input_version})


def doc_fingerprint(table: TableSpec, model: ModelSpec, sources: Mapping[str, SourceSpec]) -> str:
    """Return the fingerprint of the texts that a table's descriptions are made of.

    Parameters
    ----------
    table
        The table.
    model
        Its model.
    sources
        All sources: the keys and the event time are described by their own columns.
    """
    source = sources[table.source]
    about = {column.name: column.about for column in source.columns}
    features = [
        [feature.name, feature.doc.summary, feature.doc.body, feature.doc.sections, feature.rejected]
        for feature in sorted(table.features, key=lambda feature: feature.name)
    ]
    columns = [*table.keys, *([table.event_time] if table.event_time else [])]
    return _digest(
        {
            "table": [table.doc.summary, table.doc.body, table.doc.sections],
            "features": features,
            "columns": {name: about.get(name, "") for name in columns},
            "owner": table.owner,
            "predicts": model.predicts,
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


def _digest(document: Mapping[str, Any] | Iterable[Any]) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
