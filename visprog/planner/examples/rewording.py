"""Other wordings of a template that mean the same: one example stands for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from visprog.language.program import Call
from visprog.planner.examples import vocabulary
from visprog.planner.examples.paraphrases import GROUPS
from visprog.planner.examples.template import Template
from visprog.planner.examples.wording import Token, read_words

Items = tuple[Token | int, ...]


def reworded(template: Template) -> Iterator[Template]:
    """Yield the template, and the same with other items in another order."""
    yield template
    wordings = {"knowtag": (_possessive, _identifying), "imgedit": (_possessive,), "gqa": (_definite,)}
    for reword in wordings.get(template.task, ()):
        items = reword(template)
        if items:
            yield _with_items(template, items)
    for items in _paraphrased(template):
        yield _with_items(template, items)


def _with_items(template: Template, items: Items) -> Template:
    """Return the template worded otherwise; what is not said any more stays as it is in the example."""
    said = {item for item in items if isinstance(item, int)}
    uses = tuple(use for use in template.uses if use.slot in said)
    return replace(template, items=items, uses=uses)


def _paraphrased(template: Template) -> Iterator[Items]:
    told = _said(template)
    seen = {_signature(told)}
    for group in _groups(template.task):
        for own in group:
            parts = _parts(own, told)
            for other in group if parts is not None else ():
                items = tuple(item for word in other for item in (parts or {}).get(word.text, (word,)))
                if _signature(items) not in seen:
                    seen.add(_signature(items))
                    yield items


def _said(template: Template) -> Items:
    """Return the items that matter to what is said; a verb is one whether or not the program quotes it."""
    verbs = {number for number, slot in enumerate(template.slots) if slot.kind == "verb"}
    spoken = (_word("be") if isinstance(item, int) and item in verbs else item for item in template.items)
    return tuple(item for item in spoken if isinstance(item, int) or not _is_idle(item))


def _is_idle(token: Token) -> bool:
    return token.skippable and token.key not in vocabulary.POSSESSIVES


def _signature(items: Items) -> tuple[str | int, ...]:
    return tuple(item if isinstance(item, int) else f"{item.kind} {item.key}" for item in items)


@cache
def _groups(task: str) -> tuple[tuple[tuple[Token, ...], ...], ...]:
    return tuple(
        tuple(tuple(t for t in read_words(said, task) if not _is_idle(t)) for said in group)
        for group in GROUPS[task]
    )


def _parts(sentence: Sequence[Token], told: Items) -> Mapping[str, Items] | None:
    """Return which items each letter of the sentence stands for; None where the sentence says another thing.

    A letter stands for one slot at least.
    """
    if not sentence:
        return None if told else {}
    first, rest = sentence[0], sentence[1:]
    if not re.fullmatch(r"[A-Z]", first.text):
        same = told and _is_same(first, told[0])
        return _parts(rest, told[1:]) if same else None
    for end in range(1, len(told) + 1):
        part = told[:end]
        if not all(map(_may_hang, part)):
            return None
        others = _parts(rest, told[end:]) if any(map(_stands_for, part)) else None
        if others is not None and others.get(first.text, part) == part:
            return {first.text: part, **others}
    return None


def _is_same(word: Token, item: Token | int) -> bool:
    return isinstance(item, Token) and (item.kind, item.key) == (word.kind, word.key)


_HANGING = frozenset(("and", "or", ",", "of", "'s", "face", "#"))


def _may_hang(item: Token | int) -> bool:
    return isinstance(item, int) or item.key in _HANGING


def _stands_for(item: Token | int) -> bool:
    return isinstance(item, int) or item.key == "face"


def _possessive(template: Template) -> Items | None:
    """Reword 'the face of the cook' as 'the cook's face'. There may be several."""
    items, position = [*template.items], 0
    while position < len(items):
        owner = position + 2 + _is_article(items, position + 2)
        if _keys(items[position : position + 2]) == ["face", "of"] and isinstance(_at(items, owner), int):
            face = items[position]
            items[position : owner + 1] = [*items[position + 2 : owner + 1], _word("'s"), face]
        position += 1
    return tuple(items) if tuple(items) != template.items else None


def _identifying(template: Template) -> Items | None:
    """Who or what it is can be told where a list of them is known."""
    tools = {step.value.tool for step in template.example.program if isinstance(step.value, Call)}
    if not {"List", "Classify"} <= tools:
        return None
    return tuple(_word("identify") if _key(item) == "tag" else item for item in template.items)


def _definite(template: Template) -> Items | None:
    """Reword 'is there a kite to the right of the house' as 'is the kite to the right of the house'."""
    relation = any(
        isinstance(item, int) and template.slots[item].kind == "relation" for item in template.items
    )
    if not relation or _key(template.items[0]) != "is-there":
        return None
    return (_word("be"), *template.items[1:])


def _word(key: str) -> Token:
    return Token("word", key, key, 0, 0)


def _at(items: list[Token | int], position: int) -> Token | int | None:
    return items[position] if position < len(items) else None


def _is_article(items: list[Token | int], position: int) -> bool:
    item = _at(items, position)
    return isinstance(item, Token) and item.kind == "determiner"


def _key(item: Token | int) -> str:
    return item.key if isinstance(item, Token) else ""


def _keys(items: list[Token | int]) -> list[str]:
    return [_key(item) for item in items]
