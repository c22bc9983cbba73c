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

from typing import TYPE_CHECKING

from featuremart.catalog.digests import digest, python_digest
from featuremart.catalog.features import read_features
from featuremart.catalog.findings import Findings
from featuremart.catalog.packages import open_package, read_modules
from featuremart.catalog.parameters import Nameable
from featuremart.catalog.tables import read_declaration
from featuremart.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from featuremart.authoring import FeatureTable
    from featuremart.catalog.model import FeatureSpec, ModelSpec, SourceSpec, TableSpec
    from featuremart.catalog.modules import Module


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
    package, problems = open_package(root, model)
    read: tuple[FeatureTable, tuple[FeatureSpec, ...]] | None = None
    for module in read_modules(root, package, problems):
        if package.holds_table(module) and module.stem == table:
            read = _read_table(module)
    if read is None:
        hint = did_you_mean(table, package.tables) or "the folder has no features of this model"
        cause = str(problems[0]) if problems else hint
        raise UsageError(f"no feature table {model}.{table} in {root}: {cause}", next_command="mart images")
    return python_digest(package, package.modules[f"{package.dotted}.{table}"], *read)


def _read_table(module: Module) -> tuple[FeatureTable, tuple[FeatureSpec, ...]]:
    """Read declaration and features of a table, or raise the first thing that is wrong with them."""
    findings = Findings(module.file)
    declared = read_declaration(module, findings)
    # without sources a parameter cannot be judged, and need not be: its name is part of its function
    features = read_features(module, Nameable(is_whole=False), {}, findings)
    if declared is None or findings.problems:
        cause = str(findings.problems[0]) if findings.problems else "no table = FeatureTable(...)"
        raise UsageError(f"the feature table {module.name} is wrong: {cause}", next_command="mart check")
    return declared, features


def code_fingerprint(python: str, sources: Mapping[str, str]) -> str:
    """Return the fingerprint of everything that decides a table's values but data.

    Parameters
    ----------
    python
        Fingerprint of its Python code.
    sources
        Code fingerprint of each source that it reads, by name.
    """
    return digest({"python": python, "sources": dict(sources)})


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
    return digest({"code": code, "partition": partition, "inputs": dict(inputs)})


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
    return digest({"code": code, "partition": partition, "version": input_version})


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
    return digest(
        {
            "table": [table.doc.summary, table.doc.body, table.doc.sections],
            "features": features,
            "columns": {name: about.get(name, "") for name in columns},
            "owner": table.owner,
            "predicts": model.predicts,
        }
    )
