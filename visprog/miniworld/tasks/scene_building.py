"""Casting: scenes made to measure, with the things that a question is about and others beside them.

Positions are judged by the sprites' boxes, and sight by the part of them that nearer boxes cannot cover: what
is said of a scene holds for its drawing, which is not needed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple, TypeVar

from visprog.miniworld.catalogue import CATEGORIES, Box, categories_of
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import SIDES, Ground, Scene, Split, Thing, choose_colour, compose, is_held_out
from visprog.miniworld.tasks.wording import NAMED_KINDS, PLURAL_ONLY, Noun

_T = TypeVar("_T")
_ATTEMPTS = 400
_MOST = 7
"""How many things a scene has before no others are added."""

_SLACK = 3
"""How far a thing may reach over a line beyond which it is said to lie, in pixels."""

_ALSO_CALLED: dict[str, frozenset[str]] = {
    "tree": frozenset({"palm tree", "pine tree"}),
    "bird": frozenset({"penguin", "rooster"}),
    "man": frozenset({"police officer", "construction worker", "cyclist"}),
    "woman": frozenset({"princess", "dancer"}),
    "girl": frozenset({"princess", "dancer"}),
}
"""Categories that people would call so too: they are never in a picture that is asked for the name."""


class NoSceneError(Exception):
    """No scene with what was wanted was found; another choice may have one."""


class Side(NamedTuple):
    """A side of a picture or of a thing: the tool that cuts there, and in which direction it lies."""

    name: str
    crop: str
    axis: int
    forward: bool


LEFT, RIGHT = Side("LEFT", "CropLeft", 0, False), Side("RIGHT", "CropRight", 0, True)
TOP, BOTTOM = Side("TOP", "CropAbove", 1, False), Side("BOTTOM", "CropBelow", 1, True)
ALL_SIDES = (LEFT, RIGHT, TOP, BOTTOM)


def choose_noun(
    rng: random.Random,
    split: Split,
    beside: Sequence[Noun] = (),
    *,
    kinds: float = 0.3,
    single: bool = False,
) -> Noun:
    """Return a category, or with the probability `kinds` a hypernym, apart from the nouns beside it.

    `single` leaves out names that have no singular.
    """
    names = NAMED_KINDS if rng.random() < kinds else tuple(CATEGORIES)
    taken = frozenset(category for noun in beside for category in _meant(noun.name))
    fitting = [
        name
        for name in names
        if not (taken & _meant(name) or (single and name in PLURAL_ONLY))
        if split == "test" or not any(is_held_out(name, other.name) for other in beside)
    ]
    return Noun(rng.choice(_some(fitting)))


def choose_coloured(
    rng: random.Random,
    split: Split,
    beside: Sequence[Noun] = (),
    *,
    least: int = 2,
    colour: str | None = None,
) -> Noun:
    """Return a category in a colour that it comes in, or in `colour`. It comes in at least so many."""
    taken = frozenset(category for noun in beside for category in _meant(noun.name))
    fitting = [
        Noun(name, chosen)
        for name, entry in CATEGORIES.items()
        if len(entry.colours) >= least and name not in taken | PLURAL_ONLY
        if split == "test" or not any(is_held_out(name, other.name) for other in beside)
        for chosen in [colour if colour in entry.colours else choose_colour(rng, name, split)]
        if colour in (None, chosen) and (split == "test" or not is_held_out(name, chosen))
    ]
    return rng.choice(_some(fitting))


def other_colour(rng: random.Random, split: Split, noun: Noun) -> str:
    """Return another colour in which the category comes."""
    colours = [
        colour
        for colour in CATEGORIES[noun.name].colours
        if colour != noun.colour and (split == "test" or not is_held_out(noun.name, colour))
    ]
    return rng.choice(_some(colours))


class SceneBuilder:
    """The things of a scene to come, and the nouns of the question, which fit only what is added for them."""

    def __init__(self, rng: random.Random, split: Split, nouns: Sequence[Noun]) -> None:
        self._rng = rng
        self._split = split
        self._named = {noun.name: _meant(noun.name) for noun in nouns}
        self._wanted: list[tuple[str, str | None]] = []

    def add(self, noun: Noun, number: int = 1) -> None:
        """Add things that fit the noun. Raises NoSceneError where none may stand beside the others."""
        apart = self._apart_from(noun.name)
        for _ in range(number):
            category = self._rng.choice(self._compatible(set(categories_of(noun.name)) - apart))
            self._wanted.append((category, noun.colour or choose_colour(self._rng, category, self._split)))

    def add_others(self, most: int) -> None:
        """Add up to `most` things that none of the nouns fits."""
        room = max(0, _MOST - len(self._wanted))
        for _ in range(self._rng.randint(0, min(most, room))):
            category = self._rng.choice(self._compatible(set(CATEGORIES) - self._apart_from(None)))
            self._wanted.append((category, choose_colour(self._rng, category, self._split)))

    def build(self, accept: Callable[[Scene], bool] | None = None) -> Scene:
        """Return a scene with the things, each at least half in sight, that is as wanted.

        Raises NoSceneError where none is found.
        """
        for _ in range(_ATTEMPTS):
            self._rng.shuffle(self._wanted)
            width, height = self._rng.choice(SIDES), self._rng.choice(SIDES)
            scene = compose(self._rng, width, height, self._wanted)
            if (
                len(scene.things) == len(self._wanted)
                and is_clear(scene)
                and (accept is None or accept(scene))
            ):
                return scene
        raise NoSceneError

    def _apart_from(self, name: str | None) -> frozenset[str]:
        """Return the categories that are meant by the nouns of another name."""
        return frozenset().union(*(meant for each, meant in self._named.items() if each != name))

    def _compatible(self, categories: set[str]) -> Sequence[str]:
        present = {category for category, _ in self._wanted}
        allowed = sorted(categories)
        if self._split != "test":
            allowed = [each for each in allowed if not any(is_held_out(each, other) for other in present)]
        return _some(allowed)


def is_clear(scene: Scene) -> bool:
    """Whether at least half of each thing is in sight, however the nearer things fill their boxes."""
    return all(
        sum(_shared(thing.box, nearer.box) for nearer in scene.things[number + 1 :]) <= _filled(thing) / 2
        for number, thing in enumerate(scene.things)
    )


def is_whole(scene: Scene, noun: Noun) -> bool:
    """Whether nothing hides any part of the things that the noun fits."""
    return not any(
        _shared(thing.box, nearer.box)
        for number, thing in enumerate(scene.things)
        if noun.fits(thing)
        for nearer in scene.things[number + 1 :]
    )


def the_only(scene: Scene, noun: Noun) -> Thing:
    """Return the one thing that the noun fits."""
    (thing,) = (thing for thing in scene.things if noun.fits(thing))
    return thing


def beyond(scene: Scene, noun: Noun, side: Side, of: Thing | None = None) -> tuple[Thing, ...] | None:
    """Return the things that lie on a side of a thing, or of the middle of the picture.

    None where one of them lies on both sides.
    """
    line = _middle(of)[side.axis] if of else (scene.width, scene.height)[side.axis] / 2
    found = []
    for thing in filter(noun.fits, scene.things):
        before, after = thing.box[side.axis] < line - _SLACK, thing.box[side.axis + 2] > line + _SLACK
        if before and after:
            return None
        if after == side.forward:
            found.append(thing)
    return tuple(found)


def _meant(name: str) -> frozenset[str]:
    return frozenset(categories_of(name)) | _ALSO_CALLED.get(name, frozenset())


def _some(choices: Sequence[_T]) -> Sequence[_T]:
    if not choices:
        raise NoSceneError
    return choices


def _shared(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> int:
    """Return how many pixels two boxes have in common."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)


def _filled(thing: Thing) -> float:
    """Return how many pixels the thing's sprite fills."""
    return _shape(thing.category)[1] * (thing.box[2] - thing.box[0]) ** 2


def _middle(thing: Thing) -> tuple[float, float]:
    """Return the middle of what is seen of a whole thing: sprites do not fill their boxes evenly."""
    (left, top, right, bottom), _ = _shape(thing.category)
    if thing.mirrored:
        left, right = 1 - right, 1 - left
    x, y, side = thing.box[0], thing.box[1], thing.box[2] - thing.box[0]
    return x + side * (left + right) / 2, y + side * (top + bottom) / 2


@cache
def _shape(category: str) -> tuple[Box, float]:
    """Return the box of what a sprite shows, and how much of the sprite that is, as fractions."""
    side = SIDES[0]
    drawn = draw(Scene(side, side, Ground(("sky",), 0), (Thing(category, None, (0, 0, side, side)),)))
    left, top, right, bottom = (edge / side for edge in drawn.box(0))
    return (left, top, right, bottom), float(drawn.mask(0).mean())
