"""Eval: arithmetic and logic with earlier results."""

from __future__ import annotations

from visprog.language.expression import Expression
from visprog.tools import tool
from visprog.values import Scalar


@tool("Eval", parameter_aliases={"expr": ("expression",)})
def evaluate(expr: Expression) -> Scalar:
    """Evaluate an expression in which `{NAME}` stands for a variable: `'{ANSWER0} + {ANSWER1} == 6'`.

    Arithmetic, comparisons, `and`, `or`, `xor`, `not`, `x if c else y`, `in`, and the functions len, min,
    max, sum, abs, round, int, float, str, sorted, any, all and lower. Answers are converted
    if needed: 'yes' is true, 'two' is 2.
    """
    value: Scalar = expr.evaluate()
    return value
