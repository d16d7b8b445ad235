"""Other wordings of a template that mean the same: one example stands for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from visprog.language.program import Call
from visprog.planner.examples.template import Template
from visprog.planner.examples.wording import Token

Items = tuple[Token | int, ...]


def reworded(template: Template) -> Iterator[Template]:
    """Yield the template, and the same with other items in another order."""
    yield template
    wordings = {
        "knowtag": (_possessive, _identifying),
        "imgedit": (_possessive,),
        "nlvr": (_existential, _fronted, _paired, _in_total, _contained_in_total),
        "gqa": (_definite,),
    }
    for reword in wordings.get(template.task, ()):
        items = reword(template)
        if items:
            yield replace(template, items=items)
    if template.task == "imgedit":
        yield from (replace(template, items=items) for items in _equal(template))


_X = ""
_EQUAL = (
    (
        ("make", "color-pop", "of", _X),
        ("keep", _X, "in", "color"),
        ("make-all", "gray", "except", _X),
        ("make-all", "except", _X, "gray"),
        ("keep", _X, "in", "color", "and", "make-rest", "gray"),
    ),
    (("blur", "background-behind", _X), ("blur", "everything", "except", _X)),
)
"""Edits that are asked for in several ways."""


def _equal(template: Template) -> Iterator[Items]:
    told = [item for item in template.items if isinstance(item, int) or not item.skippable]
    for wordings in _EQUAL:
        for own in wordings:
            place = own.index(_X)
            if (
                len(told) == len(own)
                and _keys(told[:place]) == [*own[:place]]
                and (_keys(told[place + 1 :]) == [*own[place + 1 :]])
            ):
                others = (wording for wording in wordings if wording != own)
                yield from (tuple(_word(key) if key else told[place] for key in other) for other in others)


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
    if "List" not in tools:
        return None
    return tuple(_word("identify") if _key(item) == "tag" else item for item in template.items)


def _existential(template: Template) -> Items | None:
    """Reword 'the left image contains two owls' as 'there are two owls in the left image'."""
    place, things = _contained(template)
    return (_word("there"), _word("be"), *things, _word("in"), *place) if place else None


def _fronted(template: Template) -> Items | None:
    """... and 'in the left image there are two owls'."""
    place, things = _contained(template)
    return (_word("in"), *place, _word("there"), _word("be"), *things) if place else None


def _in_total(template: Template) -> Items | None:
    """Reword 'there are a total of two owls in the images' as 'there are two owls in total'."""
    told = [item for item in template.items if isinstance(item, int) or not item.skippable]
    if _keys(told[:4]) != ["there", "be", "total", "of"]:
        return None
    return (*told[:2], *told[4:], _word("total"))


def _contained_in_total(template: Template) -> Items | None:
    """... and 'the images contain two owls in total'."""
    items = _in_total(template)
    return (_word("images"), _word("contain"), *items[2:]) if items else None


def _paired(template: Template) -> Items | None:
    """Reword 'the left image contains A and the right one B' as 'there is A in the left image and B ...'."""
    keys = _keys([*template.items])
    if keys.count("and") != 1 or keys.count("contain") != 2:
        return None
    joint = keys.index("and")
    first, second = (
        _existential(replace(template, items=half))
        for half in (template.items[:joint], template.items[joint + 1 :])
    )
    return (*first, template.items[joint], *second[2:]) if first and second else None


def _contained(template: Template) -> tuple[Items, Items]:
    """Split 'PLACE contains THINGS' at the verb; both are empty where it is worded in another way."""
    keys = _keys([*template.items])
    sides = {slot for slot, _ in template.sides}
    if keys.count("contain") != 1 or "and" in keys or "than" in keys:
        return (), ()
    verb = keys.index("contain")
    place, things = template.items[:verb], template.items[verb + 1 :]
    named = [item for item in place if isinstance(item, int) or item.kind != "determiner"]
    if all(item in sides or _key(item) == "each-image" for item in named) and named:
        return place, things
    return (), ()


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
