"""Builds scenes for questions: with the things that a question is about, and other things.

Scenes are checked without drawing them. Positions and visibility are computed from the boxes of the sprites,
with margins, so that the results are also true of the drawing.
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
_MAX_THINGS = 7
"""Maximum number of things in a scene with other things."""

_TOLERANCE = 3
"""Distance by which a thing may cross a line and still be on one side of it, in pixels."""

_ALSO_CALLED: dict[str, frozenset[str]] = {
    "tree": frozenset({"palm tree", "pine tree"}),
    "bird": frozenset({"penguin", "rooster"}),
    "man": frozenset({"police officer", "construction worker", "cyclist"}),
    "woman": frozenset({"princess", "dancer"}),
    "girl": frozenset({"princess", "dancer"}),
}
"""Categories that people may call by another name too. Questions about that name never have them."""


class NoSceneError(Exception):
    """No scene was found for the random choices. Other choices may have one."""


class Side(NamedTuple):
    """A side of a picture or of a thing, with the tool that crops it and its direction."""

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
    """Return a random category, or with the probability `kinds` a hypernym.

    It has no category in common with the nouns `beside` it. `single` excludes names without a singular.
    """
    names = NAMED_KINDS if rng.random() < kinds else tuple(CATEGORIES)
    taken = frozenset(category for noun in beside for category in _named_categories(noun.name))
    fitting = [
        name
        for name in names
        if not (taken & _named_categories(name) or (single and name in PLURAL_ONLY))
        if split == "test" or not any(is_held_out(name, other.name) for other in beside)
    ]
    return Noun(rng.choice(_nonempty(fitting)))


def choose_coloured(
    rng: random.Random,
    split: Split,
    beside: Sequence[Noun] = (),
    *,
    least: int = 2,
    colour: str | None = None,
) -> Noun:
    """Return a category with at least `least` colours, in one of them at random, or in `colour`."""
    taken = frozenset(category for noun in beside for category in _named_categories(noun.name))
    fitting = [
        Noun(name, chosen)
        for name, entry in CATEGORIES.items()
        if len(entry.colours) >= least and name not in taken | PLURAL_ONLY
        if split == "test" or not any(is_held_out(name, other.name) for other in beside)
        for chosen in [colour if colour in entry.colours else choose_colour(rng, name, split)]
        if colour in (None, chosen) and (split == "test" or not is_held_out(name, chosen))
    ]
    return rng.choice(_nonempty(fitting))


def other_colour(rng: random.Random, split: Split, noun: Noun) -> str:
    """Return another colour of the category."""
    colours = [
        colour
        for colour in CATEGORIES[noun.name].colours
        if colour != noun.colour and (split == "test" or not is_held_out(noun.name, colour))
    ]
    return rng.choice(_nonempty(colours))


class SceneBuilder:
    """Builds a scene. The nouns of the question match only the things that are added for them."""

    def __init__(self, rng: random.Random, split: Split, nouns: Sequence[Noun]) -> None:
        self._rng = rng
        self._split = split
        self._named = {noun.name: _named_categories(noun.name) for noun in nouns}
        self._things: list[tuple[str, str | None]] = []

    def add(self, noun: Noun, number: int = 1) -> None:
        """Add things that match the noun. Raise NoSceneError if none is compatible with the others."""
        apart = self._categories_of_other_nouns(noun.name)
        for _ in range(number):
            category = self._rng.choice(self._compatible(set(categories_of(noun.name)) - apart))
            self._things.append((category, noun.colour or choose_colour(self._rng, category, self._split)))

    def add_others(self, most: int) -> None:
        """Add up to `most` things that match none of the nouns."""
        room = max(0, _MAX_THINGS - len(self._things))
        for _ in range(self._rng.randint(0, min(most, room))):
            category = self._rng.choice(
                self._compatible(set(CATEGORIES) - self._categories_of_other_nouns(None))
            )
            self._things.append((category, choose_colour(self._rng, category, self._split)))

    def build(self, accept: Callable[[Scene], bool] | None = None) -> Scene:
        """Return a scene with the things, each at least half visible, that `accept` accepts.

        Raise NoSceneError if none is found.
        """
        for _ in range(_ATTEMPTS):
            self._rng.shuffle(self._things)
            width, height = self._rng.choice(SIDES), self._rng.choice(SIDES)
            scene = compose(self._rng, width, height, self._things)
            if (
                len(scene.things) == len(self._things)
                and is_clear(scene)
                and (accept is None or accept(scene))
            ):
                return scene
        raise NoSceneError

    def _categories_of_other_nouns(self, name: str | None) -> frozenset[str]:
        """Return the categories of the nouns with another name."""
        return frozenset().union(*(categories for each, categories in self._named.items() if each != name))

    def _compatible(self, categories: set[str]) -> Sequence[str]:
        present = {category for category, _ in self._things}
        allowed = sorted(categories)
        if self._split != "test":
            allowed = [each for each in allowed if not any(is_held_out(each, other) for other in present)]
        return _nonempty(allowed)


def is_clear(scene: Scene) -> bool:
    """Return whether at least half of each thing is visible, even if nearer things fill their boxes."""
    return all(
        sum(_shared_area(thing.box, nearer.box) for nearer in scene.things[number + 1 :])
        <= sprite_area(thing) / 2
        for number, thing in enumerate(scene.things)
    )


def is_whole(scene: Scene, noun: Noun) -> bool:
    """Return whether no thing that matches the noun is covered, even in part."""
    return not any(
        _shared_area(thing.box, nearer.box)
        for number, thing in enumerate(scene.things)
        if noun.fits(thing)
        for nearer in scene.things[number + 1 :]
    )


def the_only(scene: Scene, noun: Noun) -> Thing:
    """Return the only thing that matches the noun."""
    (thing,) = (thing for thing in scene.things if noun.fits(thing))
    return thing


def beyond(scene: Scene, noun: Noun, side: Side, of: Thing | None = None) -> tuple[Thing, ...] | None:
    """Return the things that match the noun on a side of a thing, or of the middle of the picture.

    Return None if one of them is on both sides.
    """
    line = _centre(of)[side.axis] if of else (scene.width, scene.height)[side.axis] / 2
    found = []
    for thing in filter(noun.fits, scene.things):
        before, after = thing.box[side.axis] < line - _TOLERANCE, thing.box[side.axis + 2] > line + _TOLERANCE
        if before and after:
            return None
        if after == side.forward:
            found.append(thing)
    return tuple(found)


def _named_categories(name: str) -> frozenset[str]:
    return frozenset(categories_of(name)) | _ALSO_CALLED.get(name, frozenset())


def _nonempty(choices: Sequence[_T]) -> Sequence[_T]:
    if not choices:
        raise NoSceneError
    return choices


def _shared_area(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> int:
    """Return the number of pixels that two boxes have in common."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)


def sprite_area(thing: Thing) -> float:
    """Return the number of pixels of the thing's sprite."""
    return _shape(thing.category)[1] * (thing.box[2] - thing.box[0]) ** 2


def sprite_box(thing: Thing) -> Box:
    """Return the box of the visible pixels of a thing, which is smaller than the square of its sprite."""
    (left, top, right, bottom), _ = _shape(thing.category)
    if thing.mirrored:
        left, right = 1 - right, 1 - left
    x, y, side = thing.box[0], thing.box[1], thing.box[2] - thing.box[0]
    return x + side * left, y + side * top, x + side * right, y + side * bottom


def _centre(thing: Thing) -> tuple[float, float]:
    left, top, right, bottom = sprite_box(thing)
    return (left + right) / 2, (top + bottom) / 2


@cache
def _shape(category: str) -> tuple[Box, float]:
    """Return the tight box of a sprite in fractions of its side, and the share of its visible pixels."""
    side = SIDES[0]
    drawn = draw(Scene(side, side, Ground(("sky",), 0), (Thing(category, None, (0, 0, side, side)),)))
    left, top, right, bottom = (edge / side for edge in drawn.box(0))
    return (left, top, right, bottom), float(drawn.mask(0).mean())
