"""Reads the program lines of a rule: text with places for slots, pictures and the names of steps."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

PICTURES = ("IMAGE", "LEFT", "RIGHT")
"""The names for pictures: IMAGE is the picture that the phrase is about."""

_STEP = re.compile(r"([A-Z][A-Z0-9]*)\s*=\s*(\S.*)")
_PLACE = re.compile(
    r"<([a-z]+)(?:\.([a-z]+))?(?:@([A-Z][A-Z0-9]*|[a-z]+))?(?:\(([^()]*)\))?>|\b[A-Z][A-Z0-9]+\b"
)
_ESCAPED = str.maketrans({"\\": "\\\\", "'": "\\'", '"': '\\"', "{": "{{", "}": "}}"})


@dataclass(frozen=True, slots=True)
class Place:
    """A slot's text or value. `argument` replaces `#` in the value.

    `picture` is the picture that the slot is about, or a slot whose text `over` combines the values for
    pictures: `LEFT and RIGHT`.
    """

    slot: str
    facet: str
    picture: str
    argument: Filling | None
    is_quoted: bool


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a step of the rule, or of a picture."""

    text: str


Filling = tuple["str | Place | Name", ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A line `NAME=value`."""

    name: str
    value: Filling


def escaped(text: str) -> str:
    """Return a text as it is written inside the quotes of a program."""
    return text.translate(_ESCAPED)


def read_step(line: str, names: Container[str], slots: Container[str]) -> Step:
    """Return the step on a line. Raises ValueError if it is not one, or if a slot is unknown."""
    match = _STEP.fullmatch(line)
    if match is None:
        raise ValueError("expected `NAME=Tool(...)`, `.name = text`, `= expression` or `cost NUMBER`")
    if match[1] in PICTURES:
        raise ValueError(f"`{match[1]}` is a picture's name; use another name for the step")
    return Step(match[1], read_filling(match[2], names, slots))


def read_filling(text: str, names: Container[str], slots: Container[str], as_text: bool = False) -> Filling:
    """Return the text with its places. Raises ValueError for a slot that the pattern does not have.

    A slot gives its value; inside quotes, or with `as_text`, it gives its text. In an expression, it gives
    its value in any case.
    """
    return tuple(_read(text, names, slots, as_text))


def _read(
    text: str, names: Container[str], slots: Container[str], as_text: bool
) -> Iterator[str | Place | Name]:
    is_expression = text.startswith("Eval(")
    position = 0
    for match in _PLACE.finditer(text):
        quoted = _in_quotes(text, match.start())
        if match[1] is None:
            braced = text[: match.start()].endswith("{")
            if as_text or (quoted and not braced) or (match[0] not in PICTURES and match[0] not in names):
                continue
        yield text[position : match.start()]
        position = match.end()
        if match[1] is None:
            yield Name(match[0])
            continue
        if match[1] not in slots:
            raise ValueError(f"the pattern has no slot `{match[1]}`")
        facet = match[2] or ("text" if as_text or (quoted and not is_expression) else "value")
        argument = tuple(_read(match[4], names, slots, as_text)) if match[4] else None
        yield Place(
            match[1], facet, match[3] or "IMAGE", argument, quoted and facet != "value" and not argument
        )
    yield text[position:]


def _in_quotes(text: str, end: int) -> bool:
    quote = ""
    for char in text[:end]:
        if quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
    return bool(quote)
