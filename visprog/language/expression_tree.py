"""The tree of an Eval expression: a frozen record for each kind of node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a string, True, False or None, from `column` up to `end`."""

    value: str | int | float | bool | None
    column: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """`{NAME}`, at `column`."""

    name: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A string that contains references."""

    parts: tuple[Constant | Reference, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b, ...]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`-a`, `+a` or `not a`."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic on two operands. The operator `join` is a `+` next to a quoted text of the expression."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`, `or` and `xor` between two or more operands."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A chain of comparisons, `a < b <= c`: one operator fewer than operands."""

    operators: tuple[str, ...]
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Conditional:
    """`then if condition else otherwise`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a built-in function."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """`list[index]`: one item of a list."""

    items: Node
    index: Node


Node: TypeAlias = (
    Constant | Reference | Text | ListOf | Unary | Binary | Logic | Comparison | Conditional | Call | Index
)


def measure(root: Node) -> tuple[int, int]:
    """Return the number of nodes and the depth, without recursion: a long sum is a deep tree."""
    nodes, depth, rest = 0, 0, [(root, 1)]
    while rest:
        node, level = rest.pop()
        nodes, depth = nodes + 1, max(depth, level)
        rest.extend((child, level + 1) for child in children(node))
    return nodes, depth


def children(node: Node) -> tuple[Node, ...]:
    """Return the direct children of a node."""
    match node:
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return left, right
        case Logic(_, operands) | Comparison(_, operands):
            return operands
        case Conditional(condition, then, otherwise):
            return condition, then, otherwise
        case ListOf(items) | Text(items):
            return items
        case Call(_, arguments):
            return arguments
        case Index(items, index):
            return items, index
    return ()


def nodes_of(root: Node) -> Iterator[Node]:
    """Yield a node and the nodes below it, in the order of the source."""
    rest = [root]
    while rest:
        node = rest.pop()
        yield node
        rest.extend(reversed(children(node)))


def columns_of(node: Node) -> tuple[int, int]:
    """Return the first column of a node's leaves and the column after the last one."""
    leaves = [each for each in nodes_of(node) if isinstance(each, Constant | Reference) and each.column]
    ends = [each.end if isinstance(each, Constant) else each.column + len(each.name) + 2 for each in leaves]
    return min((each.column for each in leaves), default=1), max(ends, default=2)
