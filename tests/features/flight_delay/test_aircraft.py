"""The register of aircraft, its odd spellings and gaps, on real entries."""

from __future__ import annotations

import pandas as pd
import pytest

from features.flight_delay import aircraft


@pytest.fixture
def planes(source_csv):
    """Real entries by tail number, as the engine hands their columns."""
    return source_csv("planes").set_index("tailnum", drop=False)


def test_year_built_is_null_where_the_register_has_none(planes):
    found = aircraft.year_built(planes["year"])
    assert found["N10156"] == 2004
    assert found.isna().sum() == planes["year"].isna().sum() > 0
    assert found.dtype == "Int64"


def test_seat_count_is_that_of_the_register(planes):
    found = aircraft.seat_count(planes["seats"])
    assert (found["N102UW"], found["N201AA"], found["N281AT"]) == (182, 2, 375)


def test_engine_count_is_that_of_the_register(planes):
    found = aircraft.engine_count(planes["engines"])
    assert (found["N102UW"], found["N201AA"], found["N281AT"], found["N905FJ"]) == (2, 1, 4, 3)


def test_maker_has_one_name_for_each(planes):
    found = aircraft.maker(planes["manufacturer"]).groupby(planes["manufacturer"]).first()
    assert found["AIRBUS"] == found["AIRBUS INDUSTRIE"] == "AIRBUS"
    assert found["CANADAIR"] == found["CANADAIR LTD"] == found["BOMBARDIER INC"] == "BOMBARDIER"
    spellings = [name for name in found.index if "DOUGLAS" in name]
    assert len(spellings) == 4
    assert set(found[spellings]) == {"MCDONNELL DOUGLAS"}


def test_maker_of_a_small_workshop_is_other_and_of_none_is_null():
    found = aircraft.maker(pd.Series(["STEWART MACO", None, "BOEING"], dtype="str"))
    assert found.iloc[0] == "OTHER"
    assert pd.isna(found.iloc[1])
    assert found.iloc[2] == "BOEING"


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("737-7H4", "737"),
        ("A320-232", "A320"),
        ("CL-600-2B19", "CL-600"),
        ("EMB-145XR", "EMB-145"),
        ("ERJ 190-100 IGW", "ERJ 190"),
        ("MD-88", "MD-88"),
        ("DC-9-82(MD-82)", "MD-82"),
        ("A185F", None),  # a Cessna
        ("A109E", None),  # a helicopter
        ("150", None),
    ],
)
def test_family_of_a_model(model, family):
    found = aircraft.family(pd.Series([model], dtype="str")).iloc[0]
    assert found == family if family else pd.isna(found)


def test_family_is_null_where_the_model_is(planes):
    model = planes["model"].copy()
    model.iloc[0] = None
    assert pd.isna(aircraft.family(model).iloc[0])


def test_engine_kind_is_that_of_the_register(planes):
    assert aircraft.engine_kind(planes["engine"])["N10156"] == "Turbo-fan"


def test_cruising_speed_is_null_for_airliners(planes):
    found = aircraft.cruising_speed(planes["speed"])
    assert found["N381AA"] == 232
    assert pd.isna(found["N102UW"])


def test_the_register_keeps_its_order_and_keys(planes):
    for name in ("year_built", "maker", "family"):
        column = {"year_built": "year", "maker": "manufacturer", "family": "model"}[name]
        found = getattr(aircraft, name)(planes[column])
        assert list(found.index) == list(planes.index)
        assert found.index.name == "tailnum"
