"""Aligning an instruction with a template, word by word, at the least cost.

Fixed words must be there, in order; slots take what they may; articles and phrases that say nothing may be
left out or added. No other word may be left over on either side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from visprog.planner.examples import vocabulary
from visprog.planner.examples.slots import LONGEST, Filling, read_slot
from visprog.planner.examples.template import Template
from visprog.planner.examples.wording import Token

MOST_TOKENS = 80
"""No example is nearly as long: a longer instruction fits none."""

_ALTERNATIVES = 4
_ARTICLE, _FILLER, _PREPOSITION, _VERB = 0.02, 0.1, 0.4, 0.3


class Fit(NamedTuple):
    """One way to read an instruction as a template: what fills each slot, and how far-fetched that is."""

    cost: float
    fillings: Mapping[int, Filling]


class _Way(NamedTuple):
    cost: float
    slots: tuple[tuple[int, Filling], ...]


def align(template: Template, tokens: tuple[Token, ...], text: str) -> list[Fit]:
    """Return the best ways to read `tokens`, which were read from `text`, as the template, best first."""
    if len(tokens) > MOST_TOKENS or not _needed(template) <= _supplied(tokens):
        return []
    items = template.items

    @cache
    def ways(item: int, position: int) -> tuple[_Way, ...]:
        if item == len(items) and position == len(tokens):
            return (_Way(0.0, ()),)
        return _best([*skipped(item, position), *matched(item, position)])

    def skipped(item: int, position: int) -> Iterator[_Way]:
        if position < len(tokens) and _may_be_added(template, tokens, position):
            yield from _after(ways(item, position + 1), _skip_cost(tokens[position]))
        if item < len(items):
            fixed = items[item]
            if isinstance(fixed, Token) and (_is_idle(fixed) or _may_lack(template, fixed)):
                yield from _after(ways(item + 1, position), _skip_cost(fixed))

    def matched(item: int, position: int) -> Iterator[_Way]:
        if item == len(items) or position == len(tokens):
            return
        wanted = items[item]
        before = tokens[position - 1] if position else None
        if isinstance(wanted, Token):
            cost = _match_cost(wanted, tokens[position])
            if cost is not None and _may_stand(template, tokens[position], before):
                yield from _after(ways(item + 1, position + 1), cost)
            return
        for end in range(position + 1, min(position + LONGEST, len(tokens)) + 1):
            filling = read_slot(template.slots[wanted], tokens[position:end], before, text)
            if filling is not None:
                yield from _after(ways(item + 1, end), filling.cost, (wanted, filling))

    return [Fit(way.cost, dict(way.slots)) for way in ways(0, 0) if _agrees(way)]


def _agrees(way: _Way) -> bool:
    """Whether a slot that stands in two places is filled with the same."""
    items = {(number, filling.items) for number, filling in way.slots}
    return len(items) == len({number for number, _ in items})


def _after(ways: tuple[_Way, ...], cost: float, slot: tuple[int, Filling] | None = None) -> Iterator[_Way]:
    for way in ways:
        yield _Way(way.cost + cost, (slot, *way.slots) if slot else way.slots)


def _best(ways: list[_Way]) -> tuple[_Way, ...]:
    chosen: dict[tuple[tuple[int, tuple[str, ...]], ...], _Way] = {}
    for way in sorted(ways, key=lambda way: way.cost):
        chosen.setdefault(tuple((number, filling.items) for number, filling in way.slots), way)
    return tuple(chosen.values())[:_ALTERNATIVES]


def _skip_cost(token: Token) -> float:
    return {"determiner": _ARTICLE, "filler": _FILLER, "number": _FILLER}.get(token.kind, _VERB)


def _is_idle(token: Token) -> bool:
    """Whether an example's word may be missing: an article, but not the `its` of 'with its species'."""
    return token.skippable and token.key not in vocabulary.POSSESSIVES


def _may_lack(template: Template, token: Token) -> bool:
    first = template.items[0]
    return token.key == "be" and isinstance(first, Token) and first.key == "how-many"


def _match_cost(wanted: Token, found: Token) -> float | None:
    """Return what it costs to read one token as the other; None where they don't mean the same."""
    if wanted.key in vocabulary.POSSESSIVES:
        return 0.0 if found.key in vocabulary.POSSESSIVES else None
    if wanted.kind == found.kind and wanted.key == found.key:
        return 0.0 if wanted.text.casefold() == found.text.casefold() or wanted.skippable else 0.02
    if wanted.key == "be" and found.value == "exists":
        return 0.1
    group = vocabulary.PREPOSITIONS.get(wanted.key) if wanted.kind == "word" else None
    if group is not None and group == vocabulary.PREPOSITIONS.get(found.key):
        return _PREPOSITION
    return None


def _may_stand(template: Template, found: Token, before: Token | None) -> bool:
    """Whether a number tells how many there are ('the two dogs') and not how many are wanted ('two dogs').

    And whether a plural doesn't ask for several where the program takes the best one.
    """
    if found.kind == "number":
        return _is_definite_number(found, before)
    return not (template.takes_one and found.text.casefold() == "faces")


def _is_definite_number(found: Token, before: Token | None) -> bool:
    definite = before is not None and before.key in ("the", "these", "those")
    return definite and isinstance(found.value, tuple) and found.value[0] == "==" and found.value[1] > 0


def _may_be_added(template: Template, tokens: tuple[Token, ...], position: int) -> bool:
    """Whether a word says nothing, or a number says how many all are: 'blur all but the two dogs'."""
    if tokens[position].skippable:
        return True
    counted = any(slot.kind == "number" for slot in template.slots)
    if template.task != "imgedit" or counted or tokens[position].kind != "number" or not position:
        return False
    return _is_definite_number(tokens[position], tokens[position - 1])


def _needed(template: Template) -> set[str]:
    """Return the fixed words without which no instruction fits: a quick look before the alignment."""
    tokens = [item for item in template.items if isinstance(item, Token) and not item.skippable]
    return {t.key for t in tokens if t.key not in vocabulary.PREPOSITIONS and not _may_lack(template, t)}


def _supplied(tokens: tuple[Token, ...]) -> set[str]:
    keys = {token.key for token in tokens}
    return keys | {"be"} if any(token.value == "exists" for token in tokens) else keys
