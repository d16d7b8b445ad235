"""Find operands that cannot be conditions, as in `{A} == 'red' or 'blue'`.

Constants, comparisons of constants, lists and text with other words than yes and no cannot be conditions.
True and False can, and so can anything that may be yes or no when the variables have values. The branches of
`'yes' if {A} > 2 else 'no'` depend on its condition, so the whole is not constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from visprog.errors import ExpressionError
from visprog.language import coercion
from visprog.language.evaluation import evaluate
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
    children,
    columns_of,
    nodes_of,
)

_CONSTANT = "cannot be a condition: it is constant"
_WORDS = "cannot be a condition: it contains other words than yes or no"
_LIST = "is a list, not a condition"


@dataclass(frozen=True, slots=True)
class InvalidCondition:
    """An operand that cannot be a condition: its columns in the expression, and how to correct it."""

    columns: tuple[int, int]
    message: str
    help: str


def invalid_conditions(root: Node) -> Iterator[InvalidCondition]:
    """Yield the first operand of each operator that must be a condition and cannot be one."""
    subject = next((each for each in nodes_of(root) if isinstance(each, Reference)), None)
    variable = f"{{{subject.name}}}" if subject is not None else "{NAME}"
    for node in nodes_of(root):
        faulty = ((each, _fault(each)) for each in _conditions(node))
        operand, fault = next((pair for pair in faulty if pair[1] is not None), (node, None))
        if fault is not None:
            place, reason = fault
            found = _source(operand) or _source(place) or "this"
            yield InvalidCondition(
                columns_of(place), f"{found} {reason}", _suggestion(node, root, operand, found, variable)
            )
        elif isinstance(node, Comparison):
            yield from _false_links(node)


def _is_constant(node: Node) -> bool:
    return not any(isinstance(each, Reference) for each in nodes_of(node))


def _conditions(node: Node) -> Sequence[Node]:
    """Return the children of a node that must be conditions."""
    match node:
        case Logic(_, operands):
            return operands
        case Unary("not", operand):
            return (operand,)
        case Conditional(condition, _, _):
            return (condition,)
        case Call("any" | "all", (argument,)):
            return tuple(_items(argument)) or ((argument,) if _is_constant(argument) else ())
    return ()


def _items(node: Node) -> Iterator[Node]:
    """Yield the items of a list, or of a sum of lists."""
    match node:
        case ListOf(items):
            yield from items
        case Binary("+", left, right):
            yield from _items(left)
            yield from _items(right)


def _fault(node: Node, *, chosen: bool = False) -> tuple[Node, str] | None:
    """Return the part of a node that cannot be a condition, and the reason.

    `chosen` nodes are branches of an `if`: they may be constants that mean yes or no.
    """
    match node:
        case Constant(bool()):
            return None
        case Constant(value):
            return None if chosen and _is_truth(value) else (node, _CONSTANT)
        case Conditional(_, then, otherwise):
            return _fault(then, chosen=True) or _fault(otherwise, chosen=True)
        case Reference() | Logic() | Unary("not") | Call("any" | "all"):
            return None
        case Comparison() if chosen:
            return None
    if _is_constant(node):
        first = next((each for each in nodes_of(node) if isinstance(each, Constant)), node)
        return (node if _source(node) else first), _CONSTANT
    match node:
        case Text() | Binary("join") if any(_is_word(each) for each in nodes_of(node)):
            return node, _WORDS
        case ListOf() | Call("sorted" | "unique"):
            return node, _LIST
    return None


def _is_word(node: Node) -> bool:
    """Return whether a node is text with more than punctuation: `{A}.` can still mean yes or no."""
    return isinstance(node, Constant) and bool(str(node.value).strip(" .!"))


def _is_truth(value: object) -> bool:
    try:
        coercion.boolean(value)
    except ExpressionError:
        return False
    return True


def _false_links(chain: Comparison) -> Iterator[InvalidCondition]:
    """Yield the first link of a chain that compares constants and is false: `{A} == 'red' == 'blue'`."""
    if _is_constant(chain):
        return
    links = zip(chain.operators, chain.operands, chain.operands[1:], strict=False)
    for sign, left, right in links:
        link = Comparison((sign,), (left, right))
        if _is_constant(link) and not _holds(link):
            shown = _source(link) or "a part of the comparison"
            message = f"{shown} is never true, so the whole comparison is always False"
            subject = _side(chain.operands[0])
            values = [_source(each) for each in chain.operands[1:]]
            listed = {*chain.operators} == {"=="} and subject and all(values)
            advice = f"write `{subject} in [{', '.join(values)}]`" if listed else _ONE_AT_A_TIME
            yield InvalidCondition(columns_of(link), message, advice)
            return


_ONE_AT_A_TIME = "compare with one value at a time, and combine the comparisons with `and` or `or`"


def _holds(comparison: Comparison) -> bool:
    try:
        return bool(evaluate(comparison, {}))
    except ExpressionError:
        return False


def _suggestion(node: Node, root: Node, operand: Node, found: str, variable: str) -> str:
    """Return the corrected expression if it is clear, otherwise how to compare with the constant."""
    around = next((each for each in nodes_of(root) if any(below is node for below in children(each))), None)
    if isinstance(node, Logic) and isinstance(around, Comparison):
        whole = _compared_with_each(around, node)
    elif isinstance(node, Logic):
        whole = _repeat_comparison(node.operator, node.operands, f" {node.operator} ".join)
    elif isinstance(node, Call) and isinstance(node.arguments[0], ListOf):
        sign = "or" if node.function == "any" else "and"
        whole = _repeat_comparison(
            sign, node.arguments[0].items, lambda items: f"{node.function}([{', '.join(items)}])"
        )
    else:
        whole = ""
    return f"write `{whole}`" if whole else _comparing(operand, found, variable)


def _comparing(operand: Node, found: str, variable: str) -> str:
    """Return how to turn an operand into a condition."""
    match operand:
        case Comparison(_, (left, *_)):
            return f"compare the value of a step instead, as in `{variable} == {_side(left) or 'NUMBER'}`"
        case ListOf() | Call("sorted" | "unique") if not _is_constant(operand):
            return f"test the list, as in `len({found}) > 0`"
        case Text() | Binary("join") if not _is_constant(operand):
            return f"compare it, as in `{found} == 'red'`"
    return f"compare a value with it, as in `{variable} == {found}`"


def _compared_with_each(comparison: Comparison, constants: Logic) -> str:
    """Rewrite `{A} == ('red' or 'blue')` as `{A} in ['red', 'blue']`; return "" if that is unclear."""
    left, right = comparison.operands[0], comparison.operands[-1]
    subject = _side(right if left is constants else left)
    values = [_source(each) for each in constants.operands]
    sign = {"==": "in", "!=": "not in"}.get(comparison.operators[0])
    single = (
        len(comparison.operators) == 1
        and constants.operator == "or"
        and all(isinstance(each, Constant) for each in constants.operands)
    )
    if not (single and subject and all(values)):
        return ""
    if sign is not None:
        return f"{subject} {sign} [{', '.join(values)}]"
    if comparison.operators[0] == "in" and left is constants:
        return " or ".join(f"{value} in {subject}" for value in values)
    return ""


def _repeat_comparison(sign: str, operands: Sequence[Node], join: Callable[[list[str]], str]) -> str:
    """Repeat the only comparison among the operands for each constant; return "" if that is unclear."""
    compared = [each for each in operands if isinstance(each, Comparison)]
    if len(compared) != 1 or len(compared[0].operators) != 1:
        return ""
    operator, (left, right) = compared[0].operators[0], compared[0].operands
    backwards = isinstance(left, Constant) and not isinstance(right, Constant)
    subject = _side(right if backwards else left)
    constants = [
        _side(left if backwards else right) if each is compared[0] else _source(each) for each in operands
    ]
    others = [each for each in operands if each is not compared[0]]
    simple = all(isinstance(each, Constant | Unary | Text) for each in others)
    if not subject or not all(constants) or not simple:
        return ""
    if operator == "!=" and sign == "or":
        return f"{subject} not in [{', '.join(constants)}]"
    if operator == "==" and sign == "and":
        if not all(isinstance(each, Constant) and isinstance(each.value, str) for each in others):
            return ""
        return join([f"{constant} in {subject}" for constant in constants])
    if backwards:
        return join([f"{constant} {operator} {subject}" for constant in constants])
    return join([f"{subject} {operator} {constant}" for constant in constants])


def _source(node: Node) -> str:
    """Return the source text of a simple node; "" for other nodes."""
    match node:
        case Constant(value):
            return repr(value)
        case Reference(name):
            return f"{{{name}}}"
        case Text(parts):
            inside = [str(each.value) if isinstance(each, Constant) else _source(each) for each in parts]
            return repr("".join(inside))
        case Call(function, arguments):
            return _join(f"{function}(", [_source(each) for each in arguments], ", ", ")")
        case ListOf(items):
            return _join("[", [_source(each) for each in items], ", ", "]")
        case Index(items, index):
            return _join("", [_operand(items), f"[{_source(index)}]"])
        case Unary("-" | "+" as sign, operand):
            return _join(sign, [_operand(operand)])
        case Binary(sign, left, right):
            sign = "+" if sign == "join" else sign
            return _join("", [_operand(left), _operand(right)], f" {sign} ")
        case Comparison((sign,), (left, right)):
            return _join("", [_operand(left), _operand(right)], f" {sign} ")
    return ""


def _side(node: Node) -> str:
    """Return a node as one side of a comparison. A comparison gets brackets, or it would become a chain."""
    source = _source(node)
    return f"({source})" if source and isinstance(node, Comparison) else source


def _operand(node: Node) -> str:
    written = _source(node)
    joined = isinstance(node, Binary) and node.operator != "join"
    return f"({written})" if written and (joined or isinstance(node, Comparison)) else written


def _join(before: str, parts: Sequence[str], between: str = "", after: str = "") -> str:
    """Join the parts; return "" if one of them is empty."""
    return f"{before}{between.join(parts)}{after}" if all(parts) else ""
