"""Reads the pattern of a rule: words, `[optional words]`, `(one|other)` and `<slots>`.

The syntax of the words is that of hassil's sentence templates. A slot is a category, whose rules may use each
other, and a category that occurs twice is named: `<thing:other>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

ARTICLES = {"a": "a", "the": "the", "^": ""}
"""The words that stand for the article of the next word; `^` says that there is none."""

_PART = re.compile(r"\s+|<([a-z]+)(?::([a-z]+))?>|([\[\](|)])|([^\s<>\[\](|)]+)")


class PatternError(ValueError):
    """A pattern that cannot be read. `column` counts from 0."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


@dataclass(slots=True, eq=False)
class State:
    """A point in a pattern. A choice has several next states; a word or a slot has one; the end has none."""

    word: str = ""
    category: str = ""
    name: str = ""
    nexts: list[State] = field(default_factory=list)

    @property
    def is_choice(self) -> bool:
        """Whether the pattern goes on in several ways."""
        return not self.word and not self.category and bool(self.nexts)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern.

    `words` are all its words. `needs` are groups of words: every text that fits has one word of each group.
    `slots` maps each slot's name to its category. `firsts` are the possible first words; it is None if a slot
    may be first.
    """

    start: State
    words: frozenset[str]
    needs: tuple[frozenset[str], ...]
    slots: dict[str, str]
    firsts: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class _Word:
    text: str


@dataclass(frozen=True, slots=True)
class _Slot:
    category: str
    name: str


@dataclass(frozen=True, slots=True)
class _Choice:
    branches: tuple[_Sequence, ...]


_Sequence = tuple["_Word | _Slot | _Choice", ...]


def read_pattern(text: str) -> Pattern:
    """Return the pattern. Raises PatternError if the text is not a pattern."""
    parts = list(_parts(text))
    branches, rest = _branches(parts, 0, len(text))
    if rest < len(parts):
        raise PatternError(f"`{parts[rest][0]}` closes nothing", parts[rest][1])
    sequence: _Sequence = branches[0] if len(branches) == 1 else (_Choice(branches),)
    if _may_be_empty(sequence):
        raise PatternError("the pattern fits an empty text", 0)
    slots: dict[str, str] = {}
    for slot in _slots(sequence):
        if slots.setdefault(slot.name, slot.category) != slot.category:
            raise PatternError(f"the slot `{slot.name}` has two categories", text.find(slot.name))
    start = _linked(sequence, State())
    return Pattern(start, frozenset(_words(sequence)), tuple(_needs(sequence)), slots, _firsts(start))


def _parts(text: str) -> Iterator[tuple[str | _Slot, int]]:
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise PatternError("a slot is written `<category>` or `<category:name>`", position)
        if match[1]:
            yield _Slot(match[1], match[2] or match[1]), position
        elif match[3] or match[4]:
            yield match[3] or match[4], position
        position = match.end()


def _branches(
    parts: list[tuple[str | _Slot, int]], start: int, length: int
) -> tuple[tuple[_Sequence, ...], int]:
    """Return the branches between `|` up to the closing bracket, and the index of that bracket."""
    found: list[_Sequence] = []
    current: list[_Word | _Slot | _Choice] = []
    index = start
    while index < len(parts) and parts[index][0] not in ("]", ")"):
        part, column = parts[index]
        if part == "|":
            found.append(tuple(current))
            current = []
        elif part in ("[", "("):
            inner, index = _branches(parts, index + 1, length)
            closing = "]" if part == "[" else ")"
            if index >= len(parts) or parts[index][0] != closing:
                raise PatternError(f"`{part}` is not closed", column)
            current.append(_Choice((*inner, ()) if part == "[" else inner))
        else:
            current.append(part if isinstance(part, _Slot) else _Word(str(part).casefold()))
        index += 1
    return (*found, tuple(current)), index


def _slots(sequence: _Sequence) -> Iterator[_Slot]:
    for part in sequence:
        if isinstance(part, _Slot):
            yield part
        elif isinstance(part, _Choice):
            for branch in part.branches:
                yield from _slots(branch)


def _may_be_empty(sequence: _Sequence) -> bool:
    return all(isinstance(part, _Choice) and any(map(_may_be_empty, part.branches)) for part in sequence)


def _words(sequence: _Sequence) -> Iterator[str]:
    for part in sequence:
        if isinstance(part, _Word):
            yield part.text
        elif isinstance(part, _Choice):
            for branch in part.branches:
                yield from _words(branch)


def _linked(sequence: _Sequence, after: State) -> State:
    for part in reversed(sequence):
        if isinstance(part, _Word):
            after = State(word=part.text, nexts=[after])
        elif isinstance(part, _Slot):
            after = State(category=part.category, name=part.name, nexts=[after])
        else:
            after = State(nexts=[_linked(branch, after) for branch in part.branches])
    return after


def _needs(sequence: _Sequence) -> Iterator[frozenset[str]]:
    for part in sequence:
        if isinstance(part, _Word):
            yield frozenset((part.text,))
        elif isinstance(part, _Choice):
            groups = [list(_needs(branch)) for branch in part.branches]
            if all(groups):
                yield frozenset(word for group in groups for word in group[0])


def _firsts(state: State) -> frozenset[str] | None:
    if state.word:
        return frozenset((state.word,)) if state.word not in ARTICLES else None
    if state.category or not state.nexts:
        return None
    found = [_firsts(each) for each in state.nexts]
    return None if None in found else frozenset().union(*(each for each in found if each is not None))
