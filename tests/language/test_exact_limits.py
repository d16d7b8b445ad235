"""The work that an expression may do is counted exactly: a program ends the same way on every machine.

Each row has an expression, a list of one item or a text of one character, and how many times this may be
repeated. When the cost of an operation changes on purpose, its row changes too.
"""

from __future__ import annotations

from typing import Any

import pytest

from visprog import ExpressionError
from visprog.language.expression import parse_expression


def many(source: str, by: str, count: int = 40) -> str:
    return by.join([source] * count)


WITH_X, ALONE = "{A} + 'x'", "'{A}'"
ROWS: dict[str, tuple[str, Any, int]] = {
    "sum": ("sum({A})", [1], 5_999),
    "least": ("min({A})", [1], 5_999),
    "any": ("any({A})", ["no"], 5_999),
    "all": ("all({A})", ["yes"], 5_999),
    "sorted words": ("sorted({A})", ["x"], 2_726),
    "sorted numbers": ("sorted({A})", [1], 2_726),
    "sorted lists": ("sorted({A}) == 1", [["é"]], 1_762),
    "sorted long texts": ("sorted({A}) == 1", ["é" * 40], 2_500),
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
    "filled in texts": (f"len([{many(ALONE, ', ', 20)}])", "x", 5_000),
}


@pytest.mark.parametrize("name", ROWS)
def test_as_much_is_allowed_and_no_more(name: str) -> None:
    source, unit, most = ROWS[name]
    expression = parse_expression(source)
    expression.bind({"A": unit * most}).evaluate()
    with pytest.raises(ExpressionError):
        expression.bind({"A": unit * (most + 1)}).evaluate()
