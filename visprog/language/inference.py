"""The types of Eval expressions, as far as the types of their variables tell."""

from __future__ import annotations

from collections.abc import Mapping

from visprog.language.expression_tree import (
    Binary,
    Call,
    Conditional,
    Constant,
    Index,
    ListOf,
    Node,
    Reference,
)
from visprog.language.types import Type, common_type, element_of, list_of

_LITERALS = {str: Type.STR, int: Type.INT, float: Type.FLOAT, bool: Type.BOOL, type(None): Type.NONE}


def expression_type(node: Node, types: Mapping[str, Type]) -> Type:
    """Return the type of an expression's value: a list, a Scalar, or ANY if it may be either.

    A Scalar is not told apart further: the engine converts it to what the parameter needs.
    """
    match node:
        case Reference(name):
            return _simple(types.get(name, Type.ANY))
        case ListOf(items):
            kinds = [_item_type(item, types) for item in items]
            return list_of(common_type(kinds)) if kinds else Type.EMPTY
        case Binary("+", left, right):
            return _sum(expression_type(left, types), expression_type(right, types))
        case Conditional(_, then, otherwise):
            return common_type([expression_type(then, types), expression_type(otherwise, types)])
        case Call("sorted" | "unique", (items,)):
            kind = expression_type(items, types)
            return kind if kind.is_list else Type.ANY
        case Index(items):
            kind = expression_type(items, types)
            return Type.ANY if kind in (Type.MIXED, Type.ANY) else Type.SCALAR
    return Type.SCALAR


def _simple(kind: Type) -> Type:
    return kind if kind.is_list or kind is Type.ANY else Type.SCALAR


def _item_type(node: Node, types: Mapping[str, Type]) -> Type:
    """Return the type of a list's item. Literals keep their own types, as in a list outside of Eval."""
    match node:
        case Constant(value):
            return _LITERALS[type(value)]
        case Reference(name):
            return types.get(name, Type.ANY)
    return expression_type(node, types)


def _sum(left: Type, right: Type) -> Type:
    if Type.ANY in (left, right):
        return Type.ANY
    if left.is_list and right.is_list:
        if Type.EMPTY in (left, right):
            return right if left is Type.EMPTY else left
        return list_of(common_type([element_of(left), element_of(right)]))
    return Type.SCALAR
