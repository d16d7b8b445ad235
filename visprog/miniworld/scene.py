"""Scenes: things and ground with their positions, determined by a seed.

Train, validation and test scenes use separate random streams. Some combinations of a category with a colour,
and of two categories, are held out: they appear only in test scenes.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, NamedTuple

from visprog.miniworld.catalogue import CATEGORIES, STUFF

Split = Literal["train", "validation", "test"]

SIDES = (160, 192, 224, 256)
"""The possible widths and heights of pictures, in pixels."""

_MOST_COVERED = 0.3
"""Maximum share of a thing's box that another thing may cover."""


class Thing(NamedTuple):
    """A thing in a scene. `box` is its sprite's square (left, top, right, bottom), in pixels.

    `colour` is None if it has several colours.
    """

    category: str
    colour: str | None
    box: tuple[int, int, int, int]
    mirrored: bool = False

    @property
    def centre(self) -> tuple[float, float]:
        """The centre of the box, (x, y)."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


class Ground(NamedTuple):
    """The ground of a picture: kinds of stuff from top to bottom, and the random seed of their borders.

    With `sideways`, the kinds are arranged from left to right. `pond` fills a blob on top of them.
    """

    kinds: tuple[str, ...]
    seed: int
    sideways: bool = False
    pond: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture before it is drawn. Later `things` are nearer and may cover earlier ones."""

    width: int
    height: int
    ground: Ground
    things: tuple[Thing, ...]

    def named(self, kinds: Collection[str]) -> tuple[Thing, ...]:
        """Return the things of these categories."""
        return tuple(thing for thing in self.things if thing.category in kinds)


def is_held_out(category: str, other: str | None) -> bool:
    """Return whether a category is combined with a colour or another category only in the test split.

    This holds for one combination in ten.
    """
    if other is None or category == other:
        return False
    pair = "/".join(sorted((category, other)))
    return hashlib.sha256(pair.encode()).digest()[0] < 26


def generator(seed: int, split: Split, purpose: str = "") -> random.Random:
    """Return the random generator of a seed. Splits and purposes have separate ones."""
    digest = hashlib.sha256(f"{split}/{purpose}/{seed}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def make_scene(seed: int, split: Split, *, most: int = 7) -> Scene:
    """Return the scene of a seed. It has two to `most` things, one to three of each category."""
    rng = generator(seed, split, "scene")
    width, height = rng.choice(SIDES), rng.choice(SIDES)
    groups: list[str] = []
    while len(groups) < 5:
        category = rng.choice(tuple(CATEGORIES))
        if split == "test" or not any(is_held_out(category, other) for other in groups):
            groups.append(category)
    count = rng.randint(2, most)
    things_to_place = [category for category in groups for _ in range(rng.choice((1, 1, 1, 2, 2, 3)))][:count]
    rng.shuffle(things_to_place)
    coloured = [(category, choose_colour(rng, category, split)) for category in things_to_place]
    return compose(rng, width, height, coloured)


def choose_colour(rng: random.Random, category: str, split: Split) -> str | None:
    """Return a random colour for a thing of the category; None if it has several colours."""
    colours = CATEGORIES[category].colours
    allowed = [each for each in colours if split == "test" or not is_held_out(category, each)] or colours
    return rng.choice(allowed) if allowed else None


def compose(
    rng: random.Random,
    width: int,
    height: int,
    things_to_place: list[tuple[str, str | None]],
    ground: Ground | None = None,
) -> Scene:
    """Return a scene with these categories and colours at random places. Things without room are omitted."""
    things: list[Thing] = []
    for category, colour in things_to_place:
        for _ in range(30):
            side = round(rng.uniform(0.19, 0.4) * min(width, height))
            left, top = rng.randint(0, width - side), rng.randint(0, height - side)
            thing = Thing(category, colour, (left, top, left + side, top + side), rng.random() < 0.5)
            if all(_covered(thing, other) <= _MOST_COVERED for other in things):
                things.append(thing)
                break
    return Scene(width, height, ground or make_ground(rng), tuple(things))


def make_ground(rng: random.Random, kinds: tuple[str, ...] | None = None) -> Ground:
    """Return a ground of `kinds`, or of two to four random kinds of stuff. Sky is always on top."""
    chosen = list(kinds) if kinds else rng.sample(STUFF, rng.randint(2, 4))
    pond = chosen.pop() if kinds is None and len(chosen) > 2 and rng.random() < 0.4 else None
    chosen.sort(key="sky".__ne__)
    sideways = "sky" not in chosen and kinds is None and rng.random() < 0.3
    return Ground(tuple(chosen), rng.getrandbits(32), sideways, pond)


def _covered(one: Thing, other: Thing) -> float:
    """Return the share of the smaller box that the two boxes have in common."""
    width = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    height = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    smaller = min(one.box[2] - one.box[0], other.box[2] - other.box[0])
    return max(width, 0) * max(height, 0) / smaller**2
