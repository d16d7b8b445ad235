"""The work of an expression and the size of each value are limited; limits are checked before the work."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog import ExpressionError
from visprog.language import coercion
from visprog.language.expression import parse_expression
from visprog.language.limits import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_STEPS,
    MAX_TEXT,
    MAX_WORK,
    Budget,
    bounded,
    check_size,
)


def value(source: str, **values: Any) -> Any:
    return parse_expression(source).bind(values).evaluate()


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth - 1):
        found = [found]
    return found


LONG = "x" * 14_000
TOO_MUCH = {
    "equality of nested lists": ("{A} == {B}", [[1] * 99] * 50, [[1] * 99] * 50),
    "inequality": ("{A} != {B}", [1] * 5_000, [1] * 5_000),
    "membership": ("{A} in {B}", "x", ["y"] * 9_000),
    "absence": ("{A} not in {B}", "x", ["y"] * 9_000),
    "sorting": ("sorted({A})", ["x"] * 9_000, None),
    "sorting long texts": ("sorted(sorted(sorted({A}))) == {B}", ["é" * 900] * 111, ["é" * 900] * 111),
    "the least": ("min({A})", [1] * 9_000, None),
    "the greatest": ("max({A})", ["three"] * 9_000, None),
    "a sum": ("sum({A})", [1] * 9_000, None),
    "any": ("any({A})", ["no"] * 9_000, None),
    "all": ("all({A})", ["yes"] * 9_000, None),
    "text searched again and again": (" or ".join(["{B} in {A}"] * 40), LONG, "y"),
    "text compared again and again": (" or ".join(["{A} == {B}"] * 40), LONG, "y"),
    "text ordered again and again": (" or ".join(["{A} < {B}"] * 40), LONG, "a"),
    "text lowered again and again": (" or ".join(["lower({A}) == {B}"] * 40), LONG, "y"),
    "text joined again and again": ("[" + ", ".join(["{A} + 'x'"] * 40) + "]", LONG, None),
}


@pytest.mark.parametrize("kind", TOO_MUCH)
def test_an_expression_that_exceeds_the_work_budget_fails(kind: str) -> None:
    source, first, second = TOO_MUCH[kind]
    with pytest.raises(ExpressionError, match=r"steps of work|reads and writes more") as caught:
        value(source, A=first, B=second)
    assert caught.value.help is not None


@pytest.mark.parametrize(
    "source", ["{A} == {B}", "sorted({A})", "'x1000' in {A}", "len({A} + {B})", "str({A})", "{A} != {B}"]
)
def test_lists_of_a_thousand_answers_are_within_the_limits(source: str) -> None:
    value(source, A=[f"word {place}" for place in range(1_000)], B=[f"Word {n}." for n in range(1_000)])


TOO_LARGE = {
    "text joined": ("{A} + 'x' + {A}", LONG, "28,001 characters"),
    "text with values": ("'{A}{A}'", LONG, "28,000 characters"),
    "a list as text": ("str({A})", ["x" * 900] * 100, "characters, at most 20,000"),
    "a list of lists as text": ("str({A})", [[["x" * 900] * 10] * 10], "characters, at most 20,000"),
    "a list lowered": ("lower({A})", ["x" * 900] * 100, "characters, at most 20,000"),
    "a list inside text": ("'{A}'", ["x" * 900] * 100, "characters, at most 20,000"),
    "a list of long texts": (f"[{', '.join(['{A}'] * 8)}]", LONG, "more than 100,000 characters"),
    "lists of long texts joined": ("{A} + {A}", [LONG] * 4, "more than 100,000 characters"),
    "lists joined": ("{A} + {A}", [1] * 6_000, "more than 10,000 values"),
    "one list many times": (f"[{', '.join(['{A}'] * 90)}]", [1] * 120, "more than 10,000 values"),
    "a list in lists": (f"{'[' * 30}{{A}}{']' * 30}", nested(20), "nested more than 40 levels deep"),
}


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_a_result_that_is_too_large_is_not_built(kind: str) -> None:
    source, given_value, message = TOO_LARGE[kind]
    expression = parse_expression(source).bind({"A": given_value})
    tracemalloc.start()
    try:
        with pytest.raises(ExpressionError, match=message):
            expression.evaluate()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_a_value_at_its_limit_is_allowed() -> None:
    check_size([1] * MAX_ITEMS)
    check_size(["x" * MAX_CHARACTERS])
    check_size(nested(MAX_DEPTH))
    bounded("x" * MAX_TEXT)
    Budget().spend(MAX_STEPS, MAX_WORK)


@pytest.mark.parametrize(
    "large",
    [[1] * (MAX_ITEMS + 1), ["x" * (MAX_CHARACTERS + 1)], nested(MAX_DEPTH + 1), "x" * (MAX_TEXT + 1)],
)
def test_a_value_one_above_its_limit_is_rejected(large: Any) -> None:
    with pytest.raises(ExpressionError):
        bounded(large)


def test_a_list_that_contains_itself_is_rejected() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ExpressionError, match="nested more than 40 levels deep"):
        check_size(endless)
    with pytest.raises(ExpressionError, match="nested more than 40 levels deep"):
        check_size({"a": endless})


ANSWERS = st.recursive(
    st.one_of(
        st.integers(-5, 5), st.booleans(), st.text(max_size=5), st.sampled_from(["yes", "two", "Red."])
    ),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@given(ANSWERS, ANSWERS)
def test_a_budget_does_not_change_a_result(left: Any, right: Any) -> None:
    assert coercion.equal(left, right) == coercion.equal(left, right, Budget())
    assert coercion.text(left) == coercion.text(left, Budget())


@given(st.lists(st.one_of(st.integers(), st.text(max_size=5), st.lists(st.text(max_size=3), max_size=3))))
def test_the_text_of_a_list_is_its_joined_items(items: list[Any]) -> None:
    assert coercion.text(items) == ", ".join(coercion.text(item) for item in items)


@pytest.mark.parametrize("answer", ["Yes!", "yes.", " YES!! ", "Yes"])
def test_a_final_exclamation_mark_is_ignored_in_comparisons(answer: str) -> None:
    assert value("{A} == 'yes' and {A}", A=answer) is True
    assert value("{A} in ['no', 'yes']", A=answer) is True


def test_exclamation_marks_are_kept_in_text() -> None:
    assert value("'{A}!'", A="Stop!") == "Stop!!"
    assert value("{A} + '!'", A="Go") == "Go!"
    assert value("'Go!' in {A}", A="Go") is False
    assert value("'Go!' == {A}", A="Go") is True
