"""Features: the public functions of a table's module."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from featuremart.catalog.annotations import column_type
from featuremart.catalog.docstrings import TENDENCY, WHY, check_complete, parse_docstring
from featuremart.catalog.graph import find_cycle, needed_features
from featuremart.catalog.marks import check_fits, read_marks
from featuremart.catalog.model import Docstring, FeatureSpec
from featuremart.catalog.names import RESERVED_COLUMNS, name_problem
from featuremart.catalog.parameters import read_parameters
from featuremart.lake.columns import ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from featuremart.catalog.findings import Findings
    from featuremart.catalog.modules import Function, Module
    from featuremart.catalog.parameters import Nameable


def feature_functions(module: Module) -> list[Function]:
    """Return the public functions of a module."""
    return [function for function in module.functions if not function.name.startswith("_")]


def read_features(
    module: Module, names: Nameable, taken: Mapping[str, str], findings: Findings
) -> tuple[FeatureSpec, ...]:
    """Read the features of a table.

    Parameters
    ----------
    module
        The table's module.
    names
        What their parameters may name.
    taken
        Names that a feature may not have -> what bears them.
    findings
        Collects what is wrong.

    Returns
    -------
    tuple of FeatureSpec
        In file order, as far as they can be read.
    """
    taken = {**taken, **dict.fromkeys(RESERVED_COLUMNS, "column of the framework")}
    features: dict[str, FeatureSpec] = {}
    for function in feature_functions(module):
        if function.name not in features:
            _check_name(function, taken, findings)
            features[function.name] = _read(function, module, names, findings)
    _check_twice(module, findings)
    found = tuple(features.values())
    _check_order(found, findings)
    _check_rejected(found, findings)
    return found


def _read(function: Function, module: Module, names: Nameable, findings: Findings) -> FeatureSpec:
    _check_kind(function, module, findings)
    check, rejected = read_marks(function, module, findings)
    kind = column_type(function, module, findings)
    if kind is not None:
        check_fits(check, kind, function, findings)
    required = (WHY, TENDENCY) if rejected is None else (WHY,)
    return FeatureSpec(
        name=function.name,
        where=findings.where(function.lineno),
        type=kind or ColumnType.FLOAT64,
        parameters=read_parameters(function, names, findings),
        doc=_docstring(function, required, findings),
        check=check,
        rejected=rejected,
    )


def _docstring(function: Function, required: Sequence[str], findings: Findings) -> Docstring:
    first = function.body[0]
    doc = Docstring("")
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        doc = parse_docstring(first.value.value, first.lineno, findings)
    check_complete(doc, required, what=function.name, line=function.lineno, findings=findings)
    return doc


def _check_name(function: Function, taken: Mapping[str, str], findings: Findings) -> None:
    wrong = name_problem(function.name, what="a feature")
    if wrong is not None:
        findings.add(function.lineno, *wrong)
    elif function.name in taken:
        message = f"the feature {function.name} has the name of a {taken[function.name]}"
        findings.add(
            function.lineno, message, "say in the name what the feature adds, or begin a helper's name with _"
        )


def _check_kind(function: Function, module: Module, findings: Findings) -> None:
    """Refuse what returns no column when it is called."""
    if isinstance(function, ast.AsyncFunctionDef):
        findings.add(function.lineno, f"{function.name} is async: a call returns no column", "write def")
    noted = [one for binding in module.bindings[function.name] for one in binding.syntax.noted]
    if any(isinstance(one, ast.Yield | ast.YieldFrom) for one in noted):
        message = f"{function.name} is a generator: a call returns no column"
        findings.add(function.lineno, message, "return one Series")


def _check_twice(module: Module, findings: Findings) -> None:
    """Refuse a function beside another thing of its name: the later one hides the other from who meant it."""
    for name in dict.fromkeys(function.name for function in module.functions):
        first, *others = module.bindings[name]
        for other in others:
            message = f"{name} is defined twice, first on line {first.node.lineno}"
            findings.add(other.node.lineno, message, "give one of them another name")


def _check_order(features: Sequence[FeatureSpec], findings: Findings) -> None:
    cycle = find_cycle({feature.name: needed_features(feature) for feature in features})
    if cycle:
        # begin with the feature that stands first in the file, so that the message is always the same
        lines = {feature.name: feature.where.line for feature in features}
        start = cycle.index(min(cycle, key=lines.__getitem__))
        path = [*cycle[start:-1], *cycle[:start], cycle[start]]
        message = f"features take each other in a circle: {' -> '.join(path)}"
        findings.add(
            lines[path[0]], message, "compute one of them from columns, or make the common part a helper"
        )


def _check_rejected(features: Sequence[FeatureSpec], findings: Findings) -> None:
    rejected = {feature.name for feature in features if feature.rejected is not None}
    for feature in features:
        used = sorted(rejected.intersection(needed_features(feature)))
        if used and feature.rejected is None:
            message = f"{feature.name} takes {used[0]}, which is rejected and so not computed"
            findings.add(feature.where.line, message, f"make the common part a helper: _{used[0]}")
