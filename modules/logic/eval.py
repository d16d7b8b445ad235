"""Eval: arithmetic and logic with earlier results."""

from __future__ import annotations

from visprog.language.expression import Expression
from visprog.tools import Warn, tool
from visprog.values import Scalar


@tool("Eval", parameter_aliases={"expr": ("expression",)})
def evaluate(expr: Expression, *, warn: Warn) -> Scalar | list[Scalar]:
    """Evaluate an expression in which `{NAME}` stands for a variable: `'{ANSWER0} + {ANSWER1} == 6'`.

    Arithmetic, comparisons, `and`, `or`, `xor`, `not`, `x if c else y`, `in`, `{A}[0]`, and the functions
    len, count, min, max, sum, abs, round, int, float, str, sorted, unique, index, any, all and lower.
    `count({A})` counts the items of a list, `count({A}, 'yes')` those that equal 'yes', and
    `index({A}, 'red')` is the place of the first that equals 'red', from 0. Answers are converted if needed:
    'yes' is true, 'two' is 2.
    """
    value: Scalar | list[Scalar] = expr.evaluate(warn)
    return value
