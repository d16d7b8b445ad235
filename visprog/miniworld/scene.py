"""Scenes: what stands where, as values that a seed determines.

Train, validation and test scenes come from separate streams of seeds. Some combinations of category and
colour, and of category and neighbour, are held out: only test scenes may have them.
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
"""The widths and heights that pictures have, in pixels."""

_MOST_COVERED = 0.3
"""How much of a thing's box another may cover."""


class Thing(NamedTuple):
    """A thing in a scene. `box` is its sprite's square (left, top, right, bottom), in pixels.

    `colour` is None where it has no single one.
    """

    category: str
    colour: str | None
    box: tuple[int, int, int, int]
    mirrored: bool = False

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box, (x, y)."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


class Ground(NamedTuple):
    """How stuff divides the picture: kinds from the top to the bottom, and the seed of their borders.

    With `sideways` they follow each other from left to right; `pond` lies in a blob on top of them.
    """

    kinds: tuple[str, ...]
    seed: int
    sideways: bool = False
    pond: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture before it is drawn. `things` begin with the farthest, which the later ones may cover."""

    width: int
    height: int
    ground: Ground
    things: tuple[Thing, ...]

    def named(self, kinds: Collection[str]) -> tuple[Thing, ...]:
        """Return the things of these categories."""
        return tuple(thing for thing in self.things if thing.category in kinds)


def is_held_out(category: str, other: str | None) -> bool:
    """Whether a category with a colour, or beside another one, is kept for the test split: one in ten."""
    if other is None or category == other:
        return False
    pair = "/".join(sorted((category, other)))
    return hashlib.sha256(pair.encode()).digest()[0] < 26


def generator(seed: int, split: Split, purpose: str = "") -> random.Random:
    """Return the stream of random numbers of a seed: another one in each split and for each purpose."""
    digest = hashlib.sha256(f"{split}/{purpose}/{seed}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def make_scene(seed: int, split: Split, *, most: int = 7) -> Scene:
    """Return the scene of a seed, with two to `most` things: one to three each of a few categories."""
    rng = generator(seed, split, "scene")
    width, height = rng.choice(SIDES), rng.choice(SIDES)
    groups: list[str] = []
    while len(groups) < 5:
        category = rng.choice(tuple(CATEGORIES))
        if split == "test" or not any(is_held_out(category, other) for other in groups):
            groups.append(category)
    count = rng.randint(2, most)
    wanted = [category for category in groups for _ in range(rng.choice((1, 1, 1, 2, 2, 3)))][:count]
    rng.shuffle(wanted)
    coloured = [(category, choose_colour(rng, category, split)) for category in wanted]
    return compose(rng, width, height, coloured)


def choose_colour(rng: random.Random, category: str, split: Split) -> str | None:
    """Return a colour for a thing of the category; None where it has no single one."""
    colours = CATEGORIES[category].colours
    allowed = [each for each in colours if split == "test" or not is_held_out(category, each)] or colours
    return rng.choice(allowed) if allowed else None


def compose(
    rng: random.Random,
    width: int,
    height: int,
    wanted: list[tuple[str, str | None]],
    ground: Ground | None = None,
) -> Scene:
    """Return a scene with these categories and colours at random places; one that finds none is left out."""
    things: list[Thing] = []
    for category, colour in wanted:
        for _ in range(30):
            side = round(rng.uniform(0.19, 0.4) * min(width, height))
            left, top = rng.randint(0, width - side), rng.randint(0, height - side)
            thing = Thing(category, colour, (left, top, left + side, top + side), rng.random() < 0.5)
            if all(_covered(thing, other) <= _MOST_COVERED for other in things):
                things.append(thing)
                break
    return Scene(width, height, ground or make_ground(rng), tuple(things))


def make_ground(rng: random.Random, kinds: tuple[str, ...] | None = None) -> Ground:
    """Return a ground of two to four kinds of stuff, with the sky above the others; or of `kinds`."""
    chosen = list(kinds) if kinds else rng.sample(STUFF, rng.randint(2, 4))
    pond = chosen.pop() if kinds is None and len(chosen) > 2 and rng.random() < 0.4 else None
    chosen.sort(key="sky".__ne__)
    sideways = "sky" not in chosen and kinds is None and rng.random() < 0.3
    return Ground(tuple(chosen), rng.getrandbits(32), sideways, pond)


def _covered(one: Thing, other: Thing) -> float:
    """Return which part of the smaller box the two have in common."""
    width = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    height = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    smaller = min(one.box[2] - one.box[0], other.box[2] - other.box[0])
    return max(width, 0) * max(height, 0) / smaller**2
