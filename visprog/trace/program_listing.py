"""The program as a page shows it: lines of tokens, with variables as links to the places that show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from visprog.language.checked import Checked
from visprog.language.program import Argument, Call, ListValue, Literal, Step, Value, Variable

_BRACES = re.compile(r"\{\{|\}\}|\{\s*(\w+)\s*\}")
"""Doubled braces, which are text, and braces around a name."""


class Token(NamedTuple):
    """A part of a line. `anchor` is the id of the element that shows a variable's value."""

    kind: str
    text: str
    anchor: str = ""


class Line(NamedTuple):
    """A line of the program. `step` is the index of its step, or None for a comment."""

    number: int
    tokens: tuple[Token, ...]
    step: int | None = None


def step_anchor(index: int) -> str:
    """Return the id of a step's card."""
    return f"step-{index + 1}"


def input_anchor(place: int) -> str:
    """Return the id of an input's figure."""
    return f"input-{place + 1}"


def listing(checked: Checked) -> tuple[Line, ...]:
    """Return the lines of the program and its whole-line comments, numbered as in the source."""
    places = {name: input_anchor(place) for place, name in enumerate(checked.inputs)}
    lines = []
    for index, step in enumerate(checked.program):
        tokens = tuple(_step(step, places, step_anchor(index)))
        places[step.target] = step_anchor(index)
        lines.append(Line(step.span.line or index + 1, tokens, index))
    return tuple(sorted([*lines, *_comments(checked)], key=lambda line: line.number))


def _comments(checked: Checked) -> Iterator[Line]:
    if all(step.span.line for step in checked.program):
        for number, text in enumerate(checked.program.source.splitlines(), 1):
            if text.lstrip().startswith("#"):
                yield Line(number, (Token("comment", text.strip()),))


def _step(step: Step, places: Mapping[str, str], own: str) -> Iterator[Token]:
    yield Token("variable", step.target, own)
    yield Token("mark", "=")
    if isinstance(step.value, Call):
        yield from _call(step.value, places)
    else:
        yield from _value(step.value, places)


def _call(call: Call, places: Mapping[str, str]) -> Iterator[Token]:
    yield Token("tool", call.tool)
    yield Token("mark", "(")
    for place, argument in enumerate(call.arguments):
        if place:
            yield Token("mark", ", ")
        yield from _argument(argument, places)
    yield Token("mark", ")")


def _argument(argument: Argument, places: Mapping[str, str]) -> Iterator[Token]:
    if argument.name:
        yield Token("name", argument.name)
        yield Token("mark", "=")
    yield from _value(argument.value, places)


def _value(value: Value, places: Mapping[str, str]) -> Iterator[Token]:
    match value:
        case Variable(name):
            yield Token("variable", name, places.get(name, ""))
        case Literal(str() as text):
            yield from _string(repr(text), places)
        case Literal(other):
            yield Token("number", repr(other))
        case ListValue(items):
            yield Token("mark", "[")
            for place, item in enumerate(items):
                if place:
                    yield Token("mark", ", ")
                yield from _value(item, places)
            yield Token("mark", "]")


def _string(text: str, places: Mapping[str, str]) -> Iterator[Token]:
    """Yield a string in parts: each `{NAME}` of a variable becomes a link."""
    start = 0
    for found in _BRACES.finditer(text):
        name = found[1]
        if name in places:
            yield Token("string", text[start : found.start(1)])
            yield Token("variable", name, places[name])
            start = found.end(1)
    yield Token("string", text[start:])
