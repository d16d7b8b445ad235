"""Sight: which part of a drawn scene a picture shows, and what is to be seen there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from visprog.miniworld.catalogue import STUFF
from visprog.miniworld.drawing import DrawnScene, Mask, bounds
from visprog.miniworld.scene import Thing
from visprog.values import Box, Image, clip, enlarge

_IN_SIGHT = 0.25
"""A thing counts as in sight where at least this part of what the whole picture shows of it is."""

_ENLARGED = 1.5
"""How much larger than a box the tools Crop and FaceDet cut out."""


@dataclass(frozen=True)
class SceneView:
    """The part of a drawn scene that a picture shows: `window` in the scene, all of it unless it was cropped.

    Boxes and masks are those of the part.
    """

    drawn: DrawnScene
    window: Box

    @cached_property
    def size(self) -> tuple[int, int]:
        """The part's (width, height)."""
        left, top, right, bottom = self.window
        return right - left, bottom - top

    @cached_property
    def things(self) -> tuple[int, ...]:
        """The numbers of the things in sight."""
        shown = _counts(self.drawn.owners[self._part])
        whole = _counts(self.drawn.owners)
        return tuple(number for number, count in shown.items() if count >= _IN_SIGHT * whole[number])

    def thing(self, number: int) -> Thing:
        """Return the thing of this number."""
        return self.drawn.scene.things[number]

    def mask(self, number: int) -> Mask:
        """Return which pixels show the thing."""
        return np.asarray(self.drawn.owners[self._part] == number)

    def box(self, number: int) -> Box:
        """Return the tight box around what is to be seen of the thing."""
        return bounds(self.mask(number))

    def stuff(self) -> dict[str, Mask]:
        """Return where each kind of stuff that is in sight is."""
        masks = {kind: self.drawn.stuff(kind)[self._part] for kind in STUFF}
        return {kind: mask for kind, mask in masks.items() if mask.any()}

    def face(self, number: int) -> Box | None:
        """Return the box of a person's face inside the part; None where it is not in sight."""
        face = self.drawn.face(number)
        inside = clip(self._moved(face), self.size) if face else None
        if face is None or inside is None:
            return None
        left, top, right, bottom = inside
        owners = self.drawn.owners[self._part][top:bottom, left:right]
        visible = (owners <= number).sum()  # things of higher numbers stand before it
        return inside if visible >= _IN_SIGHT * (face[2] - face[0]) * (face[3] - face[1]) else None

    def closest(self, box: Box) -> int | str:
        """Return what a box of the part is about: the number of a thing, or a kind of stuff.

        Whose box it is most like: the tight one, that of the face, or what Crop and FaceDet make of them.
        """
        left, top = self.window[:2]
        absolute = (box[0] + left, box[1] + top, box[2] + left, box[3] + top)
        return max(self._boxes(), key=lambda known: _likeness(known[1], absolute))[0]

    def _boxes(self) -> Iterator[tuple[int | str, Box]]:
        """Yield the boxes in the whole picture by which a part may be recognised."""
        size = self.drawn.image.size
        for number in range(len(self.drawn.scene.things)):
            for box in (self.drawn.box(number), self.drawn.face(number)):
                if box is not None:
                    yield number, box
                    yield number, enlarge(box, _ENLARGED, size) or box
        for kind in STUFF:
            yield kind, bounds(self.drawn.stuff(kind))

    def _moved(self, box: Box) -> Box:
        left, top = self.window[:2]
        return box[0] - left, box[1] - top, box[2] - left, box[3] - top

    @property
    def _part(self) -> tuple[slice, slice]:
        left, top, right, bottom = self.window
        return np.s_[top:bottom, left:right]


def find_view(image: Image, drawn: Iterable[DrawnScene]) -> SceneView | None:
    """Return which part of which drawn scene a picture is, pixel by pixel; None where it is of none of them.

    A picture of a scene's size that was changed is the scene with which it has most pixels in common.
    """
    scenes = list(drawn)
    for scene in scenes:
        window = _place(image.pixels, scene.pixels)
        if window is not None:
            return SceneView(scene, window)
    whole = [scene for scene in scenes if scene.image.size == image.size]
    if not whole:
        return None
    nearest = max(whole, key=lambda scene: int((scene.pixels == image.pixels).all(axis=2).sum()))
    return SceneView(nearest, (0, 0, *image.size))


def _place(part: NDArray[np.uint8], whole: NDArray[np.uint8]) -> Box | None:
    """Return the first box of `whole` that holds exactly the pixels of `part`."""
    height, width = part.shape[:2]
    rows, columns = whole.shape[0] - height + 1, whole.shape[1] - width + 1
    if rows < 1 or columns < 1:
        return None
    possible = np.ones((rows, columns), np.bool_)
    for row, column in ((0, 0), (height // 3, width // 4), (height // 2, width // 2), (-1, -1)):
        row, column = row % height, column % width
        there = whole[row : row + rows, column : column + columns]
        possible &= (there == part[row, column]).all(axis=2)
    for top, left in np.argwhere(possible).tolist():
        if np.array_equal(whole[top : top + height, left : left + width], part):
            return left, top, left + width, top + height
    return None


def _counts(owners: NDArray[np.int8]) -> dict[int, int]:
    """Return how many pixels each thing owns."""
    numbers, counts = np.unique(owners[owners >= 0], return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _likeness(one: Box, other: Box) -> float:
    """Return intersection over union."""
    left, top = max(one[0], other[0]), max(one[1], other[1])
    shared = _area((left, top, min(one[2], other[2]), min(one[3], other[3])))
    union = _area(one) + _area(other) - shared
    return shared / union if union else 0.0


def _area(box: Box) -> int:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)
