"""Features are pure: the same rows give the same values, today and in a year, here and in the worker.

This is a guard against mistakes, not a sandbox: who may merge a feature may run code.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from featuremart.catalog.findings import Findings
    from featuremart.catalog.modules import Binding, Module


@dataclass(frozen=True)
class _Reason:
    """Why something is refused, and what to write instead."""

    cause: str
    instead: str


_CLOCK = _Reason(
    "reads the clock: the same rows would give other values tomorrow", "take the event time as a parameter"
)
_CHANCE = _Reason("gives another value each time", "compute the value from the row, for example from its key")
_OUTSIDE = _Reason("reaches outside of its parameters", "name a column or a source as a parameter")
_MEMORY = _Reason("lets one call change the next", "return the value instead")
_DECLARATION = _Reason("is for the catalog, not for functions", "write the value as a constant")
_HIDDEN = _Reason("runs or reads code that the catalog cannot see", "write the function out")

_PATHS: dict[str, _Reason] = {
    **dict.fromkeys(
        ["time", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
         "pandas.Timestamp.now", "pandas.Timestamp.utcnow", "pandas.Timestamp.today"],
        _CLOCK,
    ),
    **dict.fromkeys(["random", "secrets", "numpy.random", "uuid.uuid1", "uuid.uuid4"], _CHANCE),
    **dict.fromkeys(
        ["asyncio", "atexit", "concurrent", "ctypes", "curses", "dbm", "fileinput", "fcntl", "ftplib", "getpass", "glob",
         "http", "imaplib", "io", "linecache", "logging", "mmap", "multiprocessing", "nturl2path", "os", "pathlib",
         "pickle", "platform", "poplib", "posix", "pty", "select", "selectors", "shelve", "shutil", "signal", "smtplib",
         "socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys", "syslog", "tempfile", "threading", "tkinter",
         "urllib.request", "webbrowser", "xmlrpc", "zipfile", "tarfile",
         "numpy.DataSource", "numpy.fromfile", "numpy.genfromtxt", "numpy.load", "numpy.loadtxt", "numpy.memmap",
         "numpy.save", "numpy.savetxt", "numpy.savez", "numpy.savez_compressed",
         "pandas.ExcelFile", "pandas.ExcelWriter", "pandas.HDFStore", "pandas.io",
         "pandas.read_clipboard", "pandas.read_csv", "pandas.read_excel", "pandas.read_feather", "pandas.read_fwf",
         "pandas.read_gbq", "pandas.read_hdf", "pandas.read_html", "pandas.read_iceberg", "pandas.read_json",
         "pandas.read_orc", "pandas.read_parquet", "pandas.read_pickle", "pandas.read_sas", "pandas.read_spss",
         "pandas.read_sql", "pandas.read_sql_query", "pandas.read_sql_table", "pandas.read_stata", "pandas.read_table",
         "pandas.read_xml", "pandas.to_pickle"],
        _OUTSIDE,
    ),
    **dict.fromkeys(["builtins", "code", "codeop", "gc", "importlib", "inspect", "pdb", "pkgutil", "runpy"], _HIDDEN),
}  # fmt: skip
_BUILTINS: dict[str, _Reason] = {
    **dict.fromkeys(["open", "input", "print"], _OUTSIDE),
    **dict.fromkeys(["hash", "id"], _CHANCE),
    **dict.fromkeys(
        ["eval", "exec", "compile", "globals", "locals", "__import__", "__builtins__", "__loader__", "__spec__",
         "breakpoint", "exit", "quit"],
        _HIDDEN,
    ),
}  # fmt: skip
_METHODS: dict[str, _Reason] = {
    **dict.fromkeys(["now", "utcnow", "today"], _CLOCK),
    **dict.fromkeys(
        ["to_clipboard", "to_csv", "to_excel", "to_feather", "to_gbq", "to_hdf", "to_iceberg", "to_orc", "to_parquet",
         "to_pickle", "to_sql", "to_stata", "tofile"],
        _OUTSIDE,
    ),
}  # fmt: skip
_TIME_READERS = {"pandas.Timestamp", "pandas.to_datetime", "numpy.datetime64"}
_CLOCK_WORDS = {"now", "today"}
_SECOND_LOOK = {*_METHODS, "sample"}


def forbidden(path: str) -> _Reason | None:
    """Return why a dotted name is refused, None where it is not.

    Parameters
    ----------
    path
        Full name, for example ``numpy.random.default_rng``.
    """
    end = len(path)
    while end > 0:
        reason = _PATHS.get(path[:end])
        if reason is not None:
            return reason
        end = path.rfind(".", 0, end)
    return None


def check_purity(module: Module, findings: Findings) -> None:
    """Find everything in a module that is not pure.

    Parameters
    ----------
    module
        The module.
    findings
        Collects what is refused. Imports are judged elsewhere.
    """
    declared = frozenset(
        name for name, bindings in module.bindings.items() if any(binding.declares for binding in bindings)
    )
    doubtful = _DoubtfulPaths(module)
    seen: set[int] = set()
    for bindings in module.bindings.values():
        for binding in bindings:
            if binding.imported is not None or id(binding.node) in seen:
                continue
            syntax = binding.syntax
            if (
                syntax.noted
                or not syntax.names.isdisjoint(_BUILTINS)
                or not syntax.names.isdisjoint(declared)
                or any(doubtful[path] for path in syntax.paths)
            ):
                seen.add(id(binding.node))
                for line, what, reason in sorted(
                    set(_refusals(module, binding, declared)), key=lambda found: found[:2]
                ):
                    findings.add(line, f"{what} {reason.cause}", reason.instead)


class _DoubtfulPaths(dict[str, bool]):
    """Dotted name -> whether a statement that uses it deserves a look at every node."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def __missing__(self, path: str) -> bool:
        full = self.module.resolve_path(path)
        parts = full.split(".")
        found = not _SECOND_LOOK.isdisjoint(parts) or full in _TIME_READERS or forbidden(full) is not None
        self[path] = found
        return found


def _refusals(
    module: Module, binding: Binding, declared: frozenset[str]
) -> Iterator[tuple[int, str, _Reason]]:
    names = binding.syntax.names
    inner: set[ast.AST] = set()
    for node in ast.walk(binding.node):
        if isinstance(node, ast.Name) and node.id in names:
            yield from _name(module, binding, node, declared)
        elif isinstance(node, ast.Attribute) and node not in inner:
            chain = list(_chain(node))
            inner.update(chain)
            yield from _path(module, node, chain[-1], names)
        elif isinstance(node, ast.Call):
            yield from _call(module, node)
        elif isinstance(node, ast.Global):
            yield node.lineno, "a variable of the module that is written", _MEMORY


def _chain(node: ast.Attribute) -> Iterator[ast.AST]:
    """Yield the parts of ``a.b.c``, from the whole to its root."""
    part: ast.AST = node
    while isinstance(part, ast.Attribute):
        yield part
        part = part.value
    yield part


def _name(
    module: Module, binding: Binding, node: ast.Name, declared: frozenset[str]
) -> Iterator[tuple[int, str, _Reason]]:
    if node.id in module.bindings:
        if node.id in declared and not binding.declares:
            yield node.lineno, f"{node.id}, the declaration,", _DECLARATION
    elif node.id in _BUILTINS:
        yield node.lineno, f"{node.id}()", _BUILTINS[node.id]


def _path(
    module: Module, node: ast.Attribute, root: ast.AST, names: frozenset[str]
) -> Iterator[tuple[int, str, _Reason]]:
    if isinstance(root, ast.Name) and root.id in names:
        path = module.resolve(node)
        reason = forbidden(path)
        if reason is not None:
            yield node.lineno, path, reason


def _call(module: Module, node: ast.Call) -> Iterator[tuple[int, str, _Reason]]:
    if isinstance(node.func, ast.Attribute):
        method = node.func.attr
        if method in _METHODS and forbidden(module.resolve(node.func)) is None:
            yield node.lineno, f".{method}()", _METHODS[method]
        if method == "sample" and not any(keyword.arg == "random_state" for keyword in node.keywords):
            yield node.lineno, ".sample() without random_state", _CHANCE
    full = module.resolve(node.func)
    if full in _TIME_READERS and node.args and isinstance(node.args[0], ast.Constant):
        word = node.args[0].value
        if isinstance(word, str) and word.strip().lower() in _CLOCK_WORDS:
            yield node.lineno, f"{full}({word!r})", _CLOCK
