"""The arguments and results of tools: conversion to the types of parameters, and checks of results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visprog.engine.cache.memory import copied
from visprog.engine.graph import Node
from visprog.errors import UsageError
from visprog.language import coercion
from visprog.language.limits import bounded, check_size
from visprog.language.program import ListValue, Value, Variable
from visprog.language.types import Type
from visprog.tools import Tool
from visprog.values import Image, Regions


def arguments_of(node: Node, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a step's tool, given the values of earlier steps.

    Raises ExpressionError and UsageError if a value does not fit.
    """
    arguments = dict(node.constants)
    for parameter, name in node.variables:
        value = values[name]
        arguments[parameter] = copied(value) if type(value) is list else value
    for parameter, items in node.lists:
        arguments[parameter] = bounded(_list(items, values))
    for parameter, expression, names in node.expressions:
        arguments[parameter] = expression.bind({written: values[name] for written, name in names})
    for parameter, kind in node.types.items():
        if parameter in arguments:
            arguments[parameter] = _converted(parameter, kind, arguments[parameter])
    return arguments


def check_result(tool: Tool, value: Any) -> None:
    """Raise TypeError if a tool's value does not have the type of its signature.

    Raises ExpressionError if the value is larger than the language allows.
    """
    expected = _RESULTS.get(tool.signature.returns)
    if expected is not None and not isinstance(value, expected):
        promised = tool.signature.returns.value
        raise TypeError(f"{tool.name} returned a {type(value).__name__}, but its signature says {promised}")
    if not isinstance(value, _SMALL):
        check_size([value])


def _list(items: ListValue, values: Mapping[str, Any]) -> list[Any]:
    return [_resolved(item, values) for item in items.items]


def _resolved(value: Value, values: Mapping[str, Any]) -> Any:
    if isinstance(value, Variable):
        return values[value.name]
    return _list(value, values) if isinstance(value, ListValue) else value.value


def _converted(parameter: str, kind: Type, value: Any) -> Any:
    """Convert a Scalar to the parameter's type. Raises ExpressionError if it does not fit."""
    if value is None or type(value) is _PYTHON[kind]:
        return value
    match kind:
        case Type.STR:
            return coercion.text(value)
        case Type.BOOL:
            return coercion.boolean(value)
        case Type.FLOAT:
            return float(coercion.number(value, f"`{parameter}`"))
        case Type.INT:
            return _whole(parameter, value)
        case Type.TEXTS if not isinstance(value, list):
            return coercion.text(value)
        case Type.LIST | Type.TEXTS:
            return [coercion.text(item) for item in value]
    return value


def _whole(parameter: str, value: Any) -> int:
    number = coercion.number(value, f"`{parameter}`")
    if number != int(number):
        raise UsageError(f"`{parameter}` is {number}, but must be a whole number")
    return int(number)


_PYTHON = {Type.STR: str, Type.INT: int, Type.FLOAT: float, Type.BOOL: bool, Type.LIST: None, Type.TEXTS: str}

_SMALL = (Image, Regions, bool, int, float, type(None))
"""Types whose values hold no texts or lists."""

_RESULTS: dict[Type, tuple[type, ...]] = {
    Type.IMAGE: (Image,),
    Type.REGIONS: (Regions,),
    Type.STR: (str,),
    Type.INT: (int,),
    Type.FLOAT: (float, int),
    Type.BOOL: (bool,),
    Type.LIST: (list,),
    Type.NUMBERS: (list,),
    Type.SCALAR: (str, int, float, bool, list, type(None)),
}
