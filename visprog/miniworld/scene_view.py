"""Views: the part of a drawn scene that a picture shows, with its visible things and stuff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, box_overlap, clip, enlarge
from visprog.miniworld.catalogue import STUFF
from visprog.miniworld.drawing import DrawnScene, Mask, bounds
from visprog.miniworld.scene import Thing
from visprog.values import Image

_VISIBLE = 0.25
"""Minimum share of a thing's pixels that a view must show for the thing to be visible in it."""

_ENLARGED = 1.5
"""Factor by which the tools Crop and FaceDet enlarge a box."""


@dataclass(frozen=True)
class SceneView:
    """The part of a drawn scene that a picture shows: `window`, in pixels of the scene.

    Boxes and masks are in pixels of the window.
    """

    drawn: DrawnScene
    window: Box

    @cached_property
    def size(self) -> tuple[int, int]:
        """The (width, height) of the window."""
        left, top, right, bottom = self.window
        return right - left, bottom - top

    @cached_property
    def things(self) -> tuple[int, ...]:
        """The indices of the visible things."""
        shown = _counts(self.drawn.owners[self._part])
        whole = _counts(self.drawn.owners)
        return tuple(number for number, count in shown.items() if count >= _VISIBLE * whole[number])

    def thing(self, number: int) -> Thing:
        """Return the thing with this index."""
        return self.drawn.scene.things[number]

    def mask(self, number: int) -> Mask:
        """Return the pixels that show the thing."""
        return np.asarray(self.drawn.owners[self._part] == number)

    def box(self, number: int) -> Box:
        """Return the tight box around the visible part of the thing."""
        return bounds(self.mask(number))

    def stuff(self) -> dict[str, Mask]:
        """Return the masks of the visible kinds of stuff."""
        masks = {kind: self.drawn.stuff(kind)[self._part] for kind in STUFF}
        return {kind: mask for kind, mask in masks.items() if mask.any()}

    def face(self, number: int) -> Box | None:
        """Return the box of a person's face in the window; None if it is not visible."""
        face = self.drawn.face(number)
        inside = clip(self._moved(face), self.size) if face else None
        if face is None or inside is None:
            return None
        left, top, right, bottom = inside
        owners = self.drawn.owners[self._part][top:bottom, left:right]
        visible = (owners <= number).sum()  # things with higher indices are in front of it
        return inside if visible >= _VISIBLE * (face[2] - face[0]) * (face[3] - face[1]) else None

    def closest(self, box: Box) -> int | str:
        """Return the index of the thing, or the kind of stuff, with the best overlap with a box.

        A thing has four boxes: the tight one, that of the face, and both as Crop and FaceDet enlarge them.
        """
        left, top = self.window[:2]
        absolute = (box[0] + left, box[1] + top, box[2] + left, box[3] + top)
        return max(self._boxes(), key=lambda known: box_overlap(known[1], absolute))[0]

    def _boxes(self) -> Iterator[tuple[int | str, Box]]:
        """Yield the boxes of all things and stuff in the scene."""
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
    """Return the view that a picture shows, compared by pixels; None if it shows none of the scenes.

    An edited picture with the size of a scene is a view of the scene with most pixels in common.
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
    """Return the first box of `whole` with exactly the pixels of `part`."""
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
    """Return the number of pixels of each thing."""
    numbers, counts = np.unique(owners[owners >= 0], return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))
