"""Declarations, as a test of an author meets them: plain Python objects that refuse what is wrong at once."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

import featuremart
from featuremart import FeatureTable, Model, as_of, check, rejected, snapshot, window
from featuremart.authoring.durations import format_duration, parse_duration
from featuremart.authoring.refusal import DeclarationError
from featuremart.authoring.sizes import MEMORY_BY_CPU, need_size
from featuremart.errors import UsageError


def test_what_an_author_may_import():
    assert featuremart.__all__ == [
        "FeatureTable", "Model", "__version__", "as_of", "check", "rejected", "snapshot", "window",
    ]  # fmt: skip


def test_a_model_has_a_size_and_a_deadline_without_saying_so():
    model = Model(owner="team@example.com", predicts="delay")
    assert (model.cpu, model.memory, model.spot, model.deadline) == (1024, 4096, True, "1h")


def test_the_three_kinds_of_tables():
    row = FeatureTable(
        source="flights",
        keys=["flight_id"],
        event_time="scheduled_departure",
        lookups={"weather": as_of(on=["origin"], tolerance="3h")},
    )
    assert (row.source_name, row.keys) == ("flights", ("flight_id",))
    assert (
        FeatureTable(source=window("flights", days=28), keys=["carrier"], delay="6h").source_name == "flights"
    )
    assert FeatureTable(source=snapshot("planes"), keys=["tailnum"]).source_name == "planes"


def test_declarations_do_not_change():
    table = FeatureTable(source=snapshot("planes"), keys=["tailnum"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        table.min_rows = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        Model(owner="o", predicts="p").owner = "x"


def test_decorators_return_the_function_unchanged():
    def feature(distance):
        """Distance."""
        return distance

    before = dict(vars(feature))
    assert check(between=(0, 1), nulls=0.1, unique=True, isin={0, 1}, matches="a+")(feature) is feature
    assert rejected("no gain")(feature) is feature
    assert vars(feature) == before


ROW = {"source": "flights", "keys": ["k"], "event_time": "t"}
WINDOW = {"source": window("flights", days=2), "keys": ["k"]}

WRONG = [
    (lambda: Model(owner="", predicts="p"), "owner", "owner is a text, not ''", 'write owner="team@example.com"'),
    (lambda: Model(owner=3, predicts="p"), "owner", "owner is a text, not 3", 'write owner="team@example.com"'),
    (lambda: Model(owner="o", predicts=None), "predicts", "predicts is a text, not None", 'write predicts="arrival delay in minutes"'),
    (lambda: Model(owner="o", predicts="p", cpu="1"), "cpu", "Fargate has no task with cpu='1'", "write one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 is one vCPU)"),
    (lambda: Model(owner="o", predicts="p", cpu=True), "cpu", "Fargate has no task with cpu=True", "write one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 is one vCPU)"),
    (lambda: Model(owner="o", predicts="p", cpu=256, memory=4096), "memory", "Fargate has no task with cpu=256 and memory=4096", "write memory=1024 or 2048 (MiB; 512 to 2048 go with cpu=256)"),
    (lambda: Model(owner="o", predicts="p", memory="4GiB"), "memory", "Fargate has no task with cpu=1024 and memory='4GiB'", "write memory=2048 or 3072 (MiB; 2048 to 8192 go with cpu=1024)"),
    (lambda: Model(owner="o", predicts="p", spot=1), "spot", "spot is True or False, not 1", "write spot=True"),
    (lambda: Model(owner="o", predicts="p", deadline=3600), "deadline", "deadline is a duration, not 3600", 'write deadline="3h" (letters: d, h, m, s)'),
    (lambda: window("flights", days=0), "days", "days is a whole number from 1 on, not 0", "write days=1 or more"),
    (lambda: window("flights", days=1.5), "days", "days is a whole number from 1 on, not 1.5", "write days=1 or more"),
    (lambda: window("Flights", days=1), "source", "source is a name in lower case, not 'Flights'", 'write it like "flights"'),
    (lambda: snapshot(3), "source", "source is a name in lower case, not 3", 'write it like "planes"'),
    (lambda: as_of(on="origin", tolerance="3h"), "on", "on is a list of names, not 'origin'", 'write on=["origin"]'),
    (lambda: as_of(on=[], tolerance="3h"), "on", "on is empty", 'write on=["origin"]'),
    (lambda: as_of(on=["a"], tolerance="0h"), "tolerance", "tolerance is a duration, not '0h'", 'write tolerance="3h" (letters: d, h, m, s)'),
    (lambda: FeatureTable(**{**ROW, "source": 3}), "source", "source is a name in lower case, not 3", 'write it like "flights"'),
    (lambda: FeatureTable(**{**ROW, "keys": "k"}), "keys", "keys is a list of names, not 'k'", 'write keys=["flight_id"]'),
    (lambda: FeatureTable(**{**ROW, "keys": ["k", "k"]}), "keys", "keys names k twice", "name each column once"),
    (lambda: FeatureTable(**{**ROW, "keys": [["k"]]}), "keys", "keys is a name in lower case, not ['k']", 'write it like "flight_id"'),
    (lambda: FeatureTable(**{**ROW, "event_time": None}), "source", "a table with one row for each row of its source needs its event time", 'write event_time="...", or source=window("flights", days=28), or source=snapshot("flights")'),
    (lambda: FeatureTable(**{**ROW, "delay": "1h"}), "delay", "delay is for window tables only", "leave delay out"),
    (lambda: FeatureTable(**{**ROW, "lookups": ["weather"]}), "lookups", "lookups is a dict, not ['weather']", 'write lookups={"weather": as_of(on=["origin"], tolerance="3h")}'),
    (lambda: FeatureTable(**{**ROW, "lookups": {"weather": "3h"}}), "lookups", "the lookup weather is '3h', not as_of(...)", 'write lookups={"weather": as_of(on=["origin"], tolerance="3h")}'),
    (lambda: FeatureTable(**{**ROW, "min_rows": -1}), "min_rows", "min_rows is a whole number from 0 on, not -1", "write min_rows=0 or more"),
    (lambda: FeatureTable(**{**ROW, "owner": ""}), "owner", "owner is a text, not ''", 'write owner="team@example.com"'),
    (lambda: FeatureTable(**{**ROW, "cpu": 100}), "cpu", "Fargate has no task with cpu=100", "write one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 is one vCPU)"),
    (lambda: FeatureTable(**{**ROW, "memory": 100}), "memory", "memory is a whole number from 512 on, not 100", "write memory=512 or more"),
    (lambda: FeatureTable(**{**ROW, "spot": "no"}), "spot", "spot is True or False, not 'no'", "write spot=True"),
    (lambda: FeatureTable(**{**ROW, "deadline": ""}), "deadline", "deadline is a duration, not ''", 'write deadline="3h" (letters: d, h, m, s)'),
    (lambda: FeatureTable(**{**WINDOW, "event_time": "t"}), "event_time", "a window table has no event time", "leave event_time out"),
    (lambda: FeatureTable(**{**WINDOW, "delay": "soon"}), "delay", "delay is a duration, not 'soon'", 'write delay="3h" (letters: d, h, m, s)'),
    (lambda: FeatureTable(**{**WINDOW, "lookups": {"weather": as_of(on=["k"], tolerance="3h")}}), "lookups", "a lookup is joined as of the event time, which only a table with one row an event has", "leave lookups out"),
    (check, "", "@check demands nothing", "write @check(between=(0, 100)), or leave it out"),
    (lambda: check(between=3), "between", "between is a pair, not 3", "write between=(lowest, highest), with None for an open end"),
    (lambda: check(between=(1, 0)), "between", "between is reversed: 1 is more than 0", "write between=(0, 1)"),
    (lambda: check(between=(0, "a")), "between", "the ends of between are of two kinds: 0 and 'a'", "write between=(lowest, highest), with None for an open end"),
    (lambda: check(between=(None, None)), "between", "between is open at both ends", "write between=(lowest, highest), with None for an open end"),
    (lambda: check(nulls=1.5), "nulls", "nulls is True, False or a share from 0 to 1, not 1.5", "write nulls=False, or nulls=0.05 for at most 5 %"),
    (lambda: check(unique=1), "unique", "unique is True or False, not 1", "write unique=True"),
    (lambda: check(isin="EWR"), "isin", "isin is a list of allowed values, not 'EWR'", 'write isin=["EWR", "JFK"]'),
    (lambda: check(isin=[]), "isin", "isin is a list of allowed values, not []", 'write isin=["EWR", "JFK"]'),
    (lambda: check(matches="("), "matches", "matches is no regular expression: missing ), unterminated subpattern at position 0", 'write matches="[A-Z]{3}"'),
    (lambda: rejected(""), "finding", "@rejected needs the finding", 'write @rejected("what it showed")'),
    (lambda: rejected(len), "finding", "@rejected needs the finding", 'write @rejected("what it showed")'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("declare", "argument", "message", "instead"), WRONG, ids=[wrong[2] for wrong in WRONG]
)
def test_a_wrong_declaration_is_refused_where_it_is_written(declare, argument, message, instead):
    with pytest.raises(DeclarationError) as caught:
        declare()
    assert (caught.value.argument, caught.value.message, caught.value.instead) == (argument, message, instead)
    assert isinstance(caught.value, UsageError)


@given(st.timedeltas(min_value=dt.timedelta(seconds=1), max_value=dt.timedelta(days=10_000)))
def test_durations_are_read_as_they_are_written(duration):
    whole = dt.timedelta(seconds=int(duration.total_seconds()))
    assert parse_duration(format_duration(whole)) == whole


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3h", 10800), ("90m", 5400), ("1h30m", 5400), ("1h 30m", 5400), ("2d", 172800), (" 5s ", 5)],
)
def test_durations(text, seconds):
    assert parse_duration(text).total_seconds() == seconds


def refusal(declare, *arguments):
    """Return the error that a declaration ends with, None for none."""
    try:
        declare(*arguments)
    except DeclarationError as error:
        return error
    return None


@given(st.text(max_size=6) | st.integers() | st.none())
def test_any_other_duration_is_refused(value):
    refused = refusal(parse_duration, value)
    assert repr(value) in refused.message if refused else parse_duration(value) > dt.timedelta(0)


@given(st.sampled_from(sorted(MEMORY_BY_CPU)), st.integers(0, 200_000))
def test_a_refused_size_names_sizes_that_are_offered(cpu, memory):
    refused = refusal(need_size, cpu, memory)
    assert (refused is None) is (memory in MEMORY_BY_CPU[cpu])
    if refused:
        proposed = refused.instead.removeprefix("write memory=").partition(" (")[0].split(" or ")
        assert [refusal(need_size, cpu, int(size)) for size in proposed] == [None, None]
