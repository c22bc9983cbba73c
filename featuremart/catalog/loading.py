"""Load everything that is declared, or tell everything that is wrong with it in one go."""

from __future__ import annotations

import gc
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from featuremart.catalog.findings import Findings
from featuremart.catalog.fingerprint import code_fingerprint, doc_fingerprint
from featuremart.catalog.model import Catalog, ModelSpec, Resources, TableSpec
from featuremart.catalog.packages import INIT, judge_modules, model_folders, read_model, read_package
from featuremart.catalog.sources import FOLDER as SOURCES
from featuremart.catalog.sources import load_sources, source_fingerprint
from featuremart.catalog.tables import Surroundings, read_table
from featuremart.errors import Problem, ProblemsFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from featuremart.catalog.model import SourceSpec


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
    package, found = read_package(root, name)
    findings = Findings(f"features/{name}/{INIT}")
    unreadable = any(problem.where.file == findings.file for problem in found)
    model = read_model(package, findings) if not unreadable else None
    found += findings.problems + judge_modules(package)
    if model is None:
        model = ModelSpec(name, findings.where(0), owner="", predicts="", resources=Resources(), tables={})
    around = Surroundings(model, package, sources, broken)
    tables: dict[str, TableSpec] = {}
    for module in package.public:
        findings = Findings(module.file)
        table = read_table(module, around, findings)
        found += findings.problems
        if table is not None:
            tables[table.name] = _with_fingerprints(table, model, sources, fingerprints)
    return replace(model, tables=tables), found


def _with_fingerprints(
    table: TableSpec, model: ModelSpec, sources: Mapping[str, SourceSpec], fingerprints: Mapping[str, str]
) -> TableSpec:
    read_here = {name: fingerprints.get(name, "") for name in table.sources}
    return replace(
        table,
        code_fingerprint=code_fingerprint(table.python_fingerprint, read_here),
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
