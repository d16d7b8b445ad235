"""What an Eval expression comes to: a table from nodes to functions, and the language's own functions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from visprog.errors import ExpressionError
from visprog.language import coercion
from visprog.language.coercion import Number
from visprog.language.expression_tree import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Constant,
    ListOf,
    Logic,
    Node,
    Reference,
    Text,
    Unary,
)

_Values: TypeAlias = Mapping[str, Any]


def evaluate(node: Node, values: Mapping[str, Any]) -> Any:
    """Return a node's value. Raises ExpressionError where the values do not fit."""
    return _EVALUATE[type(node)](node, values)


def _reference(node: Reference, values: _Values) -> Any:
    try:
        return values[node.name]
    except KeyError:
        raise ExpressionError(f"`{node.name}` has no value") from None


def _logic(node: Logic, values: _Values) -> bool:
    operands = (coercion.boolean(evaluate(each, values)) for each in node.operands)
    if node.operator == "and":
        return all(operands)
    if node.operator == "or":
        return any(operands)
    return sum(operands) % 2 == 1


def _comparison(node: Comparison, values: _Values) -> bool:
    left = evaluate(node.operands[0], values)
    for sign, operand in zip(node.operators, node.operands[1:], strict=True):
        right = evaluate(operand, values)
        if not _COMPARE_BY[sign](left, right):
            return False
        left = right
    return True


def _conditional(node: Conditional, values: _Values) -> Any:
    chosen = node.then if coercion.boolean(evaluate(node.condition, values)) else node.otherwise
    return evaluate(chosen, values)


def _unary(node: Unary, values: _Values) -> Number | bool:
    value = evaluate(node.operand, values)
    if node.operator == "not":
        return not coercion.boolean(value)
    number = coercion.number(value, f"`{node.operator}`")
    return -number if node.operator == "-" else +number


def _call(node: Call, values: _Values) -> Any:
    function = FUNCTIONS[node.function][2]
    return coercion.bounded(function(*(evaluate(each, values) for each in node.arguments)))


_EVALUATE: dict[type, Callable[[Any, _Values], Any]] = {
    Constant: lambda node, values: node.value,  # noqa: ARG005
    Reference: _reference,
    Text: lambda node, values: coercion.bounded(
        "".join(coercion.text(evaluate(p, values)) for p in node.parts)
    ),
    ListOf: lambda node, values: coercion.bounded([evaluate(item, values) for item in node.items]),
    Unary: _unary,
    Binary: lambda node, values: coercion.arithmetic(
        node.operator, evaluate(node.left, values), evaluate(node.right, values)
    ),
    Logic: _logic,
    Comparison: _comparison,
    Conditional: _conditional,
    Call: _call,
}

_COMPARE_BY: dict[str, Callable[[Any, Any], bool]] = {
    "==": coercion.equal,
    "!=": lambda a, b: not coercion.equal(a, b),
    "<": lambda a, b: coercion.ordered("<", operator.lt, a, b),
    "<=": lambda a, b: coercion.ordered("<=", operator.le, a, b),
    ">": lambda a, b: coercion.ordered(">", operator.gt, a, b),
    ">=": lambda a, b: coercion.ordered(">=", operator.ge, a, b),
    "in": coercion.contains,
    "not in": lambda a, b: not coercion.contains(a, b),
}


def _sequence(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ExpressionError(f"`{name}` takes a list, not {coercion.shown(value)}")
    return list(value)


def _extreme(name: str, sign: int) -> Callable[..., Any]:
    def extreme(*values: Any) -> Any:
        items = _sequence(name, values[0]) if len(values) == 1 else list(values)
        if not items:
            raise ExpressionError(f"`{name}` of nothing has no value")
        return max(items, key=lambda item: sign * coercion.number(item, f"`{name}`"))

    return extreme


def _length(value: Any) -> int:
    if not isinstance(value, str | list | tuple):
        raise ExpressionError(f"`len` takes text or a list, not {coercion.shown(value)}")
    return len(value)


def _round(value: Any, digits: Any = 0) -> Number:
    places = coercion.number(digits, "`round`")
    if not isinstance(places, int) or abs(places) > 20:
        raise ExpressionError(
            f"`round` takes a whole number of digits up to 20, not {coercion.shown(digits)}"
        )
    rounded = round(coercion.number(value, "`round`"), places)
    return int(rounded) if places <= 0 else rounded


def _sorted(value: Any) -> list[Any]:
    items = _sequence("sorted", value)
    if all(coercion.is_number(item) for item in items):
        return sorted(items, key=lambda item: coercion.number(item, "`sorted`"))
    return sorted(items, key=lambda item: coercion.text(item).casefold())


_MANY = 100

FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "len": (1, 1, _length),
    "min": (1, _MANY, _extreme("min", -1)),
    "max": (1, _MANY, _extreme("max", 1)),
    "sum": (1, 1, lambda value: sum(coercion.number(each, "`sum`") for each in _sequence("sum", value))),
    "abs": (1, 1, lambda value: abs(coercion.number(value, "`abs`"))),
    "round": (1, 2, _round),
    "int": (1, 1, lambda value: int(coercion.number(value, "`int`"))),
    "float": (1, 1, lambda value: float(coercion.number(value, "`float`"))),
    "str": (1, 1, coercion.text),
    "sorted": (1, 1, _sorted),
    "any": (1, 1, lambda value: any(coercion.boolean(each) for each in _sequence("any", value))),
    "all": (1, 1, lambda value: all(coercion.boolean(each) for each in _sequence("all", value))),
    "lower": (1, 1, lambda value: coercion.text(value).lower()),
}
"""Each function with the least and the greatest number of its arguments."""
