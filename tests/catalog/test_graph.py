"""Who depends on what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuremart.catalog.graph import downstream, feature_order, find_cycle, needed_features, upstream
from featuremart.catalog.model import Docstring, FeatureSpec, Parameter, ParameterKind
from featuremart.errors import Where, WorkFailed
from featuremart.lake.columns import ColumnType


def feature(name, *needs):
    parameters = (
        Parameter("a", ParameterKind.COLUMN, "rows", "a"),
        *(Parameter(n, ParameterKind.FEATURE) for n in needs),
    )
    return FeatureSpec(name, Where("f.py", 1), ColumnType.FLOAT64, parameters, Docstring("Says."))


@given(st.permutations(range(8)), st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7))))
def test_every_feature_comes_after_those_that_it_takes(order, pairs):
    needs = {
        number: [f"f{low}" for low, high in pairs if high == number and low < high] for number in range(8)
    }
    features = [feature(f"f{number}", *needs[number]) for number in order]
    ordered = feature_order(features)
    assert sorted(one.name for one in ordered) == sorted(one.name for one in features)
    places = {one.name: place for place, one in enumerate(ordered)}
    assert all(places[need] < places[one.name] for one in features for need in needed_features(one))


def test_independent_features_keep_their_order():
    features = [feature("b"), feature("c", "a"), feature("a"), feature("d")]
    assert [one.name for one in feature_order(features)] == ["b", "a", "c", "d"]


def test_a_feature_that_is_not_among_them_is_left_out_of_account():
    assert [one.name for one in feature_order([feature("b", "a")])] == ["b"]


def test_a_circle_is_told_with_its_path():
    features = [feature("a", "b"), feature("b", "c"), feature("c", "a"), feature("d", "a")]
    with pytest.raises(WorkFailed, match="in a circle: a -> b -> c -> a"):
        feature_order(features)
    assert find_cycle({"a": ["b"], "b": []}) == ()


def test_upstream_and_downstream(repository):
    catalog = repository.load()
    assert upstream(catalog, catalog.table("flight_delay.timetable")) == ("flights", "weather")
    assert [table.id for table in downstream(catalog, "flights")] == [
        "flight_delay.history",
        "flight_delay.timetable",
    ]
    assert downstream(catalog, "nothing") == ()
