"""Eval: arithmetic and logic over earlier answers."""

from __future__ import annotations

from visprog.language.expression import Expression
from visprog.tools import tool
from visprog.values import Scalar


@tool("Eval", parameter_aliases={"expr": ("expression",)})
def evaluate(expr: Expression) -> Scalar:
    """Evaluate an expression in which `{NAME}` stands for a variable: `'{ANSWER0} + {ANSWER1} == 6'`.

    Arithmetic, comparisons, `and`, `or`, `xor`, `not`, `x if c else y`, `in`, and the functions len, min,
    max, sum, abs, round, int, float, str, sorted, any, all and lower. Answers count as what is wanted:
    'yes' as true, 'two' as 2.
    """
    value: Scalar = expr.evaluate()
    return value
