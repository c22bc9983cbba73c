"""Declarations, made from their source text: literals and calls of authoring names, nothing else.

The objects are the authoring room's own, so a declaration is judged by the very code that judges it when the
module is imported in a test.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import featuremart.authoring
from featuremart.authoring.refusal import DeclarationError
from featuremart.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from featuremart.catalog.findings import Findings
    from featuremart.catalog.modules import Module


@dataclass(frozen=True)
class Call:
    """A call of an authoring name that the authoring room accepts.

    Parameters
    ----------
    made
        What the call returns.
    positional, named
        Its arguments.
    """

    made: Any
    positional: tuple[Any, ...]
    named: dict[str, Any]


class _NotLiteral(Exception):
    """An argument is no literal."""

    def __init__(self, node: ast.expr) -> None:
        super().__init__()
        self.node = node


class _WrongInside(Exception):
    """A call within the arguments is wrong, and was already found to be."""


def make(call: ast.Call, module: Module, findings: Findings) -> Call | None:
    """Make the object that a call of an authoring name declares.

    Parameters
    ----------
    call
        For example ``FeatureTable(source=window("flights", days=28), keys=["carrier"])``.
    module
        The module that it stands in.
    findings
        Collects what is wrong.

    Returns
    -------
    Call or None
        None where something is wrong.
    """
    name = module.authoring_name(call.func)
    if not _names_are_right(name, call, findings):
        return None
    try:
        positional = tuple(_value(node, module, findings) for node in call.args)
        named = {
            keyword.arg: _value(keyword.value, module, findings) for keyword in call.keywords if keyword.arg
        }
        return Call(getattr(featuremart.authoring, name)(*positional, **named), positional, named)
    except _WrongInside:
        return None
    except _NotLiteral as error:
        message = f"{name}: {ast.unparse(error.node)} is no literal, and the catalog does not run the module"
        findings.add(error.node.lineno, message, "write the value itself")
    except DeclarationError as error:
        # a decorator's message names it already
        message = error.message if error.message.startswith("@") else f"{name}: {error.message}"
        findings.add(line_of(call, error.argument), message, error.instead)
    return None


@dataclass(frozen=True)
class _Signature:
    """What an authoring name takes.

    Parameters
    ----------
    names
        All its parameters.
    by_place
        Those that need no name.
    nameless
        Those that must not be named.
    required
        Those without a default.
    """

    names: tuple[str, ...]
    by_place: tuple[str, ...]
    nameless: frozenset[str]
    required: tuple[str, ...]


@cache
def _signature(name: str) -> _Signature:
    found = inspect.signature(getattr(featuremart.authoring, name)).parameters.values()
    return _Signature(
        names=tuple(one.name for one in found),
        by_place=tuple(one.name for one in found if one.kind is not one.KEYWORD_ONLY),
        nameless=frozenset(one.name for one in found if one.kind is one.POSITIONAL_ONLY),
        required=tuple(one.name for one in found if one.default is one.empty),
    )


def _names_are_right(name: str, call: ast.Call, findings: Findings) -> bool:
    """Find unknown and missing arguments, which Python itself would tell less well."""
    signature = _signature(name)
    before = len(findings.problems)
    given = set(signature.by_place[: len(call.args)])
    if len(call.args) > len(signature.by_place):
        named = ", ".join(f"{key}=..." for key in signature.required or signature.names)
        findings.add(call.lineno, f"{name} takes its arguments by name", f"write {name}({named})")
        return False
    for keyword in call.keywords:
        line = keyword.value.lineno
        if keyword.arg is None:
            findings.add(line, f"{name}: the catalog cannot see what ** holds", "write the arguments out")
            return False
        if keyword.arg not in signature.names:
            hint = did_you_mean(keyword.arg, signature.names, most=len(signature.names))
            findings.add(line, f"{name} has no argument {keyword.arg}", hint)
        elif keyword.arg in signature.nameless:
            findings.add(line, f"{name} takes {keyword.arg} without its name", f'write {name}("...")')
        elif keyword.arg in given:
            findings.add(line, f"{name} is given {keyword.arg} twice", "leave one of them out")
        given.add(keyword.arg)
    missing = [key for key in signature.required if key not in given]
    if missing:
        wanted = ", ".join('"..."' if key in signature.by_place else f"{key}=..." for key in missing)
        findings.add(call.lineno, f"{name} lacks {' and '.join(missing)}", f"add {wanted}")
    return len(findings.problems) == before


def _value(node: ast.expr, module: Module, findings: Findings) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List):
        return [_value(item, module, findings) for item in node.elts]
    if isinstance(node, ast.Tuple | ast.Set):
        return tuple([_value(item, module, findings) for item in node.elts])
    if isinstance(node, ast.Dict):
        return {_value(key, module, findings): _value(value, module, findings) for key, value in _items(node)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _value(node.operand, module, findings)
        if isinstance(number, int | float):
            return -number
    if isinstance(node, ast.Call) and module.authoring_name(node.func):
        made = make(node, module, findings)
        if made is None:
            raise _WrongInside
        return made.made
    raise _NotLiteral(node)


def _items(node: ast.Dict) -> Iterator[tuple[ast.Constant, ast.expr]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if not isinstance(key, ast.Constant):
            raise _NotLiteral(key or value)
        yield key, value


def line_of(call: ast.Call, argument: str) -> int:
    """Return the line of a named argument, or of the call where it has none."""
    return next((keyword.value.lineno for keyword in call.keywords if keyword.arg == argument), call.lineno)
