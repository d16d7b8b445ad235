"""`{NAME}` in a text that is no expression: nothing is filled in there, so the checker reports it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import NamedTuple

_BRACES = re.compile(r"\{([^\W\d][^{}]*)\}")
_NAME = re.compile(r"[^\W\d]\w*")


class TextReference(NamedTuple):
    """Braces that ask for a value. `column` and `end` count from 1 within the text.

    `name` is the variable; `whole` says whether the braces hold the name and nothing else.
    """

    name: str
    whole: bool
    column: int
    end: int


def text_references(text: str, known: Container[str]) -> Iterator[TextReference]:
    """Yield the braces that hold a name, or an expression with one of the `known` variables.

    All other braces are part of the text: `:-{`, `{}`, `{ x }`.
    """
    for found in _BRACES.finditer(text):
        inside = found.group(1)
        column, end = found.start() + 1, found.end() + 1
        if _NAME.fullmatch(inside):
            yield TextReference(inside, True, column, end)
            continue
        used = next((name for name in _NAME.findall(inside) if name in known), None)
        if used is not None:
            yield TextReference(used, False, column, end)


def computed_text(text: str) -> str:
    """Return the call that computes a text with values in it: `Eval("'a {A} dog'")`."""
    return f"Eval({repr(text)!r})"
