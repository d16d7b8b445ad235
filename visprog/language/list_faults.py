"""Find lists in an expression where a single value is needed, as in `{ANSWERS} == 'yes'`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from visprog.language.expression_tree import (
    Comparison,
    Conditional,
    Logic,
    Node,
    Reference,
    Unary,
    columns_of,
    nodes_of,
)
from visprog.language.inference import expression_type
from visprog.language.types import Type


class ListFault(NamedTuple):
    """A list that cannot be used here. `columns` are its first column and the one after the last."""

    message: str
    help: str
    columns: tuple[int, int]


def list_faults(root: Node, types: Mapping[str, Type]) -> Iterator[ListFault]:
    """Yield the lists that are compared with single values, or used as conditions."""
    for node in nodes_of(root):
        match node:
            case Comparison():
                yield from _compared(node, types)
            case Logic(_, operands):
                yield from _conditions(operands, types)
            case Unary("not", operand) | Conditional(operand):
                yield from _conditions((operand,), types)


def _compared(node: Comparison, types: Mapping[str, Type]) -> Iterator[ListFault]:
    links = zip(node.operators, node.operands, node.operands[1:], strict=False)
    for sign, left, right in links:
        kinds = expression_type(left, types), expression_type(right, types)
        lists = [operand for operand, kind in zip((left, right), kinds, strict=True) if kind.is_list]
        if len(lists) != 1 or Type.ANY in kinds or sign in ("in", "not in"):
            continue
        name = _name(lists[0])
        message = f"`{sign}` cannot compare a list with a single value"
        yield ListFault(
            message, f"write `x in {name}`, `count({name}, x)` or one item, `{name}[0]`", columns_of(lists[0])
        )


def _conditions(operands: tuple[Node, ...], types: Mapping[str, Type]) -> Iterator[ListFault]:
    for operand in operands:
        if isinstance(operand, Reference) and expression_type(operand, types).is_list:
            name = _name(operand)
            message = f"{name} is a list, not a condition"
            yield ListFault(message, f"write `any({name})` or `all({name})`", columns_of(operand))


def _name(node: Node) -> str:
    return f"{{{node.name}}}" if isinstance(node, Reference) else "LIST"
