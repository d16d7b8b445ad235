"""Parse one statement by recursive descent, and correct mistakes that have only one possible meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn

from visprog.language import diagnostics
from visprog.language.diagnostics import Diagnostic
from visprog.language.evaluation import FUNCTIONS
from visprog.language.lexer import CURLY_QUOTES, Closes, Token, tokenize
from visprog.language.limits import MAX_BITS
from visprog.language.program import (
    Argument,
    Call,
    ListValue,
    Literal,
    Span,
    Step,
    Value,
    Variable,
    joined_text,
)
from visprog.language.syntax_hints import syntax_hint

MAX_NESTING = 8


class Fault(Exception):  # noqa: N818 - the parser turns it into a diagnostic
    """A statement that cannot be parsed."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class Statement:
    """Parses one statement by recursive descent.

    `corrections` are the mistakes that it corrected.
    """

    def __init__(self, content: str, number: int, offset: int, closes: Closes | None = None) -> None:
        self._tokens = list(tokenize(content, closes=closes))
        self._position = 0
        self._line = number
        self._offset = offset
        self.corrections: list[tuple[str, int, int, int]] = []
        self._inner: list[Step] = []
        self._depth = 0
        # The first string with an unescaped quote inside: only lenient parsing finds one.
        self.quote = next((_placed(t, offset) for t in self._tokens if _has_unescaped_quote(t)), None)

    def read(self) -> list[Step]:
        """Return the step, after those of the calls inside its call.

        Raise Fault if the statement has a mistake that cannot be corrected.
        """
        target = self._target()
        name = self._expect_name("a tool or a variable after `=`")
        if self._peek().text == "(":
            value: Call | Variable = self._call(name)
        else:
            value = Variable(name.text, self._span(name))
            if _is_sign(self._peek(), "["):
                self._fail(
                    "only Eval takes an item of a list", f"write `{target.text}=Eval('{{{name.text}}}[0]')`"
                )
        self._finish()
        return [*self._inner, Step(target.text, value, self._span(target))]

    def _peek(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._peek()
        self._position += token.kind != "end"
        return token

    def _span(self, first: Token, last: Token | None = None) -> Span:
        return Span(self._line, first.column + self._offset, (last or first).end + self._offset)

    def _shifted(self, columns: Sequence[int]) -> Sequence[int]:
        if isinstance(columns, range):
            return range(columns.start + self._offset, columns.stop + self._offset)
        return [column + self._offset for column in columns]

    def _fail(self, message: str, help: str | None = None, code: str = "syntax") -> NoReturn:
        raise Fault(diagnostics.error(code, message, self._span(self._peek()), help))

    def _correct(self, message: str, token: Token) -> None:
        span = self._span(token)
        self.corrections.append((message, span.line, span.column, span.end))

    def _unexpected(self, expected: str) -> NoReturn:
        token = self._peek()
        if token.kind == "unclosed":
            message = f"the string has no closing quote {token.text[0]}"
            self._fail(message, f"close it with {token.text[0]}", "unclosed-string")
        if token.text in CURLY_QUOTES:
            self._fail(f"the quote {token.text} is not allowed", "use straight quotes: ' or \"")
        if token.kind == "bad":
            self._fail(f"the character {token.text!r} is not allowed here", f"expected {expected}")
        self._fail(f"expected {expected}, found {token}", syntax_hint(self._tokens, self._position))

    def _target(self) -> Token:
        token = self._peek()
        if token.kind == "name" and self._tokens[1].text == ":":
            self._ignore_type()
        if token.text in _PYTHON_STATEMENTS and self._tokens[1].text != "=":
            self._fail(f"`{token.text}` is not part of the language", _PYTHON_STATEMENTS[token.text])
        if token.kind != "name" or self._tokens[1].text != "=":
            if token.kind == "name" and self._tokens[1].text == "(":
                self._fail("the call's result has no name", f"write `RESULT={token.text}(...)`")
            self._fail("this is not a statement", "write `TARGET=Tool(name=value, ...)` or `TARGET=NAME`")
        if token.text in _WORDS:
            self._fail(f"`{token.text}` is a value and cannot be a variable", "choose another name")
        self._position = 2
        return token

    def _ignore_type(self) -> None:
        """Correct `NAME: Type = Tool(...)` by removing the type."""
        sign = next((place for place, token in enumerate(self._tokens) if token.text == "="), 0)
        if not sign or self._tokens[sign + 1].kind != "name" or self._tokens[sign + 2].text != "(":
            return
        if all(token.kind == "name" or token.text in _TYPE_MARKS for token in self._tokens[1:sign]):
            self._correct("ignored the type", self._tokens[1])
            del self._tokens[1:sign]

    def _expect_name(self, expected: str) -> Token:
        token = self._peek()
        if token.kind in ("string", "int", "float") or token.text == "[" or token.text in _WORDS:
            self._fail(
                f"expected {expected}, found the value {token}",
                "write the value as an argument, where it is used",
            )
        if token.kind != "name":
            self._unexpected(expected)
        return self._take()

    def _call(self, tool: Token) -> Call:
        self._take()
        arguments: list[Argument] = []
        while self._peek().text != ")" or self._peek().kind != "operator":
            if self._peek().kind == "end":
                break
            arguments.append(self._argument(arguments))
            if self._peek().text == "," and self._peek().kind == "operator":
                self._take()
            elif self._peek().text != ")" and self._peek().kind != "end":
                self._unexpected("`,` or `)`")
        if self._peek().kind == "end":
            self._close_at_end(")")
        else:
            self._take()
        return Call(tool.text, tuple(arguments), self._span(tool))

    def _close_at_end(self, bracket: str) -> None:
        """Add a missing bracket if nothing else is missing at the end of the line."""
        token = self._peek()
        cut_off = self._tokens[self._position - 1].text == ","
        if cut_off or token.is_comment:
            message = f"the line ends without its closing `{bracket}`"
            self._fail(message, "write the whole statement on one line", "unclosed-bracket")
        self._correct(f"the closing `{bracket}` is missing", token)

    def _argument(self, before: list[Argument]) -> Argument:
        first = self._peek()
        name = None
        if first.kind == "name" and self._tokens[self._position + 1].text == "=":
            name = first.text
            self._position += 2
        elif before and before[-1].name is not None:
            self._fail("a positional argument follows a named one", "add its name, as in `name=value`")
        value = self._joined(self._value(self._depth))
        return Argument(name, value, self._span(first, self._tokens[self._position - 1]))

    def _joined(self, first: Value) -> Value:
        """Correct `'the ' + NAME + ' car'`, texts and variables that are joined, to one text."""
        signs = [self._peek()]
        operands = [first]
        while _is_sign(self._peek(), "+") and _is_joinable(operands[-1]):
            signs.append(self._take())
            operands.append(self._value(self._depth))
        if len(operands) == 1:
            return first
        if not all(map(_is_joinable, operands)) or all(isinstance(each, Variable) for each in operands):
            self._position = self._tokens.index(signs[1])
            self._fail("arithmetic is allowed only in Eval", "write it as in `Eval('{A} + {B}')`")
        self._correct("joined the texts: a text inserts the value of `{NAME}`", signs[1])
        return joined_text(operands)

    def _value(self, depth: int) -> Value:
        token = self._peek()
        if token.text == "[" and token.kind == "operator":
            return self._list(depth)
        if token.text in ("-", "+") and token.kind == "operator":
            return self._signed()
        match token.kind:
            case "string":
                if any("\ud800" <= char <= "\udfff" for char in str(token.value)):
                    self._fail("the string contains an invalid character (a lone surrogate)")
                return Literal(self._take().value, self._span(token), self._shifted(token.columns))
            case "int" | "float":
                return self._number(token, 1)
            case "reference":
                self._correct("ignored the braces: they are only for texts", self._take())
                return Variable(str(token.value), self._span(token))
            case "name" if self._is_prefix(token):
                self._correct("ignored the `f` before the string: every text inserts `{NAME}`", self._take())
                return self._value(depth)
            case "name" if token.text in _WORDS:
                return Literal(_WORDS[self._take().text], self._span(token))
            case "name":
                self._take()
                if self._peek().text == "(":
                    return self._inner_call(token, depth)
                return Variable(token.text, self._span(token))
        self._unexpected("a value")

    def _is_prefix(self, token: Token) -> bool:
        """Return whether a token is the `f` of `f'...'`."""
        after = self._tokens[self._position + 1]
        return token.text in ("f", "F") and after.kind == "string" and after.column == token.end

    def _inner_call(self, tool: Token, depth: int) -> Variable:
        """Correct a call inside another one: it becomes a separate step before this one."""
        if tool.text in FUNCTIONS:
            advice = f"write `NAME=Eval('{tool.text}({{A}})')` on its own line, and use the name here"
            self._fail(f"`{tool.text}` is a function of Eval, not a tool", advice)
        if depth == MAX_NESTING:
            self._fail(f"the calls are nested more than {MAX_NESTING} levels deep")
        self._depth = depth + 1
        call = self._call(tool)
        self._depth = depth
        name = f"CALL{self._line}_{len(self._inner) + 1}"
        self._inner.append(Step(name, call, self._span(tool)))
        self._correct(f"moved the inner call of {tool.text} to a separate step", tool)
        return Variable(name, self._span(tool))

    def _signed(self) -> Literal:
        sign = self._take()
        token = self._peek()
        if token.kind not in ("int", "float"):
            self._unexpected(f"a number after `{sign.text}`")
        value = self._number(token, -1 if sign.text == "-" else 1)
        return Literal(value.value, self._span(sign, token))

    def _number(self, token: Token, sign: int) -> Literal:
        value = token.value
        if isinstance(value, str) or abs(value) == float("inf"):
            self._fail("the number is too large")
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            self._fail(f"the number has more than {MAX_BITS} bits")
        self._take()
        return Literal(sign * value, self._span(token))

    def _list(self, depth: int) -> ListValue:
        opening = self._take()
        if depth == MAX_NESTING:
            self._fail(f"the lists are nested more than {MAX_NESTING} levels deep")
        items: list[Value] = []
        while self._peek().text != "]" or self._peek().kind != "operator":
            if self._peek().kind == "end" or (self._peek().text == ")" and self._peek().kind == "operator"):
                self._close_at_end("]")
                return ListValue(tuple(items), self._span(opening, self._tokens[self._position - 1]))
            items.append(self._value(depth + 1))
            if self._peek().text == ",":
                self._take()
            elif self._peek().text not in ("]", ")") and self._peek().kind != "end":
                self._unexpected("`,` or `]`")
        return ListValue(tuple(items), self._span(opening, self._take()))

    def _finish(self) -> None:
        """Ignore extra punctuation after the statement; fail if anything else follows."""
        while self._peek().text in (")", ";", ",") and self._peek().kind == "operator":
            self._correct(f"ignored the extra `{self._peek().text}` at the end", self._peek())
            self._take()
        if self._peek().kind == "end":
            return
        if self._peek().text in ("+", "-", "*", "/", "<", ">", "==", "and", "or"):
            self._fail("arithmetic is allowed only in Eval", "write it as in `Eval('{A} + {B}')`")
        self._unexpected("the end of the line")


def _is_sign(token: Token, text: str) -> bool:
    return token.kind == "operator" and token.text == text


def _is_joinable(value: Value) -> bool:
    return isinstance(value, Variable) or (isinstance(value, Literal) and isinstance(value.value, str))


_CHOOSE = "let Eval choose, as in `A=Eval(\"'red' if {B} > 2 else 'blue'\")`"
_REPEAT = "give a list: `A=Vqa(image=IMAGES0, question='...')` asks about each picture of IMAGES0"
_LEAVE_OUT = "leave the line out; only calls of tools are needed"
_PYTHON_STATEMENTS = {
    **dict.fromkeys(("if", "elif", "else"), _CHOOSE),
    **dict.fromkeys(("for", "while"), _REPEAT),
    "return": "write `RESULT=NAME`",
    "print": "write `RESULT=NAME`",
    **dict.fromkeys(
        ("def", "class", "import", "from", "with", "try", "except", "pass", "assert"), _LEAVE_OUT
    ),
}
"""Words that begin a statement of Python, and what to write instead."""

_TYPE_MARKS = frozenset(":[],.|")
_WORDS: dict[str, bool | None] = {"True": True, "False": False, "None": None}


def _placed(token: Token, offset: int) -> Token:
    return token._replace(column=token.column + offset, end=token.end + offset)


def _has_unescaped_quote(token: Token) -> bool:
    return (
        token.kind == "string"
        and re.search(rf"(?<!\\)(?:\\\\)*{token.text[0]}", token.text[1:-1]) is not None
    )
