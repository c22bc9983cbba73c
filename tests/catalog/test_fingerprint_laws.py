"""Laws of the code fingerprint, over random modules of features."""

from __future__ import annotations

import ast
import re
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from featuremart.catalog import load

SOURCE = """/*
what: Rows.
owner: o@example.com
event_time: happened_at
timezone: UTC
first_day: 2013-01-01
columns:
  key: {type: STRING, required: true, about: key}
  happened_at: {type: TIMESTAMP, required: true, about: when}
  a: {type: INT64, required: true, about: a}
  b: {type: FLOAT64, about: b}
*/
SELECT * FROM warehouse.rows
"""
HEAD = """from __future__ import annotations

import numpy as np
import pandas as pd

from featuremart import FeatureTable, check, rejected

table = FeatureTable(source="events", keys=["key"], event_time="happened_at")
"""
OPERATORS = ["+", "-", "*", "//", "%"]


@dataclass(frozen=True)
class Written:
    """A module as its author wrote it: names to expressions, and beside them what must not count."""

    constants: dict[str, str]
    helpers: dict[str, str]
    features: dict[str, str]
    rejected: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    order: tuple[int, ...] = ()
    comment: str = ""

    def definitions(self):
        """Return the text of each definition."""
        blocks = [f"{name} = {value}\n" for name, value in self.constants.items()]
        for name, value in self.helpers.items():
            blocks.append(
                f'def {name}(x, y):\n    """{self.texts.get(name, "Help.")}"""\n    return {value}\n'
            )
        for name, value in self.features.items():
            text = self.texts.get(name, "Says.")
            doc = f'"""{text}\n\n    Why:\n        {text}\n    Tendency:\n        {text}\n    """'
            blocks.append(
                f"@check(nulls=False)\ndef {name}(a: pd.Series, b: pd.Series) -> pd.Series[float]:\n    {doc}\n    x, y = a, b\n    return {value}\n"
            )
        for name, value in self.rejected.items():
            doc = '"""Says.\n\n    Why:\n        So.\n    """'
            blocks.append(
                f'@rejected("no gain")\ndef {name}(a: pd.Series) -> pd.Series[float]:\n    {doc}\n    x = y = a\n    return {value}\n'
            )
        return blocks

    def text(self):
        """Return the module's text."""
        blocks = self.definitions()
        if self.order:
            blocks = [
                block for _, block in sorted(zip(self.order, blocks, strict=False), key=lambda pair: pair[0])
            ]
        comment = f"# {self.comment}\n" if self.comment else ""
        return '"""Rows."""\n' + HEAD + comment + "\n\n".join(f"{comment}{block}" for block in blocks)

    def reached(self):
        """Return the names that the computed features reach, found by their spelling."""
        everything = {**self.constants, **self.helpers, **self.features}
        found, waiting = set(), list(self.features)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [one for one in re.findall(r"_[ch]\d+", everything[name]) if one in everything]
        return found


def expressions(names, helpers):
    """Expressions over x, y and some names, which may call some helpers."""
    leaves = st.sampled_from(["x", "y", *names]) | st.integers(0, 999).map(str)

    def larger(inner):
        forms = [
            st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
            st.builds("np.where({} > {}, {}, {})".format, inner, inner, inner, inner),
            st.builds("sum([z * {} for z in [{}, {}]])".format, inner, inner, inner),
            st.builds("(lambda x: {})({})".format, inner, inner),
        ]
        if helpers:
            forms.append(st.builds("{}({}, {})".format, st.sampled_from(helpers), inner, inner))
        return st.one_of(forms)

    return st.recursive(leaves, larger, max_leaves=6)


@st.composite
def modules(draw):
    """Modules of a few constants, helpers that call earlier ones, and features."""
    constants = {f"_c{number}": str(draw(st.integers(0, 99))) for number in range(draw(st.integers(0, 3)))}
    helpers: dict[str, str] = {}
    for number in range(draw(st.integers(0, 3))):
        helpers[f"_h{number}"] = draw(expressions(list(constants), list(helpers)))
    features = {
        f"feature_{number}": draw(expressions(list(constants), list(helpers)))
        for number in range(draw(st.integers(1, 3)))
    }
    return Written(constants, helpers, features)


@pytest.fixture(scope="module")
def fingerprint():
    """Return the code fingerprint of a module's text."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "embulk/sources").mkdir(parents=True)
        (root / "embulk/sources/events.sql").write_text(SOURCE, encoding="utf-8")
        (root / "features/model").mkdir(parents=True)
        declared = 'from featuremart import Model\n\nmodel = Model(owner="o@example.com", predicts="p")\n'
        (root / "features/model/__init__.py").write_text(declared, encoding="utf-8")

        def measure(text):
            (root / "features/model/rows_seen.py").write_text(text, encoding="utf-8")
            return load(root).table("model.rows_seen").code_fingerprint

        yield measure


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\\r\n:', exclude_categories=["C", "Z"]), min_size=1
)


@settings(max_examples=60, deadline=None)
@given(module=modules(), data=st.data())
def test_layout_texts_order_and_rejected_features_change_nothing(fingerprint, module, data):
    names = [*module.helpers, *module.features]
    other = replace(
        module,
        texts=data.draw(st.dictionaries(st.sampled_from(names), TEXTS)),
        comment=data.draw(TEXTS),
        rejected={
            f"rejected_{n}": data.draw(expressions(list(module.constants), list(module.helpers)))
            for n in range(2)
        },
    )
    other = replace(other, order=tuple(data.draw(st.permutations(range(len(other.definitions()))))))
    before = fingerprint(module.text())
    assert fingerprint(other.text()) == before
    assert fingerprint(ast.unparse(ast.parse(other.text()))) == before


@st.composite
def changes(draw, value):
    """Change one number or operator of an expression."""
    sites = [*re.finditer(r"(?<![\w.])\d+|(?<= )(?://|[-+*%])(?= )", value)]
    assume(sites)
    site = draw(st.sampled_from(sites))
    if site[0].isdigit():
        new = draw(st.integers(0, 999).map(str).filter(lambda number: int(number) != int(site[0])))
    else:
        new = draw(st.sampled_from([operator for operator in OPERATORS if operator != site[0]]))
    return value[: site.start()] + new + value[site.end() :]


@settings(max_examples=120, deadline=None)
@given(module=modules(), data=st.data())
def test_a_changed_constant_or_operator_changes_it_exactly_where_it_is_reached(fingerprint, module, data):
    part = data.draw(
        st.sampled_from([one for one in ("constants", "helpers", "features") if getattr(module, one)])
    )
    definitions = getattr(module, part)
    name = data.draw(st.sampled_from(sorted(definitions)))
    changed = replace(module, **{part: {**definitions, name: data.draw(changes(definitions[name]))}})
    same = fingerprint(changed.text()) == fingerprint(module.text())
    assert same is (name not in module.reached())
