"""Models: the packages under ``features/``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from featuremart.authoring.durations import parse_duration
from featuremart.catalog.declarations import make
from featuremart.catalog.docstrings import parse_docstring
from featuremart.catalog.findings import Findings
from featuremart.catalog.imports import check_imports, check_names
from featuremart.catalog.marks import marks_of
from featuremart.catalog.model import Docstring, ModelSpec, Resources
from featuremart.catalog.modules import FOLDER, Module, read_module
from featuremart.catalog.names import name_problem
from featuremart.catalog.purity import check_purity
from featuremart.catalog.requirements import Requirements, read_requirements
from featuremart.catalog.tables import find_declaration
from featuremart.errors import Problem, Where

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from featuremart.authoring import Model

INIT = "__init__.py"


@dataclass
class Package:
    """The files of one model.

    Parameters
    ----------
    name
        The model's name.
    modules
        Dotted name -> module, as far as the files are Python.
    requirements
        What its requirement files say.
    """

    name: str
    modules: dict[str, Module] = field(default_factory=dict)
    requirements: Requirements = field(default_factory=lambda: Requirements(""))

    @property
    def dotted(self) -> str:
        """Return ``features.<model>``."""
        return f"{FOLDER}.{self.name}"

    @property
    def public(self) -> list[Module]:
        """Return the modules that are feature tables, or are meant to be."""
        depth = self.dotted.count(".") + 1
        return [
            module
            for module in self.modules.values()
            if module.name.count(".") == depth and not module.is_package and not module.is_private
        ]


def model_folders(root: Path) -> tuple[list[Path], list[Problem]]:
    """Find the models of a repository.

    Parameters
    ----------
    root
        The repository's root.

    Returns
    -------
    tuple
        Their folders in order of names, and what else lies about under ``features/``.
    """
    folder = root / FOLDER
    problems = [
        Problem(
            Where(f"{FOLDER}/{path.name}"),
            "a module of features belongs to a model",
            f"move it to {FOLDER}/<model>/{path.name}",
        )
        for path in sorted(folder.glob("*.py"))
        if path.name != INIT
    ]
    folders = [path for path in sorted(folder.glob("*")) if path.is_dir() and path.name[0] not in "._"]
    return [path for path in folders if any(path.glob("*.py"))], problems


def read_package(root: Path, name: str) -> tuple[Package, list[Problem]]:
    """Read the files of a model, and judge what needs nothing but the file: its form, its names, its purity.

    Parameters
    ----------
    root
        The repository's root.
    name
        The model's name.

    Returns
    -------
    tuple
        The files, and what is wrong with each.
    """
    folder = root / FOLDER / name
    requirements, problems = read_requirements(folder, shown=f"{FOLDER}/{name}")
    package = Package(name, requirements=requirements)
    for path in _files(folder):
        parts = path.relative_to(root).with_suffix("").parts
        dotted = ".".join(parts[:-1] if path.name == INIT else parts)
        module, found = read_module(path, name=dotted, file=path.relative_to(root).as_posix())
        problems += found
        if module is not None:
            package.modules[dotted] = module
            problems += _judged_alone(module)
            module.forget_bodies()
    return package, problems


def _judged_alone(module: Module) -> list[Problem]:
    findings = Findings(module.file)
    check_names(module, findings)
    check_purity(module, findings)
    return findings.problems


def _files(folder: Path) -> Iterator[Path]:
    """Yield the Python files of a model: its modules, and those of its private packages."""
    yield from sorted(folder.glob("*.py"))
    for below in sorted(folder.glob("*/")):
        if below.is_dir() and below.name != "__pycache__" and not below.name.startswith("."):
            yield from _files(below)


def read_model(package: Package, findings: Findings) -> ModelSpec | None:
    """Read ``model = Model(...)`` of a package.

    Parameters
    ----------
    package
        The model's files.
    findings
        Of its ``__init__.py``; collects what is wrong.

    Returns
    -------
    ModelSpec or None
        Without tables; None where it is not declared, or wrongly.
    """
    wrong = name_problem(package.name, what="a model")
    if wrong is not None:
        findings.add(0, *wrong)
    module = package.modules.get(package.dotted)
    call = find_declaration(module, "Model", findings) if module is not None else None
    if module is None or call is None:
        instead = 'write model = Model(owner="team@example.com", predicts="...")'
        findings.add(0, f"the package {package.name} has no model = Model(...)", instead)
        return None
    for function in module.functions:
        if not function.name.startswith("_"):
            message = f"{function.name} stands in the package's {INIT}, which is no feature table"
            findings.add(function.lineno, message, f"move it into a module of {FOLDER}/{package.name}/")
    doc = Docstring("")
    if module.doc is not None:
        doc = parse_docstring(*module.doc, findings)
    made = make(call, module, findings)
    if made is None:
        return None
    declared: Model = made.made
    return ModelSpec(
        name=package.name,
        where=findings.where(call.lineno),
        owner=declared.owner,
        predicts=declared.predicts,
        resources=Resources(declared.cpu, declared.memory, declared.spot, parse_duration(declared.deadline)),
        tables={},
        doc=doc,
    )


def judge_modules(package: Package) -> list[Problem]:
    """Find what the modules of a model import that their worker has not got, and what stands in a wrong one."""
    problems: list[Problem] = []
    tables = package.public
    for module in package.modules.values():
        findings = Findings(module.file)
        check_imports(module, package.modules, package.requirements, findings)
        is_table = module in tables
        _check_place(module, package, findings, is_table=is_table)
        for function in module.functions:
            if not is_table or function.name.startswith("_"):
                for mark in marks_of(function, module):
                    message = f"{function.name} is no feature: nothing enforces what stands above it"
                    findings.add(mark.lineno, message, "move it above a feature, or leave it out")
        problems += findings.problems
    return problems


def _check_place(module: Module, package: Package, findings: Findings, *, is_table: bool) -> None:
    folder = f"{FOLDER}/{package.name}"
    is_model = module.name == package.dotted
    for called, _, call in module.calls:
        if called == "Model" and not is_model:
            findings.add(call.lineno, "a Model is declared by its package", f"move it to {folder}/{INIT}")
        if called == "FeatureTable" and (is_model or module.is_private):
            message = "a FeatureTable is declared by a module of its model, and this one is none"
            findings.add(call.lineno, message, f"move it to {folder}/<table>.py")
    if not is_model and not module.is_private and not is_table:
        message = "a table is a module of its model, not of a package in it"
        findings.add(0, message, f"move it to {folder}/, or begin the package's name with _")
