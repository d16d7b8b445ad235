"""Captions: phrases for things and stuff, and sentences about whole scenes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from visprog.miniworld.catalogue import CATEGORIES, KINDS, plural_of
from visprog.miniworld.drawing import DrawnScene
from visprog.miniworld.scene import Thing

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
"""Number words by their value."""

_PAIRED = "scissors"
"""The ending of names that are counted in pairs."""

_STUFF_PHRASES: dict[str, tuple[str, ...]] = {
    "sky": ("sky", "blue sky", "a blue sky", "a sky with white clouds", "the cloudy sky"),
    "sea": ("sea", "blue sea", "the deep blue sea", "water", "blue water", "the ocean", "sea water"),
    "grass": ("grass", "green grass", "lush green grass", "a green meadow", "a lawn", "fresh grass"),
    "desert": ("desert", "sand", "golden desert sand", "a sandy desert", "yellow sand", "sand dunes"),
    "snow": ("snow", "white snow", "fresh white snow", "deep snow", "a field of snow"),
    "road": ("road", "a gray road", "an asphalt road", "a street", "a paved road"),
    "brick wall": ("brick wall", "a red brick wall", "bricks", "a wall of bricks", "red bricks"),
    "wooden floor": ("wooden floor", "a wooden floor", "brown wood", "wooden planks", "a floor of planks"),
    "gravel": ("gravel", "gray gravel", "small stones", "a bed of gravel", "pebbles"),
}


def stuff_phrases(kind: str) -> tuple[str, ...]:
    """Return the phrases for a kind of stuff, starting with its name."""
    return _STUFF_PHRASES[kind]


def with_article(name: str) -> str:
    """Return a singular noun phrase with "a" or "an" before it: "a dog", "an orange ball"."""
    if name.endswith(_PAIRED):
        return f"a pair of {name}"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def coloured(category: str, colour: str | None) -> str:
    """Return the name of a category with its colour before it, if there is one."""
    return f"{colour} {category}" if colour else category


def counted(number: int, name: str) -> str:
    """Return a number of things in words: "a dog", "two dogs"."""
    if number == 1:
        return with_article(name)
    return f"{NUMBERS[number]} {'pairs of ' if name.endswith(_PAIRED) else ''}{_plural(name)}"


def _plural(phrase: str) -> str:
    """Return the plural of a name. A colour may come before the name."""
    if phrase in CATEGORIES or phrase in KINDS:
        return plural_of(phrase)
    colour, _, name = phrase.partition(" ")
    return f"{colour} {plural_of(name)}"


def names_of(thing: Thing) -> tuple[str, ...]:
    """Return the names of a thing: its category and its hypernyms, with and without its colour."""
    category = CATEGORIES[thing.category]
    names = [thing.category, *(kind for kind in category.kinds if kind != "object")]
    if thing.colour:
        names += [f"{thing.colour} {name}" for name in names]
    return tuple(names)


def listed(phrases: Sequence[str]) -> str:
    """Return phrases joined into one: "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(phrases[:-1]), phrases[-1]) if part)


def describe(drawn: DrawnScene, rng: random.Random) -> str:
    """Return a sentence about the things of a scene, their ground, or the relation of two things."""
    things = drawn.scene.things
    if len(things) > 1 and rng.random() < 0.35:
        return _related(rng, things)
    with_colours = rng.random() < 0.6
    groups = Counter(coloured(thing.category, thing.colour if with_colours else None) for thing in things)
    names = list(groups)
    rng.shuffle(names)
    said = listed([counted(groups[name], name) for name in names])
    grounds = [kind for kind in drawn.scene.ground.kinds if kind != "sky"]
    opening = rng.choice(("", "", "there is ", "a picture of "))
    closing = (
        f" on {rng.choice(_STUFF_PHRASES[rng.choice(grounds)][:2])}" if grounds and rng.random() < 0.4 else ""
    )
    return opening + said + closing


RELATIONS: dict[str, tuple[int, int]] = {
    "above": (0, -1),
    "below": (0, 1),
    "to the left of": (-1, 0),
    "to the right of": (1, 0),
}
"""Relations of two things, with the direction (x, y) from the second to the first."""


def relation_of(one: Thing, other: Thing) -> str:
    """Return the relation of two things along the axis on which their centres are further apart."""
    x, y = one.centre[0] - other.centre[0], one.centre[1] - other.centre[1]
    if abs(x) > abs(y):
        return "to the left of" if x < 0 else "to the right of"
    return "above" if y < 0 else "below"


def _related(rng: random.Random, things: Sequence[Thing]) -> str:
    one, other = rng.sample(things, 2)
    first = with_article(coloured(one.category, one.colour if rng.random() < 0.5 else None))
    second = with_article(coloured(other.category, other.colour if rng.random() < 0.5 else None))
    return f"{first} {relation_of(one, other)} {second}"
