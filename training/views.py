"""Parts of pictures like those that programs crop, and the objects that they show."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.pictures import Picture
from visprog.boxes import clip, enlarge
from visprog.miniworld.catalogue import STUFF
from visprog.miniworld.drawing import Box
from visprog.miniworld.tasks.wording import Noun

_PRESENT, _ABSENT = 0.5, 0.04
"""An object is present from the first visible share on, absent up to the second, and ambiguous in between."""


class View(NamedTuple):
    """A part of a picture. `shares` is the visible share of each object's sprite, from 0 to 1.

    `main` is the number of the object in its centre, if the part was cropped around one.
    """

    picture: Picture
    box: Box
    shares: tuple[float, ...]
    main: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the part."""
        return self.box[2] - self.box[0], self.box[3] - self.box[1]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The pixels of the part."""
        left, top, right, bottom = self.box
        return np.ascontiguousarray(self.picture.pixels[top:bottom, left:right])

    @property
    def present(self) -> list[int]:
        """The numbers of the objects that are present."""
        return [number for number, share in enumerate(self.shares) if share >= _PRESENT]

    @property
    def glimpsed(self) -> list[int]:
        """The numbers of the objects that are present or ambiguous."""
        return [number for number, share in enumerate(self.shares) if share > _ABSENT]

    def stuff(self) -> list[float]:
        """Return the share of the part that shows each kind of stuff, in the order of `STUFF`."""
        left, top, right, bottom = self.box
        bare = self.picture.owners[top:bottom, left:right] < 0
        counts = np.bincount(self.picture.ground[top:bottom, left:right][bare], minlength=len(STUFF))
        return (counts / bare.size).tolist()  # type: ignore[no-any-return]

    def named(self, noun: Noun) -> list[int] | None:
        """Return the numbers of the objects with this name. None if it is ambiguous."""
        numbers = []
        for number in self.glimpsed:
            thing = self.picture.scene.things[number]
            if noun.fits(thing) and self.shares[number] >= _PRESENT:
                numbers.append(number)
            elif noun.fits(thing) or (thing.colour is None and noun._replace(colour=None).fits(thing)):
                return None
        return numbers

    def only(self, noun: Noun) -> int | None:
        """Return the number of the object with this name, or None if there are none or several."""
        numbers = self.named(noun)
        return numbers[0] if numbers is not None and len(numbers) == 1 else None


def make_view(rng: random.Random, picture: Picture) -> View:
    """Return the whole picture, a crop around an object, or the part on one side of an object."""
    height, width = picture.owners.shape
    way = rng.random()
    clear = [number for number, seen in enumerate(picture.seen) if seen >= _PRESENT]
    if way < 0.35 or not clear:
        return whole_view(picture)
    number = rng.choice(clear)
    if way < 0.8:
        box = enlarge(_found(rng, picture, number), 1.5, (width, height))
        return part_of(picture, box, number) if box else whole_view(picture)
    x, y = (round(middle + rng.uniform(-3, 3)) for middle in picture.scene.things[number].centre)
    parts = ((0, 0, x, height), (x, 0, width, height), (0, 0, width, y), (0, y, width, height))
    roomy = [part for part in parts if _is_roomy(part)]
    return part_of(picture, rng.choice(roomy)) if roomy else whole_view(picture)


def whole_view(picture: Picture) -> View:
    """Return the whole picture."""
    height, width = picture.owners.shape
    return part_of(picture, (0, 0, width, height))


def _found(rng: random.Random, picture: Picture, number: int) -> Box:
    """Return the box of an object with small errors, like a detector's."""
    left, top, right, bottom = (int(edge) for edge in picture.boxes[number])
    x, y = 0.06 * (right - left), 0.06 * (bottom - top)
    off = (rng.gauss(0, x), rng.gauss(0, y), rng.gauss(0, x), rng.gauss(0, y))
    moved = tuple(round(edge + move) for edge, move in zip((left, top, right, bottom), off, strict=True))
    height, width = picture.owners.shape
    return clip((moved[0], moved[1], moved[2], moved[3]), (width, height)) or (left, top, right, bottom)


def _is_roomy(box: Box) -> bool:
    width, height = box[2] - box[0], box[3] - box[1]
    return min(width, height) >= 32 and max(width, height) <= 4 * min(width, height)


def part_of(picture: Picture, box: Box, main: int | None = None) -> View:
    """Return the part of the picture in a box. `main` is the object in its centre."""
    shares = [
        float(seen) * _inside(thing, box)
        for thing, seen in zip(picture.boxes.tolist(), picture.seen, strict=True)
    ]
    return View(picture, box, tuple(shares), main)


def _inside(thing: Sequence[int], box: Box) -> float:
    """Return the share of an object's box that lies in another box."""
    width = min(thing[2], box[2]) - max(thing[0], box[0])
    height = min(thing[3], box[3]) - max(thing[1], box[1])
    area = (thing[2] - thing[0]) * (thing[3] - thing[1])
    return max(width, 0) * max(height, 0) / area if area else 0.0
