"""Load everything that is declared, or tell everything that is wrong with it in one go."""

from __future__ import annotations

import gc
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from featuremart.catalog.digests import python_digest
from featuremart.catalog.findings import Findings
from featuremart.catalog.fingerprint import code_fingerprint, doc_fingerprint
from featuremart.catalog.model import Catalog, ModelSpec, Resources, TableSpec
from featuremart.catalog.packages import (
    INIT,
    judge_imports,
    model_folders,
    open_package,
    read_model,
    read_modules,
    refuse_missing_model,
)
from featuremart.catalog.sources import FOLDER as SOURCES
from featuremart.catalog.sources import load_sources, source_fingerprint
from featuremart.catalog.tables import Surroundings, read_table
from featuremart.errors import Problem, ProblemsFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from featuremart.authoring import FeatureTable
    from featuremart.catalog.model import SourceSpec
    from featuremart.catalog.modules import Module


def load(root: Path) -> Catalog:
    """Load the catalog of a repository, without importing anything of it.

    Parameters
    ----------
    root
        The repository's root.

    Returns
    -------
    Catalog
        All models and sources, with fingerprints.

    Raises
    ------
    ProblemsFound
        Where anything is wrong: every problem in one go, each with file, line, cause and what to write instead.
    """
    catalog, found = read(root)
    if found:
        raise ProblemsFound(found)
    return catalog


def problems(root: Path) -> list[Problem]:
    """Return everything that is wrong with what a repository declares, in order of files and lines."""
    return read(root)[1]


def read(root: Path) -> tuple[Catalog, list[Problem]]:
    """Load what can be loaded, and tell what is wrong with the rest.

    Parameters
    ----------
    root
        The repository's root.

    Returns
    -------
    tuple
        The catalog, to be trusted only where there are no problems; and the problems, sorted.
    """
    with _many_small_objects():
        sources, found = load_sources(root)
        broken = frozenset(path.stem for path in (root / SOURCES).glob("*.sql")) - sources.keys()
        unsound = {problem.where.file for problem in found}
        fingerprints = {
            name: source_fingerprint(source)
            for name, source in sources.items()
            if source.where.file not in unsound
        }
        folders, lying_about = model_folders(root)
        found += lying_about
        models: dict[str, ModelSpec] = {}
        for folder in folders:
            model, problems_of_model = _read_model(root, folder.name, sources, broken, fingerprints)
            found += problems_of_model
            models[model.name] = model
    return Catalog(models, sources, fingerprints), sorted(set(found))


def _read_model(
    root: Path,
    name: str,
    sources: Mapping[str, SourceSpec],
    broken: frozenset[str],
    fingerprints: Mapping[str, str],
) -> tuple[ModelSpec, list[Problem]]:
    package, found = open_package(root, name)
    init = Findings(f"{package.dotted.replace('.', '/')}/{INIT}")
    model = ModelSpec(name, init.where(0), owner="", predicts="", resources=Resources(), tables={})
    read_tables: list[tuple[Module, TableSpec, FeatureTable]] = []
    for module in read_modules(root, package, found):
        if module.name == package.dotted:
            model = read_model(module, init) or model
        elif package.holds_table(module):
            findings = Findings(module.file)
            table = read_table(module, Surroundings(model, sources, broken), findings)
            found += findings.problems
            if table is not None:
                read_tables.append((module, *table))
    if not (root / init.file).is_file():
        refuse_missing_model(name, init)
    found += init.problems + judge_imports(package)
    tables = {
        table.name: _with_fingerprints(
            table, python_digest(package, module, declared, table.features), model, sources, fingerprints
        )
        for module, table, declared in read_tables
    }
    return replace(model, tables=tables), found


def _with_fingerprints(
    table: TableSpec,
    python: str,
    model: ModelSpec,
    sources: Mapping[str, SourceSpec],
    fingerprints: Mapping[str, str],
) -> TableSpec:
    return replace(
        table,
        python_fingerprint=python,
        code_fingerprint=code_fingerprint(
            python, {name: fingerprints.get(name, "") for name in table.sources}
        ),
        doc_fingerprint=doc_fingerprint(table, model, sources),
    )


@contextmanager
def _many_small_objects() -> Iterator[None]:
    """Read syntax trees at full speed and in silence.

    A syntax tree is many small objects without cycles: looking for cycles among them doubles the time, and finds
    nothing. Python's warnings about the text of a module, such as a wrong escape, are the linter's to tell.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if enabled:
            gc.enable()
