"""The work that an expression may do is counted exactly: a program ends the same way on every machine.

Each row has an expression, a list of one item or a text of one character, and how many times this may be
repeated. When the cost of an operation changes on purpose, its row changes too.
"""

from __future__ import annotations

from typing import Any

import pytest

from visprog import ExpressionError
from visprog.language import expression as expression_module
from visprog.language import limits, parser, statement
from visprog.language.expression import parse_expression


def many(source: str, by: str, count: int = 40) -> str:
    return by.join([source] * count)


WITH_X, WITH_X_FIRST, ALONE = "{A} + 'x'", "'x' + {A}", "'{A}'"
ROWS: dict[str, tuple[str, Any, int]] = {
    "sum": ("sum({A})", [1], 5_999),
    "least": ("min({A})", [1], 5_999),
    "any": ("any({A})", ["no"], 5_999),
    "all": ("all({A})", ["yes"], 5_999),
    "sorted words": ("sorted({A})", ["x"], 2_726),
    "sorted numbers": ("sorted({A})", [1], 2_726),
    "sorted lists": ("sorted({A}) == []", [["é"]], 1_762),
    "sorted long texts": ("sorted({A}) == []", ["é" * 40], 2_500),
    "equal lists": ("{A} == {A}", [1], 1_998),
    "searched list": ("'x' in {A}", ["y"], 1_999),
    "list as text": ("str({A})", [1], 6_667),
    "joined lists": ("len({A} + {A})", [1], 5_000),
    "list in a list": ("len([{A}])", [1], 9_999),
    "equal texts": (many("{A} == 'y'", " or "), "x", 9_999),
    "ordered texts": (many("{A} < 'a'", " or "), "x", 9_999),
    "searched text": (many("'y' in {A}", " or "), "x", 9_999),
    "searched for": (many("{A} in 'y'", " or "), "x", 9_999),
    "lowered text": (many("lower({A}) == 'y'", " or "), "x", 4_999),
    "joined texts": (f"len([{many(WITH_X, ', ', 20)}])", "x", 4_999),
    "lists joined to text": (f"len([{many(WITH_X, ', ', 20)}])", ["x"], 591),
    "text and list joined": (f"len([{many(WITH_X_FIRST, ', ', 20)}])", ["x"], 591),
    "long lists as text": (f"[{many('len(str({A}))', ', ')}]", ["x" * 100], 100),
    "lists as text": (f"len([{many('str({A})', ', ', 20)}])", ["x"], 597),
    "lists lowered": (f"len([{many('lower({A})', ', ', 20)}])", ["x"], 597),
    "lists filled in": (f"len([{many(ALONE, ', ', 20)}])", ["x"], 597),
    "text filled in": (f"[{many('len(' + chr(39) + '{A}x' + chr(39) + ')', ', ')}]", "x", 9_999),
    "lists joined many times": (f"[{many('len({A} + {A})', ', ', 20)}]", [1], 734),
    "filled in texts": (f"len([{many(ALONE, ', ', 20)}])", "x", 5_000),
}

STEPS: dict[str, tuple[str, int]] = {
    "searched texts": (many("'y' in {A}", " or "), 1_952),
    "ordered texts": (many("{A} < 'a'", " or "), 1_952),
    "equal texts": (many("{A} == 'a'", " or "), 1_939),
    "added numbers": (f"0 == {many('1', ' + ', 30)}", 1_968),
}
"""Expressions, and how long a list may be that is searched besides."""


@pytest.mark.parametrize("name", STEPS)
def test_so_many_steps_are_left_for_a_list(name: str) -> None:
    source, most = STEPS[name]
    expression = parse_expression(f"{source} or 'y' in {{B}}")
    expression.bind({"A": "x", "B": ["x"] * most}).evaluate()
    with pytest.raises(ExpressionError):
        expression.bind({"A": "x", "B": ["x"] * (most + 1)}).evaluate()


def test_the_limits_are_these() -> None:
    assert (parser.MAX_TEXT, parser.MAX_LINE, parser.MAX_STEPS, statement.MAX_NESTING) == (
        100_000,
        5_000,
        200,
        8,
    )
    assert (expression_module.MAX_LENGTH, expression_module.MAX_NODES, expression_module.MAX_DEPTH) == (
        2_000,
        300,
        40,
    )
    assert (limits.MAX_BITS, limits.MAX_TEXT, limits.MAX_ITEMS) == (256, 20_000, 10_000)
    assert (limits.MAX_CHARACTERS, limits.MAX_DEPTH) == (100_000, 40)
    assert (limits.MAX_STEPS, limits.MAX_WORK) == (60_000, 400_000)


@pytest.mark.parametrize("name", ROWS)
def test_as_much_is_allowed_and_no_more(name: str) -> None:
    source, unit, most = ROWS[name]
    expression = parse_expression(source)
    expression.bind({"A": unit * most}).evaluate()
    with pytest.raises(ExpressionError):
        expression.bind({"A": unit * (most + 1)}).evaluate()


@pytest.mark.parametrize("source", ["sum([{A}, {A}])", "sum([{A}, 0]) + {A}", "{A} + {A}", "{A} * 2"])
def test_whatever_computes_a_number_keeps_to_its_limit(source: str) -> None:
    expression = parse_expression(source)
    assert expression.bind({"A": 2**254}).evaluate() == 2**255
    with pytest.raises(ExpressionError):
        expression.bind({"A": 2**255}).evaluate()


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("sum({A})", [1] * 6_000),
        ("[{A}]", [1] * 10_000),
        ("[{A}, {A}, {A}, {A}, {A}, {A}]", "x" * 20_000),
        (many("lower({A}) == 'y'", " or "), "x" * 5_000),
    ],
)
def test_what_is_too_much_has_advice(source: str, given: object) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(source).bind({"A": given}).evaluate()
    assert "shorter" in (caught.value.help or "")
