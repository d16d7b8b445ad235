"""Find braces in the strings of Eval expressions that do not insert a value."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import NamedTuple

from visprog.language.lexer import tokenize

_BRACES = re.compile(r"\{([^{}]*)\}")
NAME = re.compile(r"[^\W\d]\w*")
WORD = re.compile(r"(?<!\w)[^\W\d]\w*")
COMPUTES = re.compile(r"[\w(\['\"]")
"""The first character of an expression. `{:A}` and `{-A-}` are drawings."""

_EXPRESSION = re.compile(
    r"[^\W\d]\w*(?:\[.*\]|\(.*\)|\.[^\W\d].*|![rsa]|:[<>^=.,+\d]+[a-z%]?)", re.IGNORECASE | re.DOTALL
)
"""`A[0]`, `len(A)`, `A.name`, `A!r` or `A:.1f`, which cannot be ordinary words."""

_DOUBLED = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")


class TextReference(NamedTuple):
    """Braces that refer to a value. `column` and `end` count from 1 within the text.

    `name` is the variable; `whole` is true if the braces contain only the name.
    """

    name: str
    whole: bool
    column: int
    end: int


def text_references(text: str, known: Container[str]) -> Iterator[TextReference]:
    """Yield the braces that contain a name or an expression.

    Braces with more than a name are included if they contain a `known` variable, or if they must be an
    expression. All other braces are part of the text: `:-{`, `{}`, `{ x }`.
    """
    for found in _BRACES.finditer(text):
        inside = found.group(1)
        column, end = found.start() + 1, found.end() + 1
        if NAME.fullmatch(inside) or inside.strip() in known:
            yield TextReference(inside.strip(), True, column, end)
            continue
        if not COMPUTES.match(inside.lstrip()):
            continue
        used = next((name for name in WORD.findall(inside) if name in known), None)
        if used is not None or _EXPRESSION.fullmatch(inside):
            yield TextReference(used or _subject(inside), False, column, end)


def _subject(expression: str) -> str:
    """Return the variable of an expression: `A` for `len(A)`."""
    names = list(WORD.finditer(expression))
    variables = (each for each in names if expression[each.end() : each.end() + 1] != "(")
    return next(variables, names[0]).group()


class InvalidBraces(NamedTuple):
    """Braces in a string of an expression that do not insert a value.

    `columns` are the first column and the one after the last; they count from 1 within the expression.
    """

    message: str
    help: str
    columns: tuple[int, int]


def invalid_braces(expression: str, known: Container[str]) -> Iterator[InvalidBraces]:
    """Yield the braces in an expression's strings that contain more than a name, or are doubled."""
    for token in tokenize(expression):
        if token.kind != "string" or "{" not in token.text:
            continue
        text, columns = str(token.value), token.columns
        for each in text_references(text, known):
            if not each.whole:
                braces = braces_in(text, each)
                message = f"`{braces}` is not computed: braces in a text can contain only a name"
                advice = "compute it in a separate Eval step, and write the name of its result here"
                yield InvalidBraces(message, advice, (columns[each.column - 1], columns[each.end - 1]))
        for found in _DOUBLED.finditer(text):
            message = f"`{found.group()}` would leave a pair of braces around the value"
            advice = f"write `{{{found.group(1)}}}`"
            yield InvalidBraces(message, advice, (columns[found.start()], columns[found.end()]))


def braces_in(text: str, found: TextReference) -> str:
    """Return the text of the braces for a message, on one line."""
    return " ".join(text[found.column - 1 : found.end - 1].split())
