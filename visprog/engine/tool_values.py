"""The arguments and results of tools: conversion to the types of parameters, and checks of results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from visprog.engine.cache.memory import copied
from visprog.engine.graph import Node
from visprog.errors import ExpressionError, UsageError
from visprog.language import coercion
from visprog.language.advice import describe_type
from visprog.language.limits import bounded, check_size
from visprog.language.program import ListValue, Template, Value, Variable
from visprog.language.templates import FilledText, fill, inserted
from visprog.language.types import Type
from visprog.tools import Tool
from visprog.values import Image, Regions


def arguments_of(node: Node, values: Mapping[str, Any], warn: Callable[[str], None]) -> dict[str, Any]:
    """Return the arguments of a step's tool, given the values of earlier steps. They are not converted yet.

    Raises ExpressionError if a value does not fit.
    """
    arguments = dict(node.constants)
    for parameter, name in node.variables:
        value = values[name]
        arguments[parameter] = copied(value) if type(value) is list else value
    for parameter, item in node.built:
        arguments[parameter] = bounded(_resolved(item, values, warn))
    for parameter, expression, names in node.expressions:
        arguments[parameter] = expression.bind({written: values[name] for written, name in names})
    return arguments


def converted(node: Node, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of one call, converted to the types of the tool's parameters.

    Raises ExpressionError and UsageError if a value does not fit.
    """
    types = node.types
    return {
        name: value
        if value is None or name not in types or type(value) is _PYTHON.get(types[name])
        else _converted(name, types[name], value)
        for name, value in arguments.items()
    }


def checked_result(node: Node, tool: Tool, value: Any) -> Any:
    """Return a tool's value, in which texts are plain. The value is that of one call.

    Raises TypeError if it does not have the type of the tool's signature, UsageError if it is a list and the
    program was checked for a single value, and ExpressionError if it is larger than the language allows.
    """
    promised = tool.signature.returns
    allowed = _RESULTS.get(promised)
    if promised is Type.SCALAR and isinstance(value, list):
        if node.step.returns is Type.SCALAR or node.step.lifted:
            raise UsageError(
                f"the value is {_described(value)}, and the next steps expect a single value",
                help="take one item, as in `{A}[0]`, or combine the items with any, all, sum or count",
            )
    elif allowed is not None and not isinstance(value, allowed):
        raise TypeError(
            f"{tool.name} returned a {type(value).__name__}, but its signature says {promised.value}"
        )
    if not isinstance(value, _SMALL):
        check_size([value])
    return _plain(value)


def _plain(value: Any) -> Any:
    """Return a tool's value in which texts are ordinary ones."""
    if isinstance(value, FilledText):
        return str(value)
    if isinstance(value, list) and any(isinstance(item, FilledText | list) for item in value):
        return [_plain(item) for item in value]
    return value


def _resolved(value: Value, values: Mapping[str, Any], warn: Callable[[str], None]) -> Any:
    match value:
        case Variable(name):
            return values[name]
        case ListValue(items):
            return [_resolved(item, values, warn) for item in items]
        case Template((Variable(name),), is_list=True):
            return [inserted(item) if isinstance(item, str) else item for item in values[name]]
        case Template():
            return fill(value, values, warn)
    return value.value


def _converted(parameter: str, kind: Type, value: Any) -> Any:
    """Convert a value to the parameter's type. Raises ExpressionError or UsageError if it does not fit."""
    if kind in _TO_ITEM and isinstance(value, list):
        return [_TO_ITEM[kind](f"an item of `{parameter}`", item) for item in value]
    if kind in _TO_SCALAR and not isinstance(value, list | Image | Regions):
        return _TO_SCALAR[kind](f"`{parameter}`", value)
    if isinstance(value, _ACCEPTED.get(kind, object)):
        return value
    raise UsageError(
        f"`{parameter}` takes {describe_type(kind)}, found {_described(value)}",
        help="compute a value of this kind in a step above",
    )


def _described(value: Any) -> str:
    match value:
        case Image():
            return "an image"
        case Regions():
            return "a set of regions"
        case list():
            return f"a list of {len(value)} item{'' if len(value) == 1 else 's'}"
    return coercion.describe(value)


def _text(_: str, value: Any) -> str:
    return value if isinstance(value, str) else coercion.text(value)


def _whole(where: str, value: Any) -> int:
    number = coercion.number(value, where)
    if number != int(number):
        raise UsageError(f"{where} is {number}, but must be a whole number")
    return int(number)


def _float(where: str, value: Any) -> float:
    return float(coercion.number(value, where))


def _boolean(where: str, value: Any) -> bool:
    try:
        return coercion.boolean(value)
    except ExpressionError as error:
        raise ExpressionError(f"{where}: {error.message}", help=error.help) from None


def _scalar(_: str, value: Any) -> Any:
    return value


_TO_SCALAR: dict[Type, Callable[[str, Any], Any]] = {
    Type.STR: _text,
    Type.TEXTS: _text,
    Type.INT: _whole,
    Type.FLOAT: _float,
    Type.BOOL: _boolean,
    Type.SCALAR: _scalar,
}
_TO_ITEM: dict[Type, Callable[[str, Any], Any]] = {
    Type.TEXTS: _text,
    Type.STRINGS: _text,
    Type.INTS: _whole,
    Type.FLOATS: _float,
    Type.BOOLS: _boolean,
    Type.SCALARS: _scalar,
}
_PYTHON = {Type.STR: str, Type.TEXTS: str, Type.INT: int, Type.FLOAT: float, Type.BOOL: bool}
_PYTHON |= {Type.IMAGE: Image, Type.REGIONS: Regions}

_ACCEPTED: dict[Type, type | tuple[type, ...]] = {
    **dict.fromkeys(Type, object),
    **dict.fromkeys(_TO_SCALAR, ()),
    **dict.fromkeys(_TO_ITEM, ()),
    Type.IMAGE: Image,
    Type.REGIONS: Regions,
    Type.IMAGES: list,
    Type.REGION_SETS: list,
    Type.MIXED: list,
    Type.COUNTABLE: (Regions, list),
}

_SMALL = (Image, Regions, bool, int, float, type(None))
"""Types whose values hold no texts or lists."""

_RESULTS: dict[Type, tuple[type, ...]] = {
    Type.IMAGE: (Image,),
    Type.REGIONS: (Regions,),
    Type.STR: (str,),
    Type.INT: (int,),
    Type.FLOAT: (float, int),
    Type.BOOL: (bool,),
    Type.SCALAR: (str, int, float, bool, type(None)),
    **{kind: (list,) for kind in Type if kind.is_list},
}
