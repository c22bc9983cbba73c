"""Real stones: missing and mistyped measures, popular weights, stones that are alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from featuremart.errors import WorkFailed
from features.diamond_price import stone


@pytest.fixture
def stones(source_csv):
    """Real certificates by number, as the engine hands their columns."""
    return source_csv("diamonds").set_index("diamond_id", drop=False)


@pytest.fixture
def volume(stones):
    return stone.volume_mm3(*(stones[name] for name in ("carat", "length_mm", "width_mm", "height_mm")))


UNMEASURED = [2208, 2315, 4792, 5472, 10168, 11183]
MISTYPED = [24068, 48411, 49190, 49906]


def test_carat_log_is_zero_at_one_carat(stones):
    found = stone.carat_log(stones["carat"])
    assert found[285] == 0.0
    assert found[27416] == pytest.approx(1.611, abs=0.001)


@pytest.mark.parametrize(
    ("carat", "over"),
    [(1.0, 0.0), (0.99, 0.09), (1.19, 0.19), (1.2, 0.0), (0.2, 0.2), (5.01, 0.01), (2.5, 0.5)],
)
def test_carat_over_popular_begins_anew_at_each_popular_weight(carat, over):
    assert stone.carat_over_popular(pd.Series([carat])).tolist() == [pytest.approx(over)]


def test_carat_over_popular_is_never_negative(stones):
    assert (stone.carat_over_popular(stones["carat"]) >= 0).all()


def test_cut_grade_rises_from_fair_to_ideal(stones):
    found = stone.cut_grade(stones["cut"]).groupby(stones["cut"]).first()
    assert found.to_dict() == {"Fair": 0, "Good": 1, "Very Good": 2, "Premium": 3, "Ideal": 4}


def test_color_grade_rises_from_j_to_d():
    found = stone.color_grade(pd.Series(list("JIHGFED")))
    assert found.tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_clarity_grade_rises_from_included_to_flawless():
    found = stone.clarity_grade(pd.Series(["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"]))
    assert found.tolist() == list(range(8))


@pytest.mark.parametrize("grade", [stone.cut_grade, stone.color_grade, stone.clarity_grade])
def test_an_unknown_grade_is_null_which_the_check_refuses(grade):
    assert grade(pd.Series(["Splendid"])).isna().all()


def test_volume_mm3_is_that_of_the_box(volume):
    assert volume[1] == pytest.approx(3.95 * 3.98 * 2.43)


def test_volume_mm3_is_null_where_a_measure_is_missing_or_mistyped(volume):
    assert sorted(volume.index[volume.isna()]) == sorted([*UNMEASURED, *MISTYPED])


def test_spread_mm_is_the_diameter_at_one_carat(stones, volume):
    found = stone.spread_mm(stones["carat"], stones["length_mm"], stones["width_mm"], volume)
    assert found[285] == pytest.approx((6.61 + 6.55) / 2)
    # a stone of twice the size in each direction weighs eight times as much
    double = stone.spread_mm(stones["carat"] * 8, stones["length_mm"] * 2, stones["width_mm"] * 2, volume)
    pd.testing.assert_series_equal(found, double)
    assert found[UNMEASURED].isna().all()


def test_elongation_does_not_care_which_side_is_called_length(stones, volume):
    found = stone.elongation(stones["length_mm"], stones["width_mm"], volume)
    assert (found.dropna() >= 1).all()
    assert found[1] == pytest.approx(3.98 / 3.95)
    pd.testing.assert_series_equal(found, stone.elongation(stones["width_mm"], stones["length_mm"], volume))
    assert found[MISTYPED].isna().all()


def test_depth_off_ideal_counts_both_ways():
    found = stone.depth_off_ideal(pd.Series([61.8, 60.8, 63.8]))
    assert found.tolist() == pytest.approx([0.0, 1.0, 2.0])


def test_table_off_ideal_counts_both_ways():
    assert stone.table_off_ideal(pd.Series([56.0, 53.0, 69.0])).tolist() == [0.0, 3.0, 13.0]


def alike(carat, cut, color, clarity):
    index = pd.Index(range(1, len(carat) + 1), name="diamond_id")
    grades = [pd.Series(grade, index=index, dtype="int64") for grade in (cut, color, clarity)]
    return stone.stones_alike(np.log(pd.Series(carat, index=index)), *grades).tolist()


def test_stones_alike_counts_the_others_within_five_percent():
    assert alike([1.0, 1.05, 1.06, 2.0], [4] * 4, [3] * 4, [2] * 4) == [1, 2, 1, 0]


@pytest.mark.parametrize("other", ["cut", "color", "clarity"])
def test_stones_alike_have_the_same_grades(other):
    grades = {"cut": [4, 4], "color": [3, 3], "clarity": [2, 2], other: [2, 3]}
    assert alike([1.0, 1.0], **grades) == [0, 0]


def test_stones_alike_on_real_stones(stones):
    grades = (
        stone.cut_grade(stones["cut"]),
        stone.color_grade(stones["color"]),
        stone.clarity_grade(stones["clarity"]),
    )
    found = stone.stones_alike(stone.carat_log(stones["carat"]), *grades)
    # seven of 1.01 carats and one of 1.03, all Ideal, E, VS1
    assert found[18289] == 7
    assert found[27416] == 0
    assert found.dtype == "int64"
    assert found.index.name == "diamond_id"


def test_stones_alike_agrees_with_comparing_every_pair(stones):
    grades = (
        stone.cut_grade(stones["cut"]),
        stone.color_grade(stones["color"]),
        stone.clarity_grade(stones["clarity"]),
    )
    found = stone.stones_alike(stone.carat_log(stones["carat"]), *grades)
    identity = list(zip(*(grade.tolist() for grade in grades), strict=True))
    weights = stones["carat"].tolist()
    expected = [
        sum(
            one != other
            and identity[one] == identity[other]
            and max(weights[one], weights[other]) <= 1.05 * min(weights[one], weights[other]) + 1e-9
            for other in range(len(weights))
        )
        for one in range(len(weights))
    ]
    assert found.tolist() == expected


def test_depth_from_measures_is_near_the_certificate(stones, volume):
    columns = (stones[name] for name in ("length_mm", "width_mm", "height_mm"))
    found = stone.depth_from_measures(*columns, volume)
    assert found[1] == pytest.approx(61.3, abs=0.05)
    assert found[[*UNMEASURED, *MISTYPED]].isna().all()


def test_is_colorless_is_d_e_or_f():
    assert stone.is_colorless(pd.Series(list("DEFGJ"))).tolist() == [True, True, True, False, False]


@pytest.fixture
def measured(source_csv):
    stones = source_csv("diamonds")
    return stones[~stones["diamond_id"].isin([*UNMEASURED, *MISTYPED])]


def test_a_snapshot_of_real_stones_passes_every_check(run_table, measured):
    made = run_table(stone, diamonds=measured).set_index("diamond_id")
    assert len(made) == len(measured)
    assert made.loc[285, ["carat_log", "cut_grade", "color_grade", "clarity_grade"]].tolist() == [
        0.0,
        3,
        1,
        1,
    ]
    assert "is_colorless" not in made


def test_a_stock_of_which_many_stones_are_not_measured_is_refused(run_table, source_csv):
    with pytest.raises(WorkFailed, match="volume_mm3"):
        run_table(stone, diamonds=source_csv("diamonds"))


@pytest.mark.parametrize(
    ("column", "garbage", "feature"),
    [
        ("carat", 0.001, "carat_log"),
        ("carat", None, "carat_log"),
        ("cut", "Splendid", "cut_grade"),
        ("color", "Z", "color_grade"),
        ("clarity", "FL", "clarity_grade"),
        ("depth_percent", 618.0, "depth_off_ideal"),
        ("table_percent", 570.0, "table_off_ideal"),
    ],
)
def test_a_stock_of_garbage_is_refused(column, garbage, feature, run_table, measured):
    with pytest.raises(WorkFailed, match=feature):
        run_table(stone, diamonds=measured.assign(**{column: garbage}))
