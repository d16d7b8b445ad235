"""Find the mutants of a source file: copies of it in which one expression or statement is changed.

The operators are mutmut's, except those that replace a value by None: such a mutant almost always fails. Four
more: a condition is negated, a call whose result is unused is dropped, a fraction changes by a quarter, and
text of punctuation loses its last character. Not mutated: docstrings, annotations, decorators, `__repr__`,
`__all__`, blocks for type checkers, calls of loggers, and messages for people: text that contains white space
or is part of a `raise`.
"""

from __future__ import annotations

import ast
import difflib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

Node: TypeAlias = Any
Operator: TypeAlias = tuple[type, Callable[[Node], Iterable[Node]]]


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: str
    key: str
    lines: tuple[int, int]
    """First and last line of what is changed."""

    statement: tuple[int, int]
    """First and last line of the statement that contains it; of a block's head, the first line alone."""

    in_function: bool
    """Whether the change is inside a function's body, so that it takes effect when that line runs."""

    start: int
    end: int
    text: str
    """Replaces what is between the offsets `start` and `end` of the file."""

    def apply(self, source: str) -> str:
        """Return the changed file."""
        return source[: self.start] + self.text + source[self.end :]


def diff(before: str, after: str) -> str:
    """Return the changed lines."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def compiles(code: str) -> bool:
    """Return whether this is valid Python."""
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return False
    return True


def _changed_fraction(node: Node) -> Iterator[Node]:
    if node.evaluated_value:
        yield node.with_changes(value=repr(node.evaluated_value * 0.8))
        yield node.with_changes(value=repr(node.evaluated_value * 1.25))


def _changed_text(node: Node) -> Iterator[Node]:
    written = node.value
    inner = re.fullmatch(r"\w*(['\"])(.*)\1", written, re.DOTALL)
    if inner is None or inner[2].startswith(('"', "'")) or re.search(r"\s", inner[2]):
        return
    if not re.search(r"[\w\\]", inner[2]) and len(inner[2]) > 1:
        yield node.with_changes(value=written[:-2] + written[-1])
    yield from list(mutators.operator_string(node))[:1]


def _without_an_argument(node: Node) -> Iterator[Node]:
    if isinstance(node.func, cst.Name) and node.func.value in ("isinstance", "len"):
        return
    positional = (place for place, each in enumerate(node.args) if not each.keyword and not each.star)
    last = max(positional, default=0)
    for place, each in enumerate(node.args):
        if len(node.args) > 1 and (each.keyword or place == last):
            yield node.with_changes(args=[*node.args[:place], *node.args[place + 1 :]])


def _negated_condition(node: Node) -> Iterator[Node]:
    if isinstance(node, cst.Name | cst.Attribute | cst.Call | cst.NamedExpr):
        yield cst.UnaryOperation(
            cst.Not(), node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        )


def _dropped_call(node: Node) -> Iterator[Node]:
    if isinstance(node.value, cst.Call):
        yield cst.Pass()


_REPLACED = (
    mutators.operator_arg_removal,
    mutators.operator_string,
    mutators.operator_assignment,
    mutators.operator_match,
    mutators.operator_swap_op,
)
_OPERATIONS = (
    cst.BinaryOperation,
    cst.UnaryOperation,
    cst.BooleanOperation,
    cst.ComparisonTarget,
    cst.AugAssign,
)
OPERATORS: list[Operator] = [
    *(each for each in mutators.mutation_operators if each[1] not in _REPLACED),
    *((kind, mutators.operator_swap_op) for kind in _OPERATIONS),
    (cst.Float, _changed_fraction),
    (cst.SimpleString, _changed_text),
    (cst.Call, _without_an_argument),
    (cst.Expr, _dropped_call),
]


@dataclass(frozen=True)
class _Place:
    """Where the walk is: what encloses a node."""

    statement: Node
    in_function: bool = False
    raises: bool = False


def find_mutants(path: str, source: str) -> Iterator[Mutant]:
    """Yield all mutants of a file, in the order of its lines. A few of them are not valid Python."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    module, positions = wrapper.module, wrapper.resolve(PositionProvider)
    starts = [0, *itertools.accumulate(len(line) for line in source.splitlines(keepends=True))]
    seen: set[tuple[int, int, str]] = set()
    for node, place in _walk(module, _Place(module)):
        if node not in positions:
            continue
        span = positions[node]
        start = starts[span.start.line - 1] + span.start.column
        end = starts[span.end.line - 1] + span.end.column
        for number, (name, text) in enumerate(_changes(module, node, place)):
            change = start, end, text
            if change in seen or source[start:end] == change[2]:
                continue
            seen.add(change)
            place_in_line = f"{span.start.line}:{span.start.column}-{span.end.column}"
            key = f"{path}:{place_in_line}:{type(node).__name__}:{name}:{number}"
            lines, statement = (span.start.line, span.end.line), _lines(place.statement, positions)
            yield Mutant(path, key, lines, statement, place.in_function, *change)


def _changes(module: cst.Module, node: Node, place: _Place) -> Iterator[tuple[str, str]]:
    """Yield the name of each operator that applies, and the text that it puts in the place of the node."""
    for kind, operator in OPERATORS:
        if isinstance(node, kind) and not (place.raises and kind is cst.SimpleString):
            for changed in operator(node):
                yield operator.__name__.strip("_"), module.code_for_node(changed)
    if isinstance(place.statement, cst.If | cst.While) and node is place.statement.test:
        for changed in _negated_condition(node):
            yield "negated_condition", module.code_for_node(changed)
    if isinstance(node, cst.MatchCase):
        yield "dropped_case", ""


_LAYOUT = (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Comma)


def _walk(node: Node, place: _Place) -> Iterator[tuple[Node, _Place]]:
    if isinstance(node, _LAYOUT) or _skipped(node):
        return
    if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
        place = _Place(node, place.in_function, place.raises)
    if isinstance(node, cst.Raise):
        place = _Place(place.statement, place.in_function, raises=True)
    yield node, place
    for child in node.children:
        if isinstance(node, cst.FunctionDef) and child is node.body:
            yield from _walk(child, _Place(place.statement, in_function=True))
        else:
            yield from _walk(child, place)


def _skipped(node: Node) -> bool:
    match node:
        case cst.Annotation() | cst.Decorator() | cst.Import() | cst.ImportFrom():
            return True
        case cst.FunctionDef():
            return str(node.name.value) == "__repr__"
        case cst.Call(func=cst.Attribute(value=cst.Name(value="logger" | "_logger" | "logging"))):
            return True
        case cst.Call(func=cst.Name(value="TypeVar" | "cast")):
            return True
        case cst.If(test=cst.Name(value="TYPE_CHECKING")):
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))]):
            return True
        case cst.AnnAssign(annotation=cst.Annotation(annotation=cst.Name(value="TypeAlias"))):
            return True
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
            return True
    return False


def _lines(statement: Node, positions: Any) -> tuple[int, int]:
    span = positions[statement]
    if isinstance(statement, cst.BaseCompoundStatement):
        return span.start.line, span.start.line
    return span.start.line, span.end.line
