"""Parse text into a `Program`, line by line: an error in one line does not affect the others.

The parser knows the common mistakes of language models. A mistake with only one possible meaning is corrected
and reported as a warning with the corrected statement. Every other mistake is an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from visprog.language import diagnostics
from visprog.language.diagnostics import Diagnostic
from visprog.language.lexer import CURLY_QUOTES, Closes, Token, tokenize
from visprog.language.limits import MAX_BITS
from visprog.language.program import (
    Argument,
    Call,
    ListValue,
    Literal,
    Program,
    Span,
    Step,
    Value,
    Variable,
    lines_of,
)
from visprog.language.syntax_hints import syntax_hint

MAX_TEXT = 100_000
MAX_LINE = 5_000
MAX_STEPS = 200
MAX_NESTING = 8


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed program and its diagnostics.

    `broken` are the targets of lines with errors: using one of them is not another error.
    """

    program: Program
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: frozenset[str] = frozenset()

    @property
    def ok(self) -> bool:
        """Whether every line was parsed without an error."""
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)


def parse(text: str) -> Parsed:
    """Parse a program. Report the errors of every line; raise nothing, whatever the text is."""
    text = text.removeprefix("\ufeff")  # a byte order mark, as some editors write it
    if len(text) > MAX_TEXT:
        message = f"the program has {len(text):,} characters, at most {MAX_TEXT:,} are allowed"
        return Parsed(Program((), text), (_too_long(message, Span(1, 1, 2)),))
    steps: list[Step] = []
    found: list[Diagnostic] = []
    broken: set[str] = set()
    for number, line in enumerate(lines_of(text), start=1):
        step, faults = _read_line(line, number)
        found += faults
        if step is not None:
            if len(steps) == MAX_STEPS:
                message = f"the program has more than {MAX_STEPS} steps"
                span = Span(number, 1, len(line) + 1)
                found.append(diagnostics.error("too-many-steps", message, span, "use fewer steps"))
                break
            steps.append(step)
        elif (defined := _TARGET.match(line)) is not None:
            broken.add(defined.group(1))
    return Parsed(Program(tuple(steps), text), tuple(found), frozenset(broken))


def _too_long(message: str, span: Span) -> Diagnostic:
    return diagnostics.error("too-long", message, span, "shorten it")


_FENCE = re.compile(r"\s*+(```|~~~)[\w+.-]*+\s*+")
_HEADING = re.compile(r"\s*+program\s*+:", re.IGNORECASE)
_NUMBERING = re.compile(
    r"\s*+(?:(?:step\s*+)?\d++\s*+[.):]|[-*•])\s++(?=`*+[^\W\d]\w*+\s*+[=:])", re.IGNORECASE
)
_TARGET = re.compile(
    r"\s*+(?:(?:step\s*+)?\d++\s*+[.):]\s++|[-*•]\s++)?`*+\s*+([^\W\d]\w*+)\s*+=(?!=)", re.IGNORECASE
)


def _read_line(line: str, number: int) -> tuple[Step | None, list[Diagnostic]]:
    if len(line) > MAX_LINE:
        message = f"the line has {len(line):,} characters, at most {MAX_LINE:,} are allowed"
        return None, [_too_long(message, Span(number, 1, MAX_LINE))]
    if _FENCE.fullmatch(line):
        return None, [_ignored("a code fence", number, 1, line)]
    wrapping: list[str] = []
    start = _wrapping_before(line, wrapping)
    content = line[start:]
    if content.rstrip().endswith("`") and line[:start].rstrip().endswith("`"):
        content = content.rstrip().rstrip("`")
    if not content.strip() or content.lstrip().startswith("#"):
        return None, [_ignored(wrapping[0], number, 1, line)] if wrapping else []
    step, faults = _read_statement(content, number, start)
    if step is not None:
        faults = [
            *(_corrected(f"ignored {what}", number, 1, start + 1, step) for what in wrapping),
            *faults,
        ]
    return step, faults


def _wrapping_before(line: str, found: list[str]) -> int:
    """Return where the statement starts, and add descriptions of the text before it to `found`."""
    start = 0
    if heading := _HEADING.match(line):
        start = heading.end()
        found.append("the heading `Program:`")
    if numbering := _NUMBERING.match(line, start):
        start = numbering.end()
        found.append("the line's number or bullet")
    ticks = len(line[start:]) - len(line[start:].lstrip().lstrip("`"))
    if "`" in line[start : start + ticks]:
        start += ticks
        found.append("a back quote")
    return start


def _ignored(what: str, number: int, column: int, line: str) -> Diagnostic:
    span = Span(number, column, max(len(line) + 1, column + 1))
    return diagnostics.warning("mended", f"ignored {what}", span)


def _corrected(message: str, number: int, column: int, end: int, step: Step) -> Diagnostic:
    span = Span(number, column, max(end, column + 1))
    return diagnostics.warning("mended", message, span, mended=str(step))


def _read_statement(content: str, number: int, offset: int) -> tuple[Step | None, list[Diagnostic]]:
    """Parse strictly; if that fails, try again with lenient quotes."""
    try:
        statement = _Statement(content, number, offset)
        step = statement.read()
    except _Fault as fault:
        corrected = _with_lenient_quotes(content, number, offset)
        return corrected if corrected is not None else (None, [fault.diagnostic])
    return step, [_corrected(*each, step=step) for each in statement.corrections]


def _with_lenient_quotes(content: str, number: int, offset: int) -> tuple[Step, list[Diagnostic]] | None:
    if "'" not in content and '"' not in content:
        return None
    try:
        statement = _Statement(content, number, offset, _closes_leniently)
        step = statement.read()
    except _Fault:
        return None
    if statement.quote is None or _TWO_STRINGS.search(statement.quote.text[1:-1]):
        return None
    message = "a quote inside the string is not escaped"
    corrections = [(message, number, statement.quote.column, statement.quote.end), *statement.corrections]
    return step, [_corrected(*each, step=step) for each in corrections]


_AFTER_STRING = re.compile(
    r"""
    \s* (?: \) [\s);`]* (?:\#.*)? $
         | \]
         | , \s* (?: [^\W\d]\w*\s*= | ['"\[] | [-+]?\.?\d | [^\W\d]\w*\s*[,)\]] | $ )
        )
    """,
    re.VERBOSE,
)


_TWO_STRINGS = re.compile(r"""(['"])(?:\s*\1|\s*,|\s+[^\W\d]\w*\s*[,=])""")
"""A string's end inside a string: two arguments with something missing between them."""


def _closes_leniently(line: str, position: int) -> bool:
    """Return whether the quote ends its string, going by the text after it: an apostrophe does not."""
    return _AFTER_STRING.match(line, position + 1) is not None


class _Fault(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class _Statement:
    """Parses one statement by recursive descent. `corrections` are the mistakes that it corrected."""

    def __init__(self, content: str, number: int, offset: int, closes: Closes | None = None) -> None:
        self._tokens = list(tokenize(content, closes=closes))
        self._position = 0
        self._line = number
        self._offset = offset
        self.corrections: list[tuple[str, int, int, int]] = []
        # The first string with an unescaped quote inside: only lenient parsing finds one.
        self.quote = next((_placed(t, offset) for t in self._tokens if _has_unescaped_quote(t)), None)

    def read(self) -> Step:
        target = self._target()
        name = self._expect_name("a tool or a variable after `=`")
        if self._peek().text == "(":
            value: Call | Variable = self._call(name)
        else:
            value = Variable(name.text, self._span(name))
        self._finish()
        return Step(target.text, value, self._span(target))

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
        raise _Fault(diagnostics.error(code, message, self._span(self._peek()), help))

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
        value = self._value(0)
        return Argument(name, value, self._span(first, self._tokens[self._position - 1]))

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
            case "name" if self._is_prefix(token):
                self._correct("ignored the `f` before the string: every text inserts `{NAME}`", self._take())
                return self._value(depth)
            case "name" if token.text in _WORDS:
                return Literal(_WORDS[self._take().text], self._span(token))
            case "name":
                self._take()
                if self._peek().text == "(":
                    advice = f"write `NAME={token.text}(...)` on its own line, and use the name here"
                    self._fail("a call cannot be inside another call", advice)
                return Variable(token.text, self._span(token))
        self._unexpected("a value")

    def _is_prefix(self, token: Token) -> bool:
        """Return whether a token is the `f` of `f'...'`."""
        after = self._tokens[self._position + 1]
        return token.text in ("f", "F") and after.kind == "string" and after.column == token.end

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


_TYPE_MARKS = frozenset(":[],.|")
_WORDS: dict[str, bool | None] = {"True": True, "False": False, "None": None}


def _placed(token: Token, offset: int) -> Token:
    return token._replace(column=token.column + offset, end=token.end + offset)


def _has_unescaped_quote(token: Token) -> bool:
    return (
        token.kind == "string"
        and re.search(rf"(?<!\\)(?:\\\\)*{token.text[0]}", token.text[1:-1]) is not None
    )
