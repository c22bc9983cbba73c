"""Return annotations, read as text: the type of a feature's column."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from featuremart.lake.columns import ColumnType

if TYPE_CHECKING:
    from featuremart.catalog.findings import Findings
    from featuremart.catalog.modules import Function, Module

_TYPES = {
    "int": ColumnType.INT64,
    "float": ColumnType.FLOAT64,
    "bool": ColumnType.BOOL,
    "str": ColumnType.STRING,
    "bytes": ColumnType.BYTES,
    "pandas.Timestamp": ColumnType.TIMESTAMP,
    "datetime.date": ColumnType.DATE,
    "datetime.datetime": ColumnType.DATETIME,
    "decimal.Decimal": ColumnType.NUMERIC,
}
_SERIES = "pandas.Series"
_WANTED = "write -> pd.Series[int], or float, bool, str, bytes, pd.Timestamp, datetime.date, datetime.datetime, Decimal"


def column_type(function: Function, module: Module, findings: Findings) -> ColumnType | None:
    """Return the type that a feature's annotation declares.

    Parameters
    ----------
    function
        The feature.
    module
        Its module, which knows what ``pd`` stands for.
    findings
        Collects what is wrong.

    Returns
    -------
    ColumnType or None
        None where there is none to be read.
    """
    node = function.returns
    if node is None:
        findings.add(function.lineno, f"{function.name} has no return type", _WANTED)
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = _parsed(node.value)
    elif not module.annotations_are_texts:
        findings.add(
            node.lineno,
            f"{function.name}: pandas cannot evaluate {ast.unparse(node)} when the module is imported",
            "begin the module with: from __future__ import annotations",
        )
        return None
    if isinstance(node, ast.Subscript) and module.resolve(node.value) == _SERIES:
        element = module.resolve(node.slice)
        if element in _TYPES:
            return _TYPES[element]
    unknown = _unknown_name(node, module)
    if unknown:
        instead = "write import pandas as pd" if unknown == "pd" else "import it at the top of the module"
        findings.add(function.lineno, f"{unknown} is neither defined nor imported", instead)
        return None
    shown = "nothing that can be read" if node is None else ast.unparse(node)
    findings.add(
        function.lineno, f"{function.name} returns {shown}, which is no column of a known type", _WANTED
    )
    return None


def _unknown_name(node: ast.expr | None, module: Module) -> str:
    """Return a name in an annotation that the module does not know, empty where it knows all."""
    if node is None:
        return ""
    names = (one.id for one in ast.walk(node) if isinstance(one, ast.Name))
    return next((name for name in names if name not in module.bindings and not hasattr(builtins, name)), "")


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
