"""Evaluate an Eval expression: a table from nodes to functions, and the built-in functions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from visprog.errors import ExpressionError
from visprog.language import coercion
from visprog.language.coercion import Number
from visprog.language.expression_tree import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Constant,
    Index,
    ListOf,
    Logic,
    Node,
    Reference,
    Text,
    Unary,
)
from visprog.language.limits import Budget, bounded, check_size

Remark: TypeAlias = Callable[[str], None]
"""Receives remarks on a value that may not mean what the program's author expects."""


class _Scope(NamedTuple):
    """The values of the variables, the remaining work budget, and the receiver of remarks."""

    values: Mapping[str, Any]
    budget: Budget
    remark: Remark


def evaluate(node: Node, values: Mapping[str, Any], remark: Remark = lambda _: None) -> Any:
    """Return the value of a node. Raise ExpressionError if the values do not fit or the budget is used up."""
    return _value(node, _Scope(values, Budget(), remark))


def _value(node: Node, scope: _Scope) -> Any:
    scope.budget.spend(5)
    return _EVALUATE[type(node)](node, scope)


def _reference(node: Reference, scope: _Scope) -> Any:
    try:
        return scope.values[node.name]
    except KeyError:
        raise ExpressionError(f"`{node.name}` has no value") from None


def _text(node: Text, scope: _Scope) -> str:
    parts = [coercion.text(_value(part, scope), scope.budget) for part in node.parts]
    return coercion.joined(parts, scope.budget)


def _list(node: ListOf, scope: _Scope) -> list[Any]:
    items = [_value(item, scope) for item in node.items]
    check_size(items, budget=scope.budget)
    return items


def _arithmetic(node: Binary, scope: _Scope) -> Any:
    left, right = _value(node.left, scope), _value(node.right, scope)
    return coercion.arithmetic(node.operator, left, right, scope.budget)


def _logic(node: Logic, scope: _Scope) -> bool:
    operands = (coercion.boolean(_value(each, scope)) for each in node.operands)
    if node.operator == "and":
        return all(operands)
    if node.operator == "or":
        return any(operands)
    return sum(operands) % 2 == 1


def _comparison(node: Comparison, scope: _Scope) -> bool:
    left = _value(node.operands[0], scope)
    for sign, operand in zip(node.operators, node.operands[1:], strict=True):
        right = _value(operand, scope)
        if not _COMPARE_BY[sign](left, right, scope.budget):
            return False
        left = right
    return True


def _conditional(node: Conditional, scope: _Scope) -> Any:
    chosen = node.then if coercion.boolean(_value(node.condition, scope)) else node.otherwise
    return _value(chosen, scope)


def _unary(node: Unary, scope: _Scope) -> Number | bool:
    value = _value(node.operand, scope)
    if node.operator == "not":
        return not coercion.boolean(value)
    number = coercion.number(value, f"`{node.operator}`")
    return -number if node.operator == "-" else +number


def _call(node: Call, scope: _Scope) -> Any:
    function = FUNCTIONS[node.function][2]
    arguments = [_value(each, scope) for each in node.arguments]
    if node.function == "all" and arguments == [[]]:
        scope.remark("`all` of an empty list is True: there is no item that could be false")
    return bounded(function(scope.budget, *arguments), scope.budget)


def _index(node: Index, scope: _Scope) -> Any:
    items = _value(node.items, scope)
    if not isinstance(items, list | tuple):
        raise ExpressionError(f"`[...]` takes an item of a list, found {coercion.describe(items)}")
    place = coercion.number(_value(node.index, scope), "the index of a list")
    if place != int(place):
        raise ExpressionError(f"the index of a list must be a whole number, found {place}")
    if not -len(items) <= place < len(items):
        counted = f"{len(items)} item{'' if len(items) == 1 else 's'}"
        raise ExpressionError(
            f"the list has {counted}, so there is none at index {int(place)}",
            help="the first item has the index 0, the last one -1",
        )
    return items[int(place)]


_EVALUATE: dict[type, Callable[[Any, _Scope], Any]] = {
    Constant: lambda node, scope: node.value,  # noqa: ARG005
    Reference: _reference,
    Text: _text,
    ListOf: _list,
    Unary: _unary,
    Binary: _arithmetic,
    Logic: _logic,
    Comparison: _comparison,
    Conditional: _conditional,
    Call: _call,
    Index: _index,
}

_COMPARE_BY: dict[str, Callable[[Any, Any, Budget], bool]] = {
    "==": partial(coercion.compared, "=="),
    "!=": lambda a, b, budget: not coercion.compared("!=", a, b, budget),
    "<": partial(coercion.ordered, "<", operator.lt),
    "<=": partial(coercion.ordered, "<=", operator.le),
    ">": partial(coercion.ordered, ">", operator.gt),
    ">=": partial(coercion.ordered, ">=", operator.ge),
    "in": coercion.contains,
    "not in": lambda a, b, budget: not coercion.contains(a, b, budget),
}


def _sequence(name: str, value: Any, budget: Budget) -> list[Any]:
    """Return the items of a list; spend the work of reading each one."""
    if not isinstance(value, list | tuple):
        raise ExpressionError(f"`{name}` takes a list, not {coercion.describe(value)}")
    budget.spend(10 * len(value))
    return list(value)


def _extreme(name: str, sign: int) -> Callable[..., Any]:
    def extreme(budget: Budget, *values: Any) -> Any:
        items = _sequence(name, values[0] if len(values) == 1 else values, budget)
        if not items:
            raise ExpressionError(f"`{name}` needs at least one value")
        return max(items, key=lambda item: sign * coercion.number(item, f"`{name}`"))

    return extreme


def _sum(budget: Budget, value: Any) -> Number:
    return sum(coercion.number(each, "`sum`") for each in _sequence("sum", value, budget))


def _any(budget: Budget, value: Any) -> bool:
    return any(coercion.boolean(each) for each in _sequence("any", value, budget))


def _all(budget: Budget, value: Any) -> bool:
    return all(coercion.boolean(each) for each in _sequence("all", value, budget))


def _length(budget: Budget, value: Any) -> int:  # noqa: ARG001 - every function gets the budget
    if not isinstance(value, str | list | tuple):
        raise ExpressionError(f"`len` takes text or a list, not {coercion.describe(value)}")
    return len(value)


def _round(budget: Budget, value: Any, digits: Any = 0) -> Number:  # noqa: ARG001
    places = coercion.number(digits, "`round`")
    if not isinstance(places, int) or abs(places) > 20:
        raise ExpressionError(
            f"`round` takes a whole number of digits up to 20, not {coercion.describe(digits)}"
        )
    rounded = round(coercion.number(value, "`round`"), places)
    return int(rounded) if places <= 0 else rounded


def _sorted(budget: Budget, value: Any) -> list[Any]:
    items = _sequence("sorted", value, budget)
    budget.spend(10 * len(items))
    if all(coercion.is_number(item) for item in items):
        return sorted(items, key=lambda item: coercion.number(item, "`sorted`"))
    return sorted(items, key=lambda item: _folded(item, budget))


def _folded(value: Any, budget: Budget) -> str:
    text = coercion.text(value, budget)
    budget.spend(0, len(text))
    return text.casefold()


def _count(budget: Budget, value: Any, *searched: Any) -> int:
    items = _sequence("count", value, budget)
    return sum(coercion.equal(each, searched[0], budget) for each in items) if searched else len(items)


def _unique(budget: Budget, value: Any) -> list[Any]:
    found: dict[Any, Any] = {}
    for item in _sequence("unique", value, budget):
        found.setdefault(coercion.identity(item, budget), item)
    return list(found.values())


def _place(budget: Budget, value: Any, searched: Any) -> int:
    for place, item in enumerate(_sequence("index", value, budget)):
        if coercion.equal(item, searched, budget):
            return place
    raise ExpressionError(
        f"`index` found no item that equals {coercion.describe(searched)}",
        help="test it before with `in` or `count`",
    )


def _lower(budget: Budget, value: Any) -> str:
    text = coercion.text(value, budget)
    budget.spend(0, len(text))
    return text.lower()


_MANY = 100

FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "len": (1, 1, _length),
    "count": (1, 2, _count),
    "unique": (1, 1, _unique),
    "index": (2, 2, _place),
    "min": (1, _MANY, _extreme("min", -1)),
    "max": (1, _MANY, _extreme("max", 1)),
    "sum": (1, 1, _sum),
    "abs": (1, 1, lambda _, value: abs(coercion.number(value, "`abs`"))),
    "round": (1, 2, _round),
    "int": (1, 1, lambda _, value: int(coercion.number(value, "`int`"))),
    "float": (1, 1, lambda _, value: float(coercion.number(value, "`float`"))),
    "str": (1, 1, lambda budget, value: coercion.text(value, budget)),
    "sorted": (1, 1, _sorted),
    "any": (1, 1, _any),
    "all": (1, 1, _all),
    "lower": (1, 1, _lower),
}
"""The minimum and maximum number of arguments of each function; its first argument is the budget."""
