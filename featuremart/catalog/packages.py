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

    def holds_table(self, module: Module) -> bool:
        """Tell whether a module of the model is a feature table, or is meant to be one."""
        depth = self.dotted.count(".") + 1
        return module.name.count(".") == depth and not module.is_package and not module.is_private

    @property
    def tables(self) -> list[str]:
        """Return the names of the modules that are feature tables, or are meant to be."""
        return [module.stem for module in self.modules.values() if self.holds_table(module)]


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


def open_package(root: Path, name: str) -> tuple[Package, list[Problem]]:
    """Return a model without its modules, and what is wrong with its requirement files.

    Parameters
    ----------
    root
        The repository's root.
    name
        The model's name.
    """
    requirements, problems = read_requirements(root / FOLDER / name, shown=f"{FOLDER}/{name}")
    return Package(name, requirements=requirements), problems


def read_modules(root: Path, package: Package, problems: list[Problem]) -> Iterator[Module]:
    """Read the modules of a model one by one, the package's own first, and judge what needs nothing but the file.

    The reader of one is done with its syntax tree when it asks for the next: then the tree is let go, while it is
    still in the processor's cache. Trees are most of the memory, and a catalog is many files.

    Parameters
    ----------
    root
        The repository's root.
    package
        Where they are kept.
    problems
        Collects what is wrong with them.
    """
    for path in _files(root / FOLDER / package.name):
        parts = path.relative_to(root).with_suffix("").parts
        dotted = ".".join(parts[:-1] if path.name == INIT else parts)
        module, found = read_module(path, name=dotted, file=path.relative_to(root).as_posix())
        problems += found
        if module is not None:
            package.modules[dotted] = module
            findings = Findings(module.file)
            check_names(module, findings)
            check_purity(module, findings)
            _check_place(module, package, findings)
            problems += findings.problems
            yield module
            module.forget_trees()


def _files(folder: Path) -> Iterator[Path]:
    """Yield the Python files of a model: its modules, and those of its private packages."""
    yield from sorted(folder.glob("*.py"), key=lambda path: (path.name != INIT, path.name))
    for below in sorted(folder.glob("*/")):
        if below.is_dir() and below.name != "__pycache__" and not below.name.startswith("."):
            yield from _files(below)


def read_model(module: Module, findings: Findings) -> ModelSpec | None:
    """Read ``model = Model(...)`` of a package.

    Parameters
    ----------
    module
        Its ``__init__.py``.
    findings
        Collects what is wrong.

    Returns
    -------
    ModelSpec or None
        Without tables; None where it is not declared, or wrongly.
    """
    wrong = name_problem(module.stem, what="a model")
    if wrong is not None:
        findings.add(0, *wrong)
    call = find_declaration(module, "Model", findings)
    if call is None:
        refuse_missing_model(module.stem, findings)
        return None
    for function in module.functions:
        if not function.name.startswith("_"):
            message = f"{function.name} stands in the package's {INIT}, which is no feature table"
            findings.add(function.lineno, message, f"move it into a module of {FOLDER}/{module.stem}/")
    doc = Docstring("")
    if module.doc is not None:
        doc = parse_docstring(*module.doc, findings)
    made = make(call, module, findings)
    if made is None:
        return None
    declared: Model = made.made
    return ModelSpec(
        name=module.stem,
        where=findings.where(call.lineno),
        owner=declared.owner,
        predicts=declared.predicts,
        resources=Resources(declared.cpu, declared.memory, declared.spot, parse_duration(declared.deadline)),
        tables={},
        doc=doc,
    )


def refuse_missing_model(name: str, findings: Findings) -> None:
    """Find that a package does not declare its model."""
    instead = 'write model = Model(owner="team@example.com", predicts="...")'
    findings.add(0, f"the package {name} has no model = Model(...)", instead)


def judge_imports(package: Package) -> list[Problem]:
    """Find what the modules of a model import that its worker has not got; all of them must be read."""
    problems: list[Problem] = []
    for module in package.modules.values():
        findings = Findings(module.file)
        check_imports(module, package.modules, package.requirements, findings)
        problems += findings.problems
    return problems


def _check_place(module: Module, package: Package, findings: Findings) -> None:
    """Find what stands in a module of the wrong kind."""
    folder = f"{FOLDER}/{package.name}"
    is_model, is_table = module.name == package.dotted, package.holds_table(module)
    for called, _, call in module.calls:
        if called == "Model" and not is_model:
            findings.add(call.lineno, "a Model is declared by its package", f"move it to {folder}/{INIT}")
        if called == "FeatureTable" and (is_model or module.is_private):
            message = "a FeatureTable is declared by a module of its model, and this one is none"
            findings.add(call.lineno, message, f"move it to {folder}/<table>.py")
    if not is_model and not module.is_private and not is_table:
        message = "a table is a module of its model, not of a package in it"
        findings.add(0, message, f"move it to {folder}/, or begin the package's name with _")
    for function in module.functions:
        if not is_table or function.name.startswith("_"):
            for mark in marks_of(function, module):
                message = f"{function.name} is no feature: nothing enforces what stands above it"
                findings.add(mark.lineno, message, "move it above a feature, or leave it out")
