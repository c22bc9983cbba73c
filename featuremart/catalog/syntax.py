"""One pass over the syntax tree of a statement: its normal form, and the names that it takes from outside.

The normal form keeps what decides what the statement does, and nothing else: no layout, no comments, no
docstrings. Two statements with one normal form do the same, given that the names they take mean the same.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LEFT_OUT = {"ctx", "type_comment", "kind", "type_ignores"}
_FIELDS: dict[type, tuple[str, ...]] = {
    kind: tuple(name for name in kind._fields if name not in _LEFT_OUT)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
_ABSENT = "-"


@dataclass(frozen=True, slots=True)
class Syntax:
    """What is to be known of one statement of a module.

    Parameters
    ----------
    digest
        SHA-256 of its normal form, in hexadecimal.
    names
        Names that it takes from the module or from Python itself: free in it, by Python's rules of scope.
    paths
        Dotted names as they are used: ``np.random.default_rng``, ``HOURS``; those on the value of an expression
        begin with a dot: ``.rolling.mean``.
    noted
        Statements that need a second look: imports, ``global``, ``await``, ``yield`` of the outermost function.
    """

    digest: str
    names: frozenset[str]
    paths: frozenset[str]
    noted: tuple[ast.AST, ...] = ()


@dataclass(slots=True)
class _Scope:
    """The names of one function, class or comprehension while it is read."""

    kind: str
    loads: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)


def read_syntax(node: ast.stmt, *, decorators: Sequence[ast.expr] | None = None) -> Syntax:
    """Read one statement of a module.

    Parameters
    ----------
    node
        The statement.
    decorators
        The decorators to take account of instead of those that it has.

    Raises
    ------
    RecursionError
        Where it is nested deeper than Python's stack allows.
    """
    reader = _Reader(decorators)
    reader.read(node)
    digest = hashlib.sha256("\n".join(reader.out).encode()).hexdigest()
    names = reader.scopes[0].loads | reader.explicit
    return Syntax(digest, frozenset(names), frozenset(reader.paths), tuple(reader.noted))


class _Reader:
    """Writes the normal form, a word a line, and follows the scopes meanwhile.

    Every node writes its kind and then its fields, of which each kind has a fixed number; a list is closed by
    ``]``. So no two trees have one normal form.
    """

    def __init__(self, decorators: Sequence[ast.expr] | None) -> None:
        self.out: list[str] = []
        self.paths: set[str] = set()
        self.noted: list[ast.AST] = []
        self.explicit: set[str] = set()
        self.scopes = [_Scope("module")]
        self._decorators = decorators

    def read(self, node: ast.AST) -> None:
        """Write a node, the names it uses, and the scopes it opens."""
        self.readers[node.__class__](self, node)

    def _plain(self, node: ast.AST) -> None:
        """Write a node that needs no thought: its kind and its fields."""
        kind = node.__class__
        self.out.append(kind.__name__)
        for name in _FIELDS[kind]:
            value = getattr(node, name)
            reader = self.readers.get(value.__class__)
            if reader is not None:
                reader(self, value)
            else:
                self.out.append(_ABSENT if value is None else f"'{value}")

    def _list(self, values: Sequence[Any]) -> None:
        for value in values:
            reader = self.readers.get(value.__class__)
            if reader is not None:
                reader(self, value)
            else:
                self.out.append(_ABSENT if value is None else f"'{value}")
        self.out.append("]")

    def _name(self, node: ast.Name) -> None:
        self.out.append(f"'{node.id}")
        if node.ctx.__class__ is ast.Load:
            self.scopes[-1].loads.add(node.id)
            self.paths.add(node.id)
        else:
            self.scopes[-1].binds.add(node.id)

    def _constant(self, node: ast.Constant) -> None:
        value = node.value
        # hexadecimal: Python refuses to write a whole number of thousands of digits in decimals
        self.out.append(f"={hex(value) if value.__class__ is int else repr(value)}")

    def _attribute(self, node: ast.Attribute) -> None:
        parts = [node.attr]
        base = node.value
        while base.__class__ is ast.Attribute:
            parts.append(base.attr)
            base = base.value
        self.out += ("Attribute", *parts, "]")
        if isinstance(base, ast.Name):
            self.out.append(f"'{base.id}")
            self.scopes[-1].loads.add(base.id)
            parts.append(base.id)
            self.paths.add(".".join(reversed(parts)))
        else:
            self.paths.add("." + ".".join(reversed(parts)))
            self.read(base)

    def _expression(self, node: ast.Expr) -> None:
        """Leave out a constant that stands alone: a docstring, or the ``...`` of an empty body."""
        if not isinstance(node.value, ast.Constant):
            self.out.append("Expr")
            self.read(node.value)

    def _nothing(self, node: ast.Pass) -> None:
        """Leave out ``pass``: a body with nothing but a docstring is an empty body, too."""

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outermost = len(self.scopes) == 1
        decorators = self._decorators if outermost and self._decorators is not None else node.decorator_list
        self.scopes[-1].binds.add(node.name)
        self.out += (node.__class__.__name__, node.name)
        self._list(decorators)
        self._type_parameters(node)
        # annotations of a function change nothing, unless a decorator reads them (functools.singledispatch)
        self._called(node.args, node.body, annotated=bool(decorators))

    def _lambda(self, node: ast.Lambda) -> None:
        self.out.append("Lambda")
        self._called(node.args, [node.body])

    def _called(self, arguments: ast.arguments, body: Sequence[ast.AST], *, annotated: bool = False) -> None:
        """Read arguments and body: defaults outside, names of arguments and the body inside."""
        self._list(arguments.defaults)
        self._list(arguments.kw_defaults)
        scope = _Scope("function")
        single = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
        for group in (arguments.posonlyargs, arguments.args, arguments.kwonlyargs, single):
            for argument in group:
                scope.binds.add(argument.arg)
                self.out.append(argument.arg)
                if annotated:
                    self._annotation(argument.annotation)
            self.out.append("]")
        self.out += (_ABSENT if one is None else one.arg for one in (arguments.vararg, arguments.kwarg))
        self.scopes.append(scope)
        self._list(body)
        self._close()

    def _annotation(self, node: ast.expr | None) -> None:
        """Read an annotation: it belongs to the form, and is no use of its names (``from __future__``)."""
        if node is None:
            self.out.append(_ABSENT)
            return
        paths = self.paths
        self.paths = set()
        self.scopes.append(_Scope("annotation"))
        self.read(node)
        self.scopes.pop()
        self.paths = paths

    def _type_parameters(self, node: Any) -> None:
        """Read ``def f[T]``, which Python 3.11 has not: without them the form is the same in all versions."""
        for parameter in getattr(node, "type_params", ()):
            self.scopes[-1].binds.add(parameter.name)
            self.read(parameter)

    def _class(self, node: ast.ClassDef) -> None:
        self.scopes[-1].binds.add(node.name)
        self.out += ("ClassDef", node.name)
        for part in (node.decorator_list, node.bases, node.keywords):
            self._list(part)
        self._type_parameters(node)
        self.scopes.append(_Scope("class"))
        self._list(node.body)
        self._close()

    def _annotated(self, node: ast.AnnAssign) -> None:
        self.out.append("AnnAssign")
        self.read(node.target)
        self._annotation(node.annotation)
        self._list([node.value])

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        """Read a comprehension: its first iterable belongs to the scope around it, all else to its own."""
        self.out.append(node.__class__.__name__)
        self.read(node.generators[0].iter)
        self.scopes.append(_Scope("comprehension"))
        for generator in node.generators:
            self.out.append(f"'{generator.is_async}")
            self.read(generator.target)
            if generator is not node.generators[0]:
                self.read(generator.iter)
            self._list(generator.ifs)
        self.out.append("]")
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.read(part)
        self._close()

    def _walrus(self, node: ast.NamedExpr) -> None:
        """Read ``name := value``, which binds outside the comprehensions that it stands in."""
        self.out += ("NamedExpr", node.target.id)
        holder = next(scope for scope in reversed(self.scopes) if scope.kind != "comprehension")
        holder.binds.add(node.target.id)
        for scope in reversed(self.scopes):
            if scope is holder:
                break
            scope.outer.add(node.target.id)
        self.read(node.value)

    def _close(self) -> None:
        """Hand the names that a finished scope did not bind to the scope around it."""
        scope = self.scopes.pop()
        # the body of a class sees its own names, and beside them those of the module
        bound = set() if scope.kind == "class" else scope.binds - scope.outer
        self.scopes[-1].loads |= scope.loads - bound

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.noted.append(node)
        self.out.append(node.__class__.__name__)
        if isinstance(node, ast.ImportFrom):
            self.out += (f"'{node.module}", f"'{node.level}")
        for alias in node.names:
            self.out += (f"'{alias.name}", f"'{alias.asname}")
            self.scopes[-1].binds.add(alias.asname or alias.name.partition(".")[0])
        self.out.append("]")

    def _handler(self, node: ast.ExceptHandler) -> None:
        self._bind(node.name)
        self._plain(node)

    def _capture(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self._bind(node.name)
        self._plain(node)

    def _mapping(self, node: ast.MatchMapping) -> None:
        self._bind(node.rest)
        self._plain(node)

    def _bind(self, name: str | None) -> None:
        if name is not None:
            self.scopes[-1].binds.add(name)

    def _elsewhere(self, node: ast.Global | ast.Nonlocal) -> None:
        self.noted.append(node)
        self.scopes[-1].outer.update(node.names)
        if isinstance(node, ast.Global):
            self.explicit.update(node.names)
        else:
            self.scopes[-1].loads.update(node.names)
        self._plain(node)

    def _yielding(self, node: ast.Yield | ast.YieldFrom | ast.Await) -> None:
        if sum(scope.kind == "function" for scope in self.scopes) == 1:
            self.noted.append(node)
        self._plain(node)

    readers: ClassVar[dict[type, Callable[[_Reader, Any], None]]] = {
        **dict.fromkeys(_FIELDS, _plain),
        list: _list,
        ast.Name: _name,
        ast.Constant: _constant,
        ast.Attribute: _attribute,
        ast.Expr: _expression,
        ast.Pass: _nothing,
        ast.FunctionDef: _function,
        ast.AsyncFunctionDef: _function,
        ast.Lambda: _lambda,
        ast.ClassDef: _class,
        ast.AnnAssign: _annotated,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.DictComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.NamedExpr: _walrus,
        ast.Import: _import,
        ast.ImportFrom: _import,
        ast.ExceptHandler: _handler,
        ast.MatchAs: _capture,
        ast.MatchStar: _capture,
        ast.MatchMapping: _mapping,
        ast.Global: _elsewhere,
        ast.Nonlocal: _elsewhere,
        ast.Yield: _yielding,
        ast.YieldFrom: _yielding,
        ast.Await: _yielding,
    }
