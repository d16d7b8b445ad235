"""Split text into tokens, for programs and for Eval expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

Kind = Literal["name", "int", "float", "string", "reference", "operator", "unclosed", "bad", "end"]


class Token(NamedTuple):
    """A token of one line. `column` counts from 1, `end` is the column after the last one.

    `value` is the value of a literal, or the name in the braces of a reference. `columns` are the column of
    each character in a string's value, and the column after the last one.
    """

    kind: Kind
    text: str
    value: str | int | float
    column: int
    end: int
    columns: Sequence[int] = ()

    @property
    def is_comment(self) -> bool:
        """Whether the token is the comment that ends its line."""
        return self.kind == "end" and bool(self.text)

    def __str__(self) -> str:
        """Describe the token for a message."""
        return "the end of the line" if self.kind == "end" else f"`{self.text}`"


CURLY_QUOTES = frozenset("‘’“”„‚«»`´")
"""Quotes that word processors write instead of straight ones."""

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<float>(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
    | (?P<int>\d+)
    | (?P<name>[^\W\d]\w*)
    | (?P<reference>\{\s*[^\W\d]\w*\s*\})
    | (?P<quote>['"])
    | (?P<operator>\*\*|//|==|!=|<=|>=|&&|\|\||[-+*/%<>=()\[\],.:;!&|^~{}])
    | (?P<bad>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b"}

Closes = Callable[[str, int], bool]
"""Whether the quote at this index of the line ends its string."""


def tokenize(line: str, *, closes: Closes | None = None) -> Iterator[Token]:
    """Yield the tokens of a line. The last one has the kind `end`, and the comment of the line as its text.

    `closes` decides which quotes end a string. By default the first unescaped quote does, as in Python.
    """
    position = 0
    while position < len(line):
        match = _TOKEN.match(line, position)
        assert match is not None, "every character belongs to some token"  # noqa: S101
        kind, text, start = match.lastgroup, match.group(), position
        position = match.end()
        if kind == "quote":
            token = _string(line, start, closes)
            position = token.end - 1
            yield token
        elif text == "#":
            yield Token("end", line[start:], "", start + 1, start + 2)
            return
        elif kind != "space":
            yield _token(kind, text, start)
    yield Token("end", "", "", len(line.rstrip()) + 1, len(line.rstrip()) + 2)


def _token(kind: str | None, text: str, start: int) -> Token:
    column, end = start + 1, start + len(text) + 1
    match kind:
        case "int":
            return Token("int", text, int(text) if len(text) <= _DIGITS else text, column, end)
        case "float":
            return Token("float", text, float(text), column, end)
        case "reference":
            return Token("reference", text, text[1:-1].strip(), column, end)
        case "name":
            return Token("name", text, text, column, end)
        case "operator":
            return Token("operator", text, text, column, end)
    return Token("bad", text, text, column, end)


_DIGITS = 80
"""Maximum digits of a number that is read: more than 256 bits. The parsers reject longer ones."""


def _string(line: str, start: int, closes: Closes | None) -> Token:
    quote, position = line[start], start + 1
    while position < len(line):
        char = line[position]
        if char == "\\":
            position += 2
            continue
        if char == quote and (closes is None or closes(line, position)):
            text = line[start : position + 1]
            columns = _columns(text[1:-1], start + 2)
            return Token("string", text, unescape(text[1:-1]), start + 1, position + 2, columns)
        position += 1
    return Token("unclosed", line[start:], line[start + 1 :], start + 1, len(line) + 1)


def unescape(text: str) -> str:
    """Replace the escapes in the content of a string. Keep unknown escapes as they are."""
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _columns(text: str, first: int) -> Sequence[int]:
    """Return the column of each character of a string's value. `first` is that of its first character."""
    if "\\" not in text:
        return range(first, first + len(text) + 1)
    columns: list[int] = []
    position = 0
    for escape in _ESCAPE.finditer(text):
        columns += range(first + position, first + escape.start())
        value = _unescaped(escape)
        columns += (
            [first + escape.start()] * len(value)
            if len(value) == 1
            else range(first + escape.start(), first + escape.end())
        )
        position = escape.end()
    columns += range(first + position, first + len(text) + 1)
    return columns


def _unescaped(match: re.Match[str]) -> str:
    code = match.group(1)
    if code[0] in "xuU" and len(code) > 1:
        point = int(code[1:], 16)
        return chr(point) if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else match.group()
    return _ESCAPED.get(code, match.group())
