"""One file under ``features/``, taken apart without importing it.

A module holds imports, constants, functions and classes, and nothing else: what runs when it is imported is
then plain to see, and each of its names has a known meaning.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import featuremart.authoring
from featuremart.catalog.findings import Findings
from featuremart.catalog.syntax import Syntax, read_syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from featuremart.errors import Problem

FOLDER = "features"
"""The folder of all models, and the root of their modules' dotted names."""

AUTHORING_MODULES = ("featuremart", "featuremart.authoring")
AUTHORING_NAMES = frozenset(featuremart.authoring.__all__)
DECLARATIONS = {"FeatureTable": "table", "Model": "model"}
"""What is called -> the name that it is given."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Imported:
    """One name that an import brings in.

    Parameters
    ----------
    name
        What it is called in the module.
    path
        What it stands for: ``numpy``, ``datetime.date``, ``features.flight_delay._geo.distance``.
    module
        The module that is imported, or that the name is taken from.
    line
        Of the import.
    """

    name: str
    path: str
    module: str
    line: int


@dataclass(frozen=True)
class Binding:
    """One statement of a module that gives a name its meaning.

    Parameters
    ----------
    node
        The statement.
    syntax
        What is to be known of it.
    imported
        Where it is an import: what it brings in.
    declares
        Whether it is the module's ``table = FeatureTable(...)`` or ``model = Model(...)``.
    """

    node: ast.stmt
    syntax: Syntax
    imported: Imported | None = None
    declares: bool = False


@dataclass(eq=False)
class Module:
    """One file.

    Parameters
    ----------
    name
        Dotted name, for example ``features.flight_delay.timetable``.
    file
        Path relative to the repository's root.
    is_package
        Whether it is an ``__init__.py``.
    doc
        Its docstring and the line that it begins on; None where it has none.
    bindings
        Name -> the statements that bind it, in order.
    functions
        Its functions, in order; methods and functions in functions are not among them.
    calls
        ``FeatureTable(...)`` and ``Model(...)``: what is called, the name it is given, and the call.
    annotations_are_texts
        Whether it has ``from __future__ import annotations``.
    """

    name: str
    file: str
    is_package: bool = False
    doc: tuple[str, int] | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    functions: list[Function] = field(default_factory=list)
    calls: list[tuple[str, str, ast.Call]] = field(default_factory=list)
    annotations_are_texts: bool = False

    @property
    def stem(self) -> str:
        """Return the last part of its name."""
        return self.name.rpartition(".")[2]

    @property
    def is_private(self) -> bool:
        """Whether it is for the model's own use: a part of its name begins with an underscore."""
        return "._" in self.name

    @property
    def imports(self) -> Iterator[Imported]:
        """Yield the imports at module level."""
        for bindings in self.bindings.values():
            for binding in bindings:
                if binding.imported is not None:
                    yield binding.imported

    def forget_trees(self) -> None:
        """Let go of what its functions consist of: what others need to know of them is in their bindings."""
        for function in self.functions:
            function.body.clear()
            function.decorator_list.clear()

    def resolve(self, node: ast.AST) -> str:
        """Return what an expression like ``pd.Series`` stands for, ``pandas.Series``; empty where it is no such."""
        if isinstance(node, ast.Name):
            return self.resolve_path(node.id)
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return self.resolve_path(".".join([node.id, *reversed(parts)]))

    def resolve_path(self, path: str) -> str:
        """Return what a dotted name stands for: its first part replaced by what was imported under it."""
        root, dot, rest = path.partition(".")
        bindings = self.bindings.get(root, ())
        imported = bindings[-1].imported if bindings else None
        return f"{imported.path}{dot}{rest}" if imported is not None else path

    def authoring_name(self, node: ast.AST) -> str:
        """Return which authoring name an expression stands for, empty for none."""
        module, _, name = self.resolve(node).rpartition(".")
        return name if module in AUTHORING_MODULES and name in AUTHORING_NAMES else ""


def read_module(path: Path, *, name: str, file: str) -> tuple[Module | None, list[Problem]]:
    """Read a file.

    Parameters
    ----------
    path
        The file.
    name
        Dotted name of the module.
    file
        The path to show.

    Returns
    -------
    tuple
        The module, None where it is no Python; and what is wrong with its form.
    """
    findings = Findings(file)
    try:
        tree = ast.parse(path.read_bytes(), filename=file)
        module = Module(name, file, is_package=path.name == "__init__.py")
        _Reader(module, findings).read(tree)
    except SyntaxError as error:
        findings.add(error.lineno or 0, f"no Python: {error.msg}", "mend the syntax")
        return None, findings.problems
    except (OSError, ValueError) as error:
        findings.add(0, f"cannot be read: {error}", "save it as UTF-8 text")
        return None, findings.problems
    except (RecursionError, MemoryError):
        findings.add(0, "an expression is nested too deeply to be read", "take it apart into several")
        return None, findings.problems
    return module, findings.problems


def imported_names(node: ast.Import | ast.ImportFrom, module: Module) -> Iterator[Imported]:
    """Yield what an import statement of a module brings in."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            bound, path = (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
            yield Imported(bound or "", path, alias.name, node.lineno)
        return
    source = node.module or ""
    if node.level:
        parts = module.name.split(".")
        up = parts[: len(parts) - node.level + module.is_package]
        source = ".".join([*up, source] if source else up)
    for alias in node.names:
        yield Imported(alias.asname or alias.name, f"{source}.{alias.name}", source, node.lineno)


class _Reader:
    """Sorts the statements of a module."""

    def __init__(self, module: Module, findings: Findings) -> None:
        self.module = module
        self.findings = findings

    def read(self, tree: ast.Module) -> None:
        match tree.body:
            case [ast.Expr(value=ast.Constant(value=str() as text, lineno=line)), *_]:
                self.module.doc = (text, line)
        rest = []
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            elif guarded := self._imports_for_types(node):
                for inner in guarded:
                    self._import(inner)
            else:
                rest.append(node)
        for node in rest:
            self._statement(node)

    def _imports_for_types(self, node: ast.stmt) -> list[ast.Import | ast.ImportFrom]:
        """Return the imports under ``if TYPE_CHECKING:``, none where the statement is anything else."""
        if not isinstance(node, ast.If) or node.orelse:
            return []
        imports = [one for one in node.body if isinstance(one, ast.Import | ast.ImportFrom)]
        named = self.module.resolve(node.test) in {"typing.TYPE_CHECKING", "TYPE_CHECKING"}
        return imports if named and len(imports) == len(node.body) else []

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        syntax = read_syntax(node)
        for imported in imported_names(node, self.module):
            if imported.path == "__future__.annotations":
                self.module.annotations_are_texts = True
            self._bind(imported.name, Binding(node, syntax, imported))

    def _bind(self, name: str, binding: Binding) -> None:
        self.module.bindings.setdefault(name, []).append(binding)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, Function):
            marks = [one for one in node.decorator_list if not self._is_mark(one)]
            self.module.functions.append(node)
            self._bind(node.name, Binding(node, read_syntax(node, decorators=marks)))
        elif isinstance(node, ast.ClassDef):
            self._bind(node.name, Binding(node, read_syntax(node)))
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            self._assignment(node)
        elif not (
            isinstance(node, ast.Pass)
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        ):
            self.findings.add(
                node.lineno,
                "a module of features holds imports, constants and functions, and runs nothing else",
                "move it into a function, or write the constant as one expression",
            )

    def _is_mark(self, decorator: ast.expr) -> bool:
        return bool(
            self.module.authoring_name(decorator.func if isinstance(decorator, ast.Call) else decorator)
        )

    def _assignment(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = _names_of(targets)
        if names is None:
            self.findings.add(
                node.lineno,
                "a module of features changes nothing after it is made",
                "write the constant as one expression",
            )
            return
        call = node.value if isinstance(node.value, ast.Call) else None
        declared = self.module.authoring_name(call.func) if call is not None else ""
        if call is not None and declared in DECLARATIONS:
            self.module.calls.append((declared, ", ".join(names), call))
        syntax = read_syntax(node)
        for name in names:
            self._bind(name, Binding(node, syntax, declares=declared in DECLARATIONS))
            if isinstance(node.value, ast.Lambda) and not name.startswith("_"):
                self.findings.add(
                    node.lineno,
                    f"{name} is a lambda, which has no docstring and no type",
                    f"write def {name}(...), or call it _{name} if it is a helper",
                )


def _names_of(targets: Sequence[ast.expr]) -> list[str] | None:
    """Return the plain names that are assigned to, None where anything else is."""
    names: list[str] = []
    for target in targets:
        if isinstance(target, ast.Name):
            names.append(target.id)
        elif isinstance(target, ast.Tuple | ast.List):
            inner = _names_of(target.elts)
            if inner is None:
                return None
            names += inner
        else:
            return None
    return names


def names_of_package(modules: Mapping[str, Module], prefix: str) -> list[str]:
    """Return what can be imported from a module or package: its own names and its modules."""
    own = list(modules[prefix].bindings) if prefix in modules else []
    return own + [name[len(prefix) + 1 :] for name in modules if name.startswith(f"{prefix}.")]
