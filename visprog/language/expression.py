"""The expression language of Eval: parsed once into a tree, evaluated with a table of functions.

`{NAME}` refers to a variable, inside a string too. It is a node of the tree and never text, so no value can
change the structure of an expression. `coercion` converts values to numbers, booleans and text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from visprog.language import coercion
from visprog.language.evaluation import FUNCTIONS, Remark, evaluate
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
    measure,
)
from visprog.language.lexer import CURLY_QUOTES, Token, tokenize
from visprog.language.limits import MAX_BITS

MAX_LENGTH = 2_000
MAX_NODES = 300
MAX_DEPTH = 40


class MalformedExpression(Exception):  # noqa: N818 - the checker turns it into a diagnostic
    """The text is not an expression. `column` and `end` count from 1 within the text."""

    def __init__(self, message: str, column: int, end: int, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.end = max(end, column + 1)
        self.help = help


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression.

    `references` are its uses of variables, left to right. `values` are the variables' values after `bind`.
    """

    source: str
    root: Node
    references: tuple[Reference, ...]
    values: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that the expression uses, each once."""
        return tuple(dict.fromkeys(reference.name for reference in self.references))

    def bind(self, values: Mapping[str, Any]) -> Expression:
        """Return the expression with the values of its variables."""
        return Expression(self.source, self.root, self.references, values)

    def evaluate(self, remark: Remark = lambda _: None) -> Any:
        """Return the value. Raise ExpressionError if the values do not fit the expression.

        `remark` receives remarks on values that may not mean what the program's author expects.
        """
        return evaluate(self.root, self.values, remark)

    def __str__(self) -> str:
        return self.source


def parse_expression(source: str) -> Expression:
    """Parse an expression. Raise MalformedExpression if the text is not one."""
    if len(source) > MAX_LENGTH:
        raise _too_large(f"the expression has {len(source):,} characters, at most {MAX_LENGTH:,} are allowed")
    parser = _Parser(source)
    root = parser.parse()
    nodes, depth = measure(root)
    if nodes > MAX_NODES:
        raise _too_large(f"the expression has {nodes} parts, at most {MAX_NODES} are allowed")
    if depth > MAX_DEPTH:
        raise _too_large(f"the expression is nested {depth} levels deep, at most {MAX_DEPTH} are allowed")
    return Expression(source, root, tuple(sorted(parser.references, key=lambda each: each.column)))


def _too_large(message: str) -> MalformedExpression:
    return MalformedExpression(message, 1, 2, "split it into several Eval steps")


def _is_text(node: Node) -> bool:
    """Return whether a node is always text, whatever the values of its variables are."""
    match node:
        case Constant(str() as value):
            return not coercion.is_number(value)
        case Binary("join") | Text() | Call("str" | "lower"):
            return True
    return False


_CONDITIONAL, _OR, _XOR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _SIGN, _POWER = range(1, 11)

_LOGIC = {"or": _OR, "xor": _XOR, "and": _AND}
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in"})
_ARITHMETIC = {"+": _ADD, "-": _ADD, "*": _MULTIPLY, "/": _MULTIPLY, "//": _MULTIPLY, "%": _MULTIPLY}
_CONSTANTS = {"True": True, "true": True, "False": False, "false": False, "None": None}
_INSTEAD = {
    "=": "==", "&&": "and", "||": "or", "!": "not", "&": "and", "|": "or", "^": "xor", "is": "==",
    "AND": "and", "OR": "or", "NOT": "not", "XOR": "xor", "TRUE": "True", "FALSE": "False",
}  # fmt: skip

_KNOWN_FUNCTIONS = f"the functions are {', '.join(FUNCTIONS)}"
_LOOP = "use `count({LIST}, x)`, `any({LIST})` or `all({LIST})`"

_EMBEDDED = re.compile(r"\{\s*([^\W\d]\w*)\s*\}")


class _Parser:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, source: str) -> None:
        self._tokens = list(tokenize(source.replace("\n", " ").replace("\r", " ")))
        self._position = 0
        self._depth = 0
        self.references: list[Reference] = []

    def parse(self) -> Node:
        if self._peek().kind == "end":
            self._fail("the expression is empty", "write an expression, such as `{A} + 1`")
        root = self._operation(_CONDITIONAL)
        if self._peek().kind != "end":
            self._unexpected("an operator or the end of the expression")
        return root

    def _peek(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._tokens[self._position]
        self._position += token.kind != "end"
        return token

    def _accept(self, text: str) -> bool:
        token = self._peek()
        found = token.text == text and token.kind in ("name", "operator")
        self._position += found
        return found

    def _fail(self, message: str, help: str | None = None) -> NoReturn:
        raise MalformedExpression(message, self._peek().column, self._peek().end, help)

    def _unexpected(self, expected: str) -> NoReturn:
        token = self._peek()
        if token.kind == "unclosed":
            self._fail("the string has no closing quote", f"close it with {token.text[0]}")
        if token.text == ".":
            name = self._tokens[self._position + 1].text
            known = f"write `{name}(x)` for `x.{name}()`"
            self._fail("methods are not allowed", known if name in FUNCTIONS else _KNOWN_FUNCTIONS)
        if token.text == "for":
            self._fail("loops are not allowed", _LOOP)
        if token.text in CURLY_QUOTES:
            self._fail("curly quotes are not allowed", "use straight quotes: ' or \"")
        instead = _INSTEAD.get(token.text)
        found = str(token).replace("the line", "the expression")
        self._fail(f"expected {expected}, found {found}", f"write `{instead}`" if instead else None)

    def _operation(self, weakest: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"the expression is nested more than {MAX_DEPTH} levels deep")
        left = self._operand()
        while (node := self._continue(left, weakest)) is not None:
            left = node
        self._depth -= 1
        return left

    def _continue(self, left: Node, weakest: int) -> Node | None:
        """Extend `left` by the next operator, if it binds at least as tightly as `weakest`."""
        text = self._peek().text if self._peek().kind in ("operator", "name") else ""
        if text == "**" and weakest <= _POWER:
            self._take()
            return Binary("**", left, self._operation(_SIGN))
        if text in _ARITHMETIC and weakest <= _ARITHMETIC[text]:
            self._take()
            right = self._operation(_ARITHMETIC[text] + 1)
            joins = text == "+" and (_is_text(left) or _is_text(right))
            return Binary("join" if joins else text, left, right)
        if weakest <= _COMPARE and self._comparison() is not None:
            return self._chain(left)
        if text in _LOGIC and weakest <= _LOGIC[text]:
            operands = [left]
            while self._accept(text):
                operands.append(self._operation(_LOGIC[text] + 1))
            return Logic(text, tuple(operands))
        if text == "if" and weakest <= _CONDITIONAL:
            return self._conditional(left)
        return None

    def _comparison(self) -> str | None:
        if self._peek().text == "not" and self._tokens[self._position + 1].text == "in":
            return "not in"
        known = self._peek().kind in ("operator", "name") and self._peek().text in _COMPARISONS
        return self._peek().text if known else None

    def _chain(self, first: Node) -> Node:
        operators, operands = [], [first]
        while (sign := self._comparison()) is not None:
            self._position += 2 if sign == "not in" else 1
            operators.append(sign)
            operands.append(self._operation(_COMPARE + 1))
        return Comparison(tuple(operators), tuple(operands))

    def _conditional(self, then: Node) -> Node:
        self._take()
        condition = self._operation(_OR)
        if not self._accept("else"):
            self._unexpected("`else`")
        return Conditional(condition, then, self._operation(_CONDITIONAL))

    def _operand(self) -> Node:
        """Parse a value, and the index after it: `{A}[0]`."""
        operand = self._value()
        while self._accept("["):
            if self._peek().text == "]":
                self._unexpected("an index")
            operand = Index(operand, self._operation(_CONDITIONAL))
            if self._peek().text == ":":
                self._fail("a part of a list cannot be taken", "write the index of one item, as in `{A}[0]`")
            self._close("]")
        return operand

    def _value(self) -> Node:
        token = self._peek()
        if self._accept("not"):
            return Unary("not", self._operation(_NOT))
        for sign in ("-", "+"):
            if self._accept(sign):
                return Unary(sign, self._operation(_SIGN))
        if self._accept("("):
            inner = self._operation(_CONDITIONAL)
            self._close(")")
            return inner
        if self._accept("["):
            return ListOf(self._items("]"))
        match token.kind:
            case "reference":
                self._take()
                return self._refer(str(token.value), token.column)
            case "string":
                self._take()
                return self._text(token)
            case "int" | "float":
                return self._number()
            case "name":
                return self._name()
        self._unexpected(self._expected_value())

    def _expected_value(self) -> str:
        before = self._tokens[self._position - 1] if self._position else None
        return f"a value after {before}" if before else "a value"

    def _items(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._accept(closing):
            items.append(self._operation(_CONDITIONAL))
            if not self._accept(","):
                self._close(closing)
                break
        return tuple(items)

    def _close(self, closing: str) -> None:
        if not self._accept(closing):
            self._unexpected(f"`{closing}`")

    def _number(self) -> Node:
        value = self._peek().value
        if isinstance(value, str) or (isinstance(value, int) and value.bit_length() > MAX_BITS):
            self._fail(f"the number has more than {MAX_BITS} bits")
        if value == float("inf"):
            self._fail("the number is too large")
        token = self._take()
        return Constant(value, token.column, token.end)

    def _name(self) -> Node:
        name = self._peek().text
        if name in _CONSTANTS:
            token = self._take()
            return Constant(_CONSTANTS[name], token.column, token.end)
        if self._tokens[self._position + 1].text == "(":
            if name not in FUNCTIONS:
                self._fail(f"`{name}` is not a function", _KNOWN_FUNCTIONS)
            return self._call(name)
        if name in _INSTEAD or name in _COMPARISONS or name in _LOGIC or name in ("if", "else"):
            self._unexpected(self._expected_value())
        if any(token.text == "for" and token.kind == "name" for token in self._tokens):
            self._fail("loops are not allowed", _LOOP)
        self._fail(f"expected a value, found the unquoted word `{name}`", f"write `{{{name}}}` or `'{name}'`")

    def _call(self, name: str) -> Node:
        place = self._position
        self._position += 2
        arguments = self._items(")")
        least, most, _ = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            self._position = place
            expected = str(least) if least == most else f"{least} to {most}"
            values = "value" if most == 1 else "values"
            self._fail(f"`{name}` takes {expected} {values}, found {len(arguments)}")
        return Call(name, arguments)

    def _text(self, token: Token) -> Node:
        """Parse a string: a Text if it contains references, otherwise a Constant."""
        value = str(token.value)
        parts: list[Constant | Reference] = []
        position = 0
        for found in _EMBEDDED.finditer(value):
            if found.start() > position:
                parts.append(Constant(value[position : found.start()]))
            parts.append(self._refer(found.group(1), token.columns[found.start()]))
            position = found.end()
        if not parts:
            return Constant(value, token.column, token.end)
        if position < len(value):
            parts.append(Constant(value[position:]))
        return Text(tuple(parts))

    def _refer(self, name: str, column: int) -> Reference:
        reference = Reference(name, column)
        self.references.append(reference)
        return reference


def functions() -> Iterator[str]:
    """Yield the names of the functions that expressions may use."""
    yield from FUNCTIONS
