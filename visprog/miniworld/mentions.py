"""Finds the things and stuff of the miniature world that a text mentions."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from visprog.miniworld.captions import stuff_phrases
from visprog.miniworld.catalogue import CATEGORIES, COLOURS, KINDS, STUFF, plural_of
from visprog.miniworld.scene import Thing


class Mention(NamedTuple):
    """A thing or a kind of stuff that a text mentions.

    `name` is a category, a hypernym, a kind of stuff, "face", or "" if the text gives only a colour.
    """

    name: str
    colour: str | None = None

    def fits(self, shown: Thing | str) -> bool:
        """Return whether the mention matches a thing or a kind of stuff."""
        if isinstance(shown, str):
            return self.name == shown
        if self.colour not in (None, shown.colour):
            return False
        return self.name in ("", shown.category, *CATEGORIES[shown.category].kinds)


def mentions(text: str) -> tuple[Mention, ...]:
    """Return the mentions in a text, in order. Plurals and articles are ignored."""
    words = re.findall(r"\w+", text.casefold().replace("grey", "gray").replace("_", " "))
    found: list[Mention] = []
    colour, place = None, 0
    while place < len(words):
        name, length = _name_at(words, place)
        if length:
            found.append(Mention(name, None if name in STUFF else colour))
            colour = None
        elif words[place] in COLOURS:
            colour = words[place]
        place += max(length, 1)
    return (*found, Mention("", colour)) if colour else tuple(found)


def _name_at(words: list[str], place: int) -> tuple[str, int]:
    """Return the longest name that starts at a word, and its number of words; "" and 0 if there is none."""
    for length in range(_LONGEST, 0, -1):
        name = _names().get(" ".join(words[place : place + length]))
        if name is not None and place + length <= len(words):
            return name, length
    return "", 0


_LONGEST = 4

_OTHER_NAMES = {
    "faces": "face",
    "persons": "person",
    "ocean": "sea",
    "meadow": "grass",
    "lawn": "grass",
    "street": "road",
    "wood": "wooden floor",
}


@cache
def _names() -> dict[str, str]:
    """Return the canonical name for every name, including plurals."""
    singular = {"face": "face", **{name: name for name in (*CATEGORIES, *KINDS) if name != "object"}}
    plural = {plural_of(name): name for name in singular if name != "face"}
    stuff = {_bare(phrase): kind for kind in STUFF for phrase in stuff_phrases(kind)}
    return {**stuff, **_OTHER_NAMES, **plural, **singular}


def _bare(phrase: str) -> str:
    """Return a phrase without its article."""
    return re.sub(r"^(?:an?|the) ", "", phrase)
