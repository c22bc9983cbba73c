"""The figures in the docstrings, and the findings that rejected features, are those of the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LEARNED = [
    "carat_log",
    "carat_over_popular",
    "cut_grade",
    "color_grade",
    "clarity_grade",
    "volume_mm3",
    "spread_mm",
    "elongation",
    "depth_off_ideal",
    "table_off_ideal",
    "stones_alike",
]

TENDENCIES = {}
"""Feature -> a function of the stones that makes the sentence of its ``Tendency``."""
FINDINGS = {}
"""Feature -> a function of the stones that makes the sentence of its ``@rejected``."""


def tendency(name):
    return lambda function: TENDENCIES.setdefault(name, function)


def finding(name):
    return lambda function: FINDINGS.setdefault(name, function)


@pytest.fixture(scope="session")
def stones(extracted, computed, warehouse):
    """Return every stone with its features, its price, and by how much that is above the usual one of its weight."""
    from featuremart.config import clients

    made = computed("diamond_price.stone").set_index("diamond_id")
    client = clients.bigquery(warehouse)
    rows = client.query("SELECT diamond_id, price FROM warehouse.diamonds").result()
    prices = pd.DataFrame([dict(row) for row in rows]).set_index("diamond_id")
    certificates = extracted("diamonds").to_pandas().set_index("diamond_id")
    return with_premium(made.join(prices).join(certificates))


def with_premium(stones):
    logarithm = np.log(stones["price"])
    slope, start = np.polyfit(stones["carat_log"], logarithm, 1)
    return stones.assign(
        price_log=logarithm, premium=np.expm1(logarithm - start - slope * stones["carat_log"])
    )


def median_premium(stones, chosen):
    """Return how much more than usual for its weight the middle one of some stones costs."""
    return f"{stones['premium'][chosen].median():+.0%}".replace("%", " %")


def fifths(stones, feature):
    low, high = stones[feature].quantile([0.2, 0.8])
    return (
        median_premium(stones, stones[feature] <= low),
        median_premium(stones, stones[feature] >= high),
    )


def error(stones, features):
    """Return the root mean square error of the logarithm of the price: a line learned on odd stones, judged on even ones."""
    values = stones[features].astype("float64")
    design = np.column_stack([np.ones(len(stones)), values.fillna(values.median())])
    learn = stones.index % 2 == 1
    weights = np.linalg.lstsq(design[learn], stones["price_log"][learn], rcond=None)[0]
    return f"{np.sqrt(((design[~learn] @ weights - stones['price_log'][~learn]) ** 2).mean()):.3f}"


def correlation(stones, feature, other, digits=2):
    return f"{stones[[feature, other]].corr().iloc[0, 1]:.{digits}f}"


@tendency("carat_log")
def _(stones):
    slope = np.polyfit(stones["carat_log"], stones["price_log"], 1)[0]
    explained = stones[["carat_log", "price_log"]].corr().iloc[0, 1] ** 2
    return (
        f"The price grows with the weight to the power of {slope:.2f}, which explains {explained:.1%} of the variance "
        f"of its logarithm (n = {len(stones):,}).".replace("%", " %")
    )


@tendency("carat_over_popular")
def _(stones):
    below, above = stones["carat"].between(0.945, 0.995), stones["carat"].between(0.995, 1.045)
    return (
        f"{below.sum():,} stones of 0.95 to 0.99 carats cost {stones['price'][below].median():,.0f} dollars in the "
        f"median, {above.sum():,} of 1.00 to 1.04 carats {stones['price'][above].median():,.0f}."
    )


@tendency("cut_grade")
def _(stones):
    return _grades(stones, "cut_grade", {0: "Fair", 1: "Good", 4: "Ideal"})


@tendency("color_grade")
def _(stones):
    return _grades(stones, "color_grade", {0: "J", 3: "G", 6: "D"})


@tendency("clarity_grade")
def _(stones):
    return _grades(stones, "clarity_grade", {0: "I1", 3: "VS2", 7: "IF"})


def _grades(stones, feature, names):
    worst, best = stones[feature] == min(names), stones[feature] == max(names)
    premiums = ", ".join(
        f"{median_premium(stones, stones[feature] == grade)} {name}" for grade, name in names.items()
    )
    return (
        f"Against the usual price of the weight: {premiums}. Without the weight it seems the other way round, "
        f"{stones['price'][worst].median():,.0f} dollars for {names[min(names)]} and "
        f"{stones['price'][best].median():,.0f} for {names[max(names)]}: good stones are small."
    )


@tendency("volume_mm3")
def _(stones):
    without = [name for name in LEARNED if name != "volume_mm3"]
    zeros = (stones[["length_mm", "width_mm", "height_mm"]] == 0).any(axis=1)
    return (
        f"{correlation(stones, 'volume_mm3', 'carat', 4)} correlated with the weight; null for "
        f"{stones['volume_mm3'].isna().sum()} stones, {zeros.sum()} of them with a measure of zero. Error of the logarithm of "
        f"the price {error(stones, without)} without it, {error(stones, LEARNED)} with it."
    )


@tendency("spread_mm")
def _(stones):
    low, high = fifths(stones, "spread_mm")
    return f"Against the usual price of the weight: {low} in the lowest fifth, {high} in the highest."


@tendency("elongation")
def _(stones):
    oval = stones["elongation"] > 1.015
    return (
        f"{median_premium(stones, oval)} against the usual price of the weight above 1.015 (n = {oval.sum():,}), "
        f"{median_premium(stones, stones['elongation'] < 1.005)} below 1.005."
    )


@tendency("depth_off_ideal")
def _(stones):
    far = stones["depth_off_ideal"] > 3
    return (
        f"{median_premium(stones, far)} against the usual price of the weight above 3 points (n = {far.sum():,}), "
        f"{median_premium(stones, stones['depth_off_ideal'] < 1)} below 1."
    )


@tendency("table_off_ideal")
def _(stones):
    far = stones["table_off_ideal"] > 4
    return (
        f"{median_premium(stones, far)} against the usual price of the weight above 4 points (n = {far.sum():,}), "
        f"{median_premium(stones, stones['table_off_ideal'] < 1)} below 1."
    )


@tendency("stones_alike")
def _(stones):
    without = [name for name in LEARNED if name != "stones_alike"]
    return (
        f"Rises with what is asked for most: error of the logarithm of the price {error(stones, without)} without it, "
        f"{error(stones, LEARNED)} with it; {(stones['stones_alike'] == 0).sum():,} stones have none like them."
    )


@tendency("depth_from_measures")
def _(stones):
    return f"Correlation with the logarithm of the price {correlation(stones, 'depth_from_measures', 'price_log')}."


@finding("depth_from_measures")
def _(stones):
    off = (stones["depth_from_measures"] - stones["depth_percent"]).abs()
    return (
        f"Within 0.2 points of the certificate for {(off.dropna() <= 0.2).mean():.1%} of the stones; error of the "
        f"logarithm of the price {error(stones, LEARNED)} without it, "
        f"{error(stones, [*LEARNED, 'depth_from_measures'])} with it"
    ).replace("%", " %")


@tendency("is_colorless")
def _(stones):
    return (
        f"Against the usual price of the weight: {median_premium(stones, stones['is_colorless'])} with it, "
        f"{median_premium(stones, ~stones['is_colorless'])} without."
    )


@finding("is_colorless")
def _(stones):
    return (
        f"{correlation(stones, 'is_colorless', 'color_grade')} correlated with color_grade, which has seven steps in "
        f"place of two: error of the logarithm of the price {error(stones, LEARNED)} without it, "
        f"{error(stones, [*LEARNED, 'is_colorless'])} with it"
    )


@pytest.mark.parametrize("name", TENDENCIES)
def test_the_tendency_in_a_docstring_is_that_of_the_data(name, stones, says):
    says(f"diamond_price.stone.{name}", TENDENCIES[name](stones))


@pytest.mark.parametrize("name", FINDINGS)
def test_a_feature_was_rejected_for_what_the_data_show(name, stones, says):
    says(f"diamond_price.stone.{name}", FINDINGS[name](stones))


def test_every_feature_has_its_figures_checked(catalog):
    features = catalog.table("diamond_price.stone").features
    assert set(TENDENCIES) == {feature.name for feature in features}
    assert set(FINDINGS) == {feature.name for feature in features if feature.rejected is not None}
