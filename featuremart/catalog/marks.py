"""What stands above a feature, read from its source text: ``@check`` and ``@rejected``."""

from __future__ import annotations

import ast
import datetime as dt
from typing import TYPE_CHECKING, Any

from featuremart.catalog.declarations import make
from featuremart.catalog.model import Check
from featuremart.lake.columns import ColumnType

if TYPE_CHECKING:
    from decimal import Decimal

    from featuremart.catalog.findings import Findings
    from featuremart.catalog.modules import Function, Module

MARKS = ("check", "rejected")
_LITERALS: dict[ColumnType, tuple[type, ...]] = {
    ColumnType.INT64: (int,),
    ColumnType.FLOAT64: (int, float),
    ColumnType.BOOL: (bool,),
    ColumnType.STRING: (str,),
}
_NUMBERS = (ColumnType.INT64, ColumnType.FLOAT64, ColumnType.NUMERIC)
_TIMES = (ColumnType.DATE, ColumnType.DATETIME, ColumnType.TIMESTAMP)


def read_marks(function: Function, module: Module, findings: Findings) -> tuple[Check, str | None]:
    """Read the decorators of a feature.

    Parameters
    ----------
    function
        The feature.
    module
        Its module.
    findings
        Collects what is wrong with them.

    Returns
    -------
    tuple
        Its check, and the finding that rejected it, None for a feature that is computed.
    """
    check, rejected = Check(), None
    seen: set[str] = set()
    for decorator in function.decorator_list:
        called = isinstance(decorator, ast.Call)
        marked = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = module.authoring_name(marked)
        if name not in MARKS:
            forgotten = isinstance(marked, ast.Name) and marked.id not in module.bindings
            if not forgotten:  # a name that is not imported is told of as such
                message = f"@{ast.unparse(marked)} changes a feature in a way that the catalog cannot see"
                findings.add(decorator.lineno, message, "only @check and @rejected stand above a feature")
        elif not called:
            example = "@check(between=(0, 100))" if name == "check" else '@rejected("what it showed")'
            findings.add(decorator.lineno, f"@{name} is not called", f"write {example}")
        elif name in seen:
            findings.add(decorator.lineno, f"{function.name} has two @{name}", "make one of them")
        elif isinstance(decorator, ast.Call) and (made := make(decorator, module, findings)) is not None:
            if name == "check":
                check = _check(made.named)
            else:
                rejected = made.positional[0]
        seen.add(name)
    # a rejection that is written wrongly is still one: its feature is not to be judged as a computed one
    return check, rejected if rejected is not None or "rejected" not in seen else ""


def marks_of(function: Function, module: Module) -> list[ast.expr]:
    """Return the decorators of a function that are marks of a feature."""
    return [
        decorator
        for decorator in function.decorator_list
        if module.authoring_name(decorator.func if isinstance(decorator, ast.Call) else decorator) in MARKS
    ]


def _check(named: dict[str, Any]) -> Check:
    between, isin = named.get("between"), named.get("isin")
    return Check(
        between=None if between is None else tuple(between),
        nulls=named.get("nulls", True),
        unique=named.get("unique", False),
        isin=None if isin is None else tuple(isin),
        matches=named.get("matches"),
    )


def check_fits(check: Check, kind: ColumnType, function: Function, findings: Findings) -> None:
    """Find what a check demands of values that their type cannot do.

    Parameters
    ----------
    check
        The check.
    kind
        Type of the feature.
    function
        The feature.
    findings
        Collects what does not fit.
    """
    name, line = function.name, function.lineno
    if check.matches is not None and kind is not ColumnType.STRING:
        findings.add(line, f"{name} is {kind}: only texts can match a pattern", "use between or isin")
    if check.between is not None:
        if kind not in _NUMBERS + _TIMES:
            findings.add(line, f"{name} is {kind}, which has no order to lie between", "use isin or matches")
        else:
            _check_values(check.between, "between", kind, function, findings)
    if check.isin is not None:
        _check_values(check.isin, "isin", kind, function, findings)


def _check_values(
    values: tuple[Any, ...], argument: str, kind: ColumnType, function: Function, findings: Findings
) -> None:
    meant = [_meaning(value, kind) for value in values]
    for value, meaning in zip(values, meant, strict=True):
        if meaning is None and not (value is None and argument == "between"):
            message = f"{function.name} is {kind}: {argument} cannot hold {value!r}"
            findings.add(function.lineno, message, f"write {_SPELLING[kind]}")
            return
    if argument == "between" and meant[0] is not None and meant[1] is not None and meant[1] < meant[0]:
        message = f"{function.name}: between is reversed: {values[0]!r} is more than {values[1]!r}"
        findings.add(function.lineno, message, f"write between=({values[1]!r}, {values[0]!r})")


_SPELLING = {
    ColumnType.INT64: "whole numbers",
    ColumnType.FLOAT64: "numbers",
    ColumnType.NUMERIC: "whole numbers, or texts like '12.50'",
    ColumnType.BOOL: "True or False",
    ColumnType.STRING: "texts",
    ColumnType.BYTES: "no such check: bytes can be checked for nulls and uniqueness",
    ColumnType.DATE: "texts like '2013-01-31'",
    ColumnType.DATETIME: "texts like '2013-01-31T12:00:00'",
    ColumnType.TIMESTAMP: "texts like '2013-01-31T12:00:00Z'",
}


def _meaning(value: Any, kind: ColumnType) -> Any | None:
    """Return what a literal stands for in a column of a type, None where it is no value of it."""
    if isinstance(value, bool) is not (kind is ColumnType.BOOL):
        return None
    if kind is ColumnType.NUMERIC and isinstance(value, int | str):
        return _decimal(value)
    if kind in _TIMES and isinstance(value, str):
        return _time(value, kind)
    return value if isinstance(value, _LITERALS.get(kind, ())) else None


def _decimal(value: int | str) -> Decimal | None:
    from decimal import Decimal, InvalidOperation

    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _time(text: str, kind: ColumnType) -> dt.date | None:
    try:
        if kind is ColumnType.DATE:
            return dt.date.fromisoformat(text)
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if (time.tzinfo is not None) == (kind is ColumnType.TIMESTAMP) else None
