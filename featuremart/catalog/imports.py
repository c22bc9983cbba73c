"""What a module under ``features/`` may import: what the worker image of its model certainly has."""

from __future__ import annotations

import ast
import builtins
import sys
from typing import TYPE_CHECKING

from featuremart.catalog.modules import AUTHORING_MODULES, AUTHORING_NAMES, FOLDER, names_of_package
from featuremart.catalog.purity import forbidden
from featuremart.catalog.requirements import distribution_of, imports_of
from featuremart.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from featuremart.catalog.findings import Findings
    from featuremart.catalog.modules import Imported, Module
    from featuremart.catalog.requirements import Requirements

PYTHON_NAMES = frozenset({*vars(builtins), "__name__", "__doc__"})
"""Names that every module has."""

ALWAYS = frozenset({"numpy", "pandas"})
"""What every worker image has, beside the standard library."""


def check_imports(
    module: Module, modules: Mapping[str, Module], requirements: Requirements, findings: Findings
) -> None:
    """Find the imports of a module that its worker image would not have, or that a pure feature has no use for.

    Parameters
    ----------
    module
        The module.
    modules
        All modules of its model, by dotted name.
    requirements
        What the model's own requirement file declares.
    findings
        Collects what is refused.
    """
    for imported in module.imports:
        for message, instead in _refusals(imported, module, modules, requirements):
            findings.add(imported.line, message, instead)
    for bindings in module.bindings.values():
        for binding in bindings:
            if binding.imported is None:
                for node in binding.syntax.noted:
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        message = "an import within a function is easily overlooked"
                        findings.add(node.lineno, message, "write it at the top of the module")


def check_names(module: Module, findings: Findings) -> None:
    """Find names that are neither defined nor imported: an import that was forgotten, or a mistyped helper.

    Parameters
    ----------
    module
        The module.
    findings
        Collects them.
    """
    defined = module.bindings.keys() | PYTHON_NAMES
    for bindings in module.bindings.values():
        for binding in bindings:
            for name in sorted(binding.syntax.names - defined):
                line = _line_of_use(binding.node, name)
                if name in AUTHORING_NAMES:
                    instead = f"add it to: from featuremart import {name}"
                else:
                    instead = did_you_mean(name, module.bindings)
                findings.add(line, f"{name} is neither defined nor imported", instead)


def _line_of_use(statement: ast.stmt, name: str) -> int:
    uses = (node.lineno for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id == name)
    return min(uses, default=statement.lineno)


def _refusals(
    imported: Imported, module: Module, modules: Mapping[str, Module], requirements: Requirements
) -> Iterator[tuple[str, str]]:
    root = imported.module.partition(".")[0]
    if imported.path.endswith(".*"):
        yield (
            "import * hides which names come from where",
            f"name what you take: from {imported.module} import ...",
        )
    elif root == FOLDER:
        yield from _own(imported, module, modules)
    elif root == "featuremart":
        parent, _, name = imported.path.rpartition(".")
        if imported.path not in AUTHORING_MODULES and not (
            parent in AUTHORING_MODULES and name in AUTHORING_NAMES
        ):
            cause = f"{imported.path} is no authoring name: the rest of featuremart is not for features"
            yield cause, f"import from featuremart one of {', '.join(sorted(AUTHORING_NAMES))}"
    elif (reason := forbidden(imported.path)) is not None:
        yield f"{imported.path} {reason.cause}", reason.instead
    elif root not in sys.stdlib_module_names and root not in ALWAYS and root not in requirements.imports:
        yield f"{root} is not among the model's requirements", _to_declare(root, requirements)


def _to_declare(root: str, requirements: Requirements) -> str:
    near = did_you_mean(root, {*ALWAYS, *requirements.imports})
    if near.startswith("did you mean"):
        return near
    distribution = distribution_of(root)
    line = distribution if imports_of(distribution) == [root] else f"{distribution}  # import: {root}"
    return f"add {line} to {requirements.file} and run make lock, or do without"


def _own(imported: Imported, module: Module, modules: Mapping[str, Module]) -> Iterator[tuple[str, str]]:
    """Judge an import from ``features``: the model's own modules only, and only what is there."""
    package = ".".join(module.name.split(".")[:2])
    if imported.module != package and not imported.module.startswith(f"{package}."):
        if imported.path == package or imported.path in modules:
            return
        yield (
            f"{imported.path} belongs to another model: the worker image of {package.partition('.')[2]} has not got it",
            "move what both need into a package of its own, and declare it in both requirement files",
        )
    elif imported.module not in modules:
        yield f"there is no module {imported.module}", did_you_mean(imported.module, modules)
    elif imported.path not in modules and imported.path.startswith(f"{imported.module}."):
        name = imported.path.rpartition(".")[2]
        known = names_of_package(modules, imported.module)
        if name not in known:
            yield f"{imported.module} has no {name}", did_you_mean(name, known)
