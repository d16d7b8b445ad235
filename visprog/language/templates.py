"""Templates: texts in which `{NAME}` stands for the value of a variable."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from visprog.errors import ExpressionError
from visprog.language import coercion
from visprog.language.limits import check_text
from visprog.language.program import Template, Variable
from visprog.language.text_references import COMPUTES, NAME, WORD
from visprog.language.types import Type

MAX_INSERTED = 1_000
"""Maximum characters of a value that is inserted into a text. The rest is cut off, with a warning."""

INSERTABLE = frozenset(
    {Type.STR, Type.INT, Type.FLOAT, Type.BOOL, Type.SCALAR, Type.STRINGS, Type.INTS, Type.FLOATS}
    | {Type.BOOLS, Type.SCALARS, Type.EMPTY, Type.MIXED, Type.ANY}
)
"""The types of values that can be inserted into a text, as far as the type tells."""

_BRACES = re.compile(r"\{\{|\}\}|\{(?P<inside>[^{}]*)(?P<close>\}?)")
_DOUBLED = re.compile(r"(?<!\{)\{\{\s*+([^\W\d]\w*+)\s*+\}\}(?!\})")
_LETTER = re.compile(r"[^\W\d]")


class Braces(NamedTuple):
    """Braces in a text, from the index `start` up to `end`.

    `name` is the variable that stands in them. It is None if they contain anything else than a name.
    """

    text: str
    name: str | None
    start: int
    end: int


def read_template(text: str, known: Container[str]) -> Iterator[str | Braces]:
    """Yield the parts of a text in order: its texts, in which doubled braces are single, and its Braces.

    A brace before a letter must form `{NAME}`. Spaces around the name are allowed if the variable is `known`.
    Braces with an expression are yielded if they contain a known variable. All others are part of the text:
    `:-{`, `{}`, `{ x }`.
    """
    position = 0
    for found in _BRACES.finditer(text):
        if found.group() in ("{{", "}}"):
            part: str | Braces = found.group()[0]
        elif (braces := _braces(found, known)) is not None:
            part = braces
        else:
            continue
        if found.start() > position:
            yield text[position : found.start()]
        yield part
        position = found.end()
    if position < len(text):
        yield text[position:]


def _braces(found: re.Match[str], known: Container[str]) -> Braces | None:
    inside, is_closed = found["inside"], bool(found["close"])
    name = inside.strip()
    if is_closed and NAME.fullmatch(name) and (name == inside or name in known):
        return Braces(found.group(), name, *found.span())
    used = any(word in known for word in WORD.findall(inside))
    if _LETTER.match(inside) or (is_closed and used and COMPUTES.match(inside.lstrip())):
        return Braces(found.group(), None, *found.span())
    return None


def doubled_names(text: str, known: Container[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the known variables in doubled braces, which other languages fill in, and their indices."""
    for found in _DOUBLED.finditer(text):
        if found.group(1) in known:
            yield found.group(1), *found.span()


def merged_texts(parts: Iterable[str | Variable]) -> tuple[str | Variable, ...]:
    """Return the parts of a template with adjacent texts merged into one."""
    merged: list[str | Variable] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return tuple(merged)


def template_names(text: str) -> Iterator[str]:
    """Yield the variables that a text refers to."""
    for part in read_template(text, ()):
        if isinstance(part, Braces) and part.name is not None:
            yield part.name


class FilledText(str):
    """The text of a template with the values of its variables.

    `inserted` are the ranges of indices that come from values. Commas and words in them mean nothing special.
    """

    inserted: tuple[tuple[int, int], ...] = ()


def inserted(text: str) -> FilledText:
    """Return a value that is inserted as a whole text."""
    filled = FilledText(text)
    filled.inserted = ((0, len(text)),)
    return filled


def fill(template: Template, values: Mapping[str, Any], warn: Callable[[str], None]) -> FilledText:
    """Return the template's text. Raise ExpressionError if a value cannot be inserted."""
    parts: list[str] = []
    ranges: list[tuple[int, int]] = []
    length = 0
    for part in template.parts:
        text = _inserted(part.name, values[part.name], warn) if isinstance(part, Variable) else part
        if isinstance(part, Variable):
            ranges.append((length, length + len(text)))
        parts.append(text)
        length += len(text)
    check_text(length)
    filled = FilledText("".join(parts))
    filled.inserted = tuple(ranges)
    return filled


def _inserted(name: str, value: Any, warn: Callable[[str], None]) -> str:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str | int | float) for item in items):
        raise ExpressionError(
            f"`{name}` cannot be inserted into a text: it is {coercion.describe(value)}",
            help="insert text, numbers, True or False, or a list of them",
        )
    text = coercion.text(value)
    if len(text) > MAX_INSERTED:
        warn(f"`{name}` has {len(text):,} characters; only the first {MAX_INSERTED:,} were inserted")
    return text[:MAX_INSERTED]


class Phrase(NamedTuple):
    """One of several texts between commas. `is_written` is true if the program itself contains all of it."""

    text: str
    is_written: bool


def phrases(text: str | Iterable[str] | None) -> list[Phrase]:
    """Split a text at the commas that the program contains; those of inserted values do not count.

    The items of a list are not split. White space around a phrase and empty phrases are removed.
    """
    if not isinstance(text, str):
        return [Phrase(str(each), is_written(each)) for each in text or ()]
    ranges = text.inserted if isinstance(text, FilledText) else ()
    starts = [0]
    for index, character in enumerate(text):
        if character == "," and not _overlaps(index, index + 1, ranges):
            starts.append(index + 1)
    ends = [start - 1 for start in starts[1:]] + [len(text)]
    found = (
        Phrase(text[start:end].strip(), not _touches(start, end, ranges))
        for start, end in zip(starts, ends, strict=True)
    )
    return [phrase for phrase in found if phrase.text]


def is_written(text: str) -> bool:
    """Return whether the program itself contains the whole text: none of it was inserted."""
    return not isinstance(text, FilledText)


def _touches(start: int, end: int, ranges: Iterable[tuple[int, int]]) -> bool:
    """Return whether a value stands between two indices. It may be an empty text."""
    return any(first <= end and start <= last for first, last in ranges)


def _overlaps(start: int, end: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first < end and start < last for first, last in ranges)
