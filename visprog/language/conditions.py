"""Constants where an expression wants a condition: `{A} == 'red' or 'blue'` does not say what was meant.

True and False may stand there, and so may anything whose value depends on a variable. The branches of
`'yes' if {A} > 2 else 'no'` are a choice, and not constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from visprog.errors import ExpressionError
from visprog.language import coercion
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
    children,
)


@dataclass(frozen=True, slots=True)
class ConstantCondition:
    """A constant that stands where a condition is wanted, and what to write instead."""

    constant: Constant
    message: str
    help: str


def constant_conditions(root: Node) -> Iterator[ConstantCondition]:
    """Yield the constants of an expression that stand where a condition is wanted, one for each operator."""
    subject = next((each for each in _nodes(root) if isinstance(each, Reference)), None)
    asked = f"{{{subject.name}}}" if subject is not None else "{NAME}"
    for node in _nodes(root):
        faulty = ((each, _constant(each)) for each in _conditions(node))
        operand, constant = next((pair for pair in faulty if pair[1] is not None), (node, None))
        if constant is not None:
            found = _written(operand) or repr(constant.value)
            message = f"{found} is not a condition: it is the same whatever the answers are"
            yield ConstantCondition(constant, message, _advice(node, root, found, asked))


def _nodes(root: Node) -> Iterator[Node]:
    rest = [root]
    while rest:
        node = rest.pop()
        yield node
        rest.extend(reversed(children(node)))


def _conditions(node: Node) -> Sequence[Node]:
    """Return the nodes below this one that are read as conditions."""
    match node:
        case Logic(_, operands):
            return operands
        case Unary("not", operand):
            return (operand,)
        case Conditional(condition, _, _):
            return (condition,)
        case Call("any" | "all", (ListOf(items),)):
            return items
        case Call("any" | "all", arguments):
            return arguments
    return ()


def _constant(node: Node, *, chosen: bool = False) -> Constant | None:
    """Return the first constant of a node that cannot be a condition. `chosen` nodes may say yes or no."""
    match node:
        case Constant(bool()):
            return None
        case Constant(value):
            return None if chosen and _is_truth(value) else node
        case Conditional(_, then, otherwise):
            return _constant(then, chosen=True) or _constant(otherwise, chosen=True)
        case Text() | Reference() | Comparison() | Logic() | Unary("not") | Call("any" | "all"):
            return None
    inside = list(_nodes(node))
    if any(isinstance(each, Reference) for each in inside):
        return None
    return next((each for each in inside if isinstance(each, Constant)), Constant("") if inside else None)


def _is_truth(value: object) -> bool:
    try:
        coercion.boolean(value)
    except ExpressionError:
        return False
    return True


def _advice(node: Node, root: Node, found: str, asked: str) -> str:
    """Return the right form in full if it can be told, else how to compare with the constant."""
    around = next((each for each in _nodes(root) if any(below is node for below in children(each))), None)
    if isinstance(node, Logic) and isinstance(around, Comparison):
        whole = _compared_with_each(around, node)
    elif isinstance(node, Logic):
        whole = _spelled_out(node.operator, node.operands, f" {node.operator} ".join)
    elif isinstance(node, Call) and isinstance(node.arguments[0], ListOf):
        sign = "or" if node.function == "any" else "and"
        whole = _spelled_out(
            sign, node.arguments[0].items, lambda items: f"{node.function}([{', '.join(items)}])"
        )
    else:
        whole = ""
    return f"write `{whole}`" if whole else f"compare a value with it, as in `{asked} == {found}`"


def _compared_with_each(comparison: Comparison, constants: Logic) -> str:
    """Spell out `{A} == ('red' or 'blue')`."""
    left, right = comparison.operands[0], comparison.operands[-1]
    subject = _written(right if left is constants else left)
    values = [_written(each) for each in constants.operands]
    sign = {"==": "in", "!=": "not in"}.get(comparison.operators[0])
    single = len(comparison.operators) == 1 and constants.operator == "or"
    if not (single and subject and all(values)):
        return ""
    if sign is not None:
        return f"{subject} {sign} [{', '.join(values)}]"
    if comparison.operators[0] == "in" and left is constants:
        return " or ".join(f"{value} in {subject}" for value in values)
    return ""


def _spelled_out(sign: str, operands: Sequence[Node], join: Callable[[list[str]], str]) -> str:
    """Repeat the one comparison among the operands for each constant beside it."""
    compared = [each for each in operands if isinstance(each, Comparison)]
    if len(compared) != 1 or len(compared[0].operators) != 1:
        return ""
    operator, (left, right) = compared[0].operators[0], compared[0].operands
    backwards = isinstance(left, Constant) and not isinstance(right, Constant)
    subject = _written(right if backwards else left)
    constants = [
        _written(left if backwards else right) if each is compared[0] else _written(each) for each in operands
    ]
    beside = [each for each in operands if each is not compared[0]]
    if not subject or not all(constants) or not all(isinstance(each, Constant) for each in beside):
        return ""
    if operator == "!=" and sign == "or":
        return f"{subject} not in [{', '.join(constants)}]"
    if operator == "==" and sign == "and":
        return join([f"{constant} in {subject}" for constant in constants])
    if backwards:
        return join([f"{constant} {operator} {subject}" for constant in constants])
    return join([f"{subject} {operator} {constant}" for constant in constants])


def _written(node: Node) -> str:
    """Return a simple node as it is written; nothing for the others."""
    match node:
        case Constant(value):
            return repr(value)
        case Reference(name):
            return f"{{{name}}}"
        case Call(function, arguments):
            inside = [_written(each) for each in arguments]
            return f"{function}({', '.join(inside)})" if all(inside) else ""
        case ListOf(items):
            inside = [_written(each) for each in items]
            return f"[{', '.join(inside)}]" if all(inside) else ""
        case Binary("join", left, right):
            sides = _written(left), _written(right)
            return " + ".join(sides) if all(sides) else ""
    return ""
