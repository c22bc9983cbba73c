"""What ``${...}`` gives, and that it can do no harm."""

from __future__ import annotations

import datetime as dt
import json
import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featuremart.workflow.expressions import evaluate, evaluate_text
from featuremart.workflow.template import split_text
from featuremart.workflow.values import ConfigError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)
PLAIN = st.text(st.characters(exclude_categories=["Cs"]).filter(lambda one: one != "$"))


@settings(deadline=None)
@given(value=JSON)
def test_any_parameter_comes_back_from_an_expression_as_its_json(value) -> None:
    shown = evaluate_text("${JSON.stringify({v: value})}", {"value": value})

    # JavaScript has one kind of number
    assert json.loads(shown, parse_int=float) == {"v": value}


@settings(deadline=None)
@given(before=PLAIN, value=PLAIN, after=PLAIN)
def test_text_around_an_expression_stays_as_it_is(before: str, value: str, after: str) -> None:
    assert evaluate_text(f"{before}${{value}}{after}", {"value": value}) == before + value + after


@given(text=st.text(st.sampled_from("${}:a'\n ")))
def test_a_split_text_loses_nothing_but_braces_and_double_dollars(text: str) -> None:
    parts = split_text(text)
    joined = "".join(f"${{{part.text}}}" if part.is_code else part.text for part in parts)

    assert joined.replace("$", "") == text.replace("${}", "").replace("$", "")


def test_keys_above_are_seen_evaluated_and_blocks_are_left_for_later() -> None:
    config = {
        "a": "${n + 1}",
        "b": "${a}!",
        "inner": {"c": "${n}", "d": "${c}?"},
        "_do": {"e": "${later}"},
        "l": ["${a}"],
    }

    assert evaluate(config, {"n": 1}) == {
        "a": "2",
        "b": "2!",
        "inner": {"c": "1", "d": "1?"},
        "_do": {"e": "${later}"},
        "l": ["2"],
    }


@settings(deadline=None, max_examples=40)
@given(
    seconds=st.integers(0, 4_000_000_000),
    timezone=st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "+05:45"]),
)
def test_moments_are_shown_in_the_workflows_time_zone(seconds: int, timezone: str) -> None:
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    tz = dt.timezone(dt.timedelta(hours=5, minutes=45)) if timezone.startswith("+") else ZoneInfo(timezone)
    variables = {"timezone": timezone, "t": moment.isoformat()}

    shown = evaluate_text("${moment(t).format()}|${new Date(t).getHours()}|${moment(t).unix()}", variables)

    local = moment.astimezone(tz)
    assert shown == f"{local.isoformat()}|{local.hour}|{int(moment.timestamp())}"


def test_a_wall_time_is_meant_in_the_workflows_time_zone() -> None:
    shown = evaluate_text(
        "${new Date(2026, 6, 1, 9, 30).toISOString()}|${moment('2026-03-08T02:30').format()}",
        {"timezone": "America/New_York"},
    )

    assert shown == "2026-07-01T13:30:00.000Z|2026-03-08T03:30:00-04:00"


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("moment.utc('2026-01-15T00:00:00Z').format()", "2026-01-15T00:00:00Z"),
        ("moment('2026-01-15').isSameOrBefore('2026-01-15')", "true"),
        ("moment('2026-01-15').isBetween('2026-01-15', '2026-01-16', null, '[]')", "true"),
        ("'a.b'.replaceAll('[.]', '-')", "a-b"),
        ("typeof from === 'undefined' ? 'none' : from", "none"),
        ("this.n + 1", "4"),
        (
            "[typeof Map, typeof Promise, typeof globalThis, typeof [].includes].join()",
            "undefined,undefined,undefined,undefined",
        ),
    ],
)
def test_an_expression_finds_what_a_server_has(expression: str, shown: str) -> None:
    assert evaluate_text(f"${{{expression}}}", {"n": 3}) == shown


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("nope", "ReferenceError: nope is not defined"),
        ("n.a.b", "TypeError: Cannot read property 'b' of undefined"),
        ("1 +", "SyntaxError"),
        ("[n].map(x => x)", "SyntaxError: => is not in ECMAScript 5"),
        ("`${n}`", "SyntaxError: ` is not in ECMAScript 5"),
        ("(function f() { return f() })()", "stack overflow"),
    ],
)
def test_an_expression_that_fails_says_why(expression: str, cause: str) -> None:
    with pytest.raises(ConfigError) as failed:
        evaluate_text(f"${{{expression}}}", {"n": 3})

    assert cause in str(failed.value)
    assert f"Failed to evaluate a variable ${{{expression}}}" in str(failed.value)


def test_quotes_may_hold_what_looks_like_later_syntax() -> None:
    assert evaluate_text("${'a => b ` ...' /* let */}", {}) == "a => b ` ..."


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("(function () { while (true) {} })()", "it took longer than"),
        ("(function () { var s = 'x'; while (true) { s += s } })()", "it used more than"),
    ],
)
def test_an_expression_without_end_is_ended(expression: str, cause: str, monkeypatch) -> None:
    monkeypatch.setattr("featuremart.workflow.expressions.SECONDS", 0.5)
    started = time.monotonic()

    with pytest.raises(ConfigError, match=cause):
        evaluate_text(f"${{{expression}}}", {})

    assert time.monotonic() - started < 10


def test_one_expression_leaves_nothing_for_the_next() -> None:
    evaluate_text("${(function () { leaked = 1; Array.prototype.join = null; return 1 })()}", {})

    assert evaluate_text("${typeof leaked}|${[1, 2].join('-')}", {}) == "undefined|1-2"
