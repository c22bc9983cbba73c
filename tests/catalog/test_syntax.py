"""The normal form of a statement, and the names that it takes from outside."""

from __future__ import annotations

import ast
import symtable
import sysconfig
import warnings
from pathlib import Path

import pytest

from featuremart.catalog.syntax import read_syntax

LIBRARY = Path(sysconfig.get_path("stdlib"))
# Modules with comprehensions, classes in functions, generators, pattern matching, nonlocal and walrus.
MODULES = (
    "argparse",
    "ast",
    "dataclasses",
    "enum",
    "functools",
    "inspect",
    "statistics",
    "tarfile",
    "typing",
    "unittest/mock",
)


def syntax(text):
    (statement,) = ast.parse(text).body
    return read_syntax(statement)


def names_by_python(table):
    """Return the names that Python's own compiler takes from the module, for a function and all within it."""
    found = {name.get_name() for name in table.get_symbols() if name.is_global() and name.is_referenced()}
    return found.union(*(names_by_python(child) for child in table.get_children()), set())


@pytest.mark.parametrize("module", MODULES)
def test_names_are_those_that_python_takes_from_the_module(module):
    text = "from __future__ import annotations\n" + (LIBRARY / f"{module}.py").read_text(encoding="utf-8")
    tables = {}
    for child in symtable.symtable(text, module, "exec").get_children():
        tables.setdefault((child.get_name(), child.get_lineno()), child)
    compared = 0
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.FunctionDef) and not statement.decorator_list:
            statement.args.defaults = []  # they belong to the module's scope
            statement.args.kw_defaults = [None] * len(statement.args.kwonlyargs)
            expected = names_by_python(tables[statement.name, statement.lineno])
            assert read_syntax(statement).names == expected, statement.name
            compared += 1
    assert compared


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(x, y=Z): return x + y", {"Z"}),
        ("def f(x): return [x for x in g(x)]", {"g"}),
        ("def f(y): return [x for x in x]", {"x"}),
        ("def f(x): return [y := a for a in x] + [y]", set()),
        ("def f(x): return lambda y: y + x + z", {"z"}),
        ("def f(x):\n def g(): return x + h\n return g", {"h"}),
        ("def f(x: A) -> B: return x", set()),
        ("def f(x):\n y: A = 1\n return y", set()),
        ("def f(x):\n global y\n y = 1", {"y"}),
        ("def f(x):\n def g():\n  nonlocal x\n  x = 1\n return g", set()),
        ("def f(x):\n try: pass\n except E as e: return e", {"E"}),
        ("def f(x):\n match x:\n  case [a, *b] | {'k': a, **b} if c: return a, b", {"c"}),
        ("def f(x):\n class A(B):\n  y = x\n  def m(self): return y\n return A", {"B", "y"}),
        ("@d\ndef f(x): return x", {"d"}),
        ("x = {k: v for k, v in pairs if k}", {"pairs"}),
    ],
)
def test_names_follow_the_rules_of_scope(text, names):
    assert syntax(text).names == names


def test_paths_are_written_out_from_their_roots():
    found = syntax("def f(x): return np.random.rand() + x.dt.hour + (x + 1).rolling(3).mean() + C").paths
    assert found == {"np.random.rand", "x.dt.hour", "x", ".rolling", ".mean", "C"}


SAME = [
    ("x = (1 +\n  2)  # a comment", "x = 1 + 2"),
    ("x = 'a' 'b'", 'x = "ab"'),
    ("x = 0x10", "x = 16"),
    ("def f(x):\n    'Says.'\n    return x", "def f(x): return x"),
    ("def f(x):\n    pass", "def f(x): ..."),
    ("def f(x: int) -> int: return x", "def f(x: float): return x"),
    ("class A:\n    'Says.'\n    x = 1", "class A:\n    x = 1\n    'says more'"),
]
OTHER = [
    ("x = 1", "x = 1.0"),
    ("x = 1", "x = True"),
    ("x = '1'", "x = b'1'"),
    ("x = a.b", "x = a.c"),
    ("x = a - b", "x = a + b"),
    ("x = a - (b - c)", "x = a - b - c"),
    ("x = [a, [b]]", "x = [a, b, []]"),
    ("x = f(a, b)", "x = f(a)(b)"),
    ("x = f(a=b)", "x = f(b)"),
    ("x = f(*a)", "x = f(**a)"),
    ("x = a < b < c", "x = a < b"),
    ("x = not a", "x = -a"),
    ("x = None", "x = 'None'"),
    ("x = a if b else c", "x = c if b else a"),
    ("x = [a for b in c if d]", "x = [a for b in c for d in d]"),
    ("x = [a async for a in b]", "x = [a for a in b]"),
    ("x = f'{a!r}'", "x = f'{a}'"),
    ("x = f'{a:2}'", "x = f'{a:3}'"),
    ("x = a[1:]", "x = a[:1]"),
    ("def f(x, y): return x", "def f(y, x): return x"),
    ("def f(x, /): return x", "def f(x): return x"),
    ("def f(*x): return x", "def f(**x): return x"),
    ("def f(x=1): return x", "def f(x=2): return x"),
    ("def f(*, x=1): return x", "def f(x=1): return x"),
    ("@a\ndef f(x): return x", "def f(x): return x"),
    ("@a\ndef f(x: int): return x", "@a\ndef f(x: str): return x"),
    ("async def f(x): return x", "def f(x): return x"),
    ("class A: x: int = 1", "class A: x: str = 1"),
    ("def f(x):\n for y in x: break\n else: x = 1", "def f(x):\n for y in x: break\n x = 1"),
    ("def f(x):\n match x:\n  case A(b=c): pass", "def f(x):\n match x:\n  case A(c=c): pass"),
    ("def f(x): yield x", "def f(x): return x"),
    ("x = 10**30", f"x = {10**30}"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_does_the_same_has_one_normal_form(one, other):
    assert syntax(one).digest == syntax(other).digest


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_does_other_things_has_another_normal_form(one, other):
    assert syntax(one).digest != syntax(other).digest


def test_no_two_statements_of_a_library_have_one_normal_form():
    """Equal digests mean equal trees, over some thousand real statements."""
    trees = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in MODULES[:5]:
            tree = ast.parse((LIBRARY / f"{module}.py").read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.stmt):
                    trees.setdefault(read_syntax(node).digest, set()).add(_without_texts(node))
    assert len(trees) > 2000
    assert [forms for forms in trees.values() if len(forms) > 1] == []


def _without_texts(statement):
    """Python's own dump of a statement, without what the normal form leaves out on purpose."""
    statement = ast.parse(ast.unparse(statement)).body[0]
    for node in ast.walk(statement):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                block[:] = [one for one in block if not _says_nothing(one)]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
            if not node.decorator_list:
                _forget_annotations(node.args)
        if isinstance(node, ast.AnnAssign):
            node.simple = 1
    return "" if _says_nothing(statement) else ast.dump(statement)


def _forget_annotations(arguments):
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None


def _says_nothing(node):
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def test_a_number_of_any_length_has_a_normal_form():
    assert syntax(f"x = 0x{'f' * 5000}").digest != syntax(f"x = 0x{'f' * 4999}").digest
