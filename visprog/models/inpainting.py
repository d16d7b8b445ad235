"""What an inpainter is asked for, and where it works: the mask with its surroundings, and the way back.

A model sees a square around the mask as far as the picture reaches, never more of it than that, and in its
own proportions. What it paints is scaled back and laid over the mask alone.
"""

from __future__ import annotations

import math
import string
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.values import Box, Image

_CONTEXT = 2.0
"""The side of the square, in longer sides of the mask's box: a model paints to match what it sees around."""

_MAGNIFIED = 4
"""A small mask is shown enlarged so many times at most: more would be blur."""

_SLENDER = 4
"""No model size is thinner than 1 to this: the edges of a thin picture are repeated up to there."""

_NOTHING = frozenset({"", "nothing", "none", "background", "empty background"})
_PUNCTUATION = string.punctuation + "…“”‘’"
_REMOVES = frozenset({"remove", "erase", "delete"})
_PAINTS = frozenset({"add", "fill", "instead", "paint", "put", "replace", "replaced", "replacing"})


def asks_for_removal(prompt: str) -> bool:
    """Whether a prompt asks for what is there to be removed, and for nothing to be put in its place.

    So do an empty prompt, 'nothing', 'none', 'background', 'the background', 'empty background', and one that
    begins with remove, erase or delete, unless it goes on to replace, fill, add, paint or put. Case and
    punctuation do not matter.
    """
    stripped = (word.strip(_PUNCTUATION) for word in prompt.casefold().split())
    words = [word for word in stripped if word not in {"", "a", "an", "the"}]
    if words and words[0] in _REMOVES:
        return _PAINTS.isdisjoint(words)
    return " ".join(words) in _NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A part of a picture as a model wants it.

    `image` and `mask`, shape (height, width), have the model's size. `place` is the part in the picture, and
    `scaled` the (width, height) that it takes up in `image`, from the upper left corner; the rest of `image`
    repeats its edges.
    """

    place: Box
    scaled: tuple[int, int]
    image: Image
    mask: NDArray[np.bool_]


def excerpt(
    image: Image, mask: NDArray[np.bool_], *, side: int, grid: int = 8, context: float = _CONTEXT
) -> Excerpt | None:
    """Cut out the mask with its surroundings for a model that works at `side` pixels along the longer side.

    Both sides of the outcome are multiples of `grid`, the pixels that a model handles as one: its mask
    covers each cell of the grid that `mask` touches. None where the mask is empty. Raises ValueError where
    the mask has not the picture's shape.
    """
    if mask.shape != image.pixels.shape[:2] or mask.dtype != np.bool_:
        raise ValueError(
            f"the mask is {mask.dtype} of shape {mask.shape}; expected is bool of {image.pixels.shape[:2]}"
        )
    side = max(side // grid, 1) * grid
    place = surroundings(mask, context=context, least=side // _MAGNIFIED)
    if place is None:
        return None
    left, top, right, bottom = place
    factor = side / max(right - left, bottom - top)
    scaled = (max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor)))
    width, height = (_padded(edge, grid, side // _SLENDER) for edge in scaled)
    pixels = np.asarray(_resized(image.crop(place).pixels, scaled))
    beyond = ((0, height - scaled[1]), (0, width - scaled[0]))
    steps = grid * (right - left) / scaled[0], grid * (bottom - top) / scaled[1]
    cells = _touched(mask[top:bottom, left:right], steps, (width // grid, height // grid))
    return Excerpt(
        place,
        scaled,
        Image(np.pad(pixels, (*beyond, (0, 0)), mode="edge")),
        cells.repeat(grid, axis=0).repeat(grid, axis=1),
    )


def surroundings(mask: NDArray[np.bool_], *, context: float = _CONTEXT, least: int = 1) -> Box | None:
    """Return the square around the mask, moved or cut off where the picture ends; None for an empty mask.

    Its side is the longer one of the mask's box times `context`, and `least` pixels at least.
    """
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return None
    spans = (int(columns[0]), int(columns[-1]) + 1), (int(rows[0]), int(rows[-1]) + 1)
    longer = max(end - start for start, end in spans)
    side = max(math.ceil(longer * max(context, 1.0)), least)
    left, right = _widened(*spans[0], side, mask.shape[1])
    top, bottom = _widened(*spans[1], side, mask.shape[0])
    return left, top, right, bottom


def paste(image: Image, mask: NDArray[np.bool_], part: Excerpt, painted: Image) -> Image:
    """Lay what a model painted over the mask. Every other pixel is the picture's own.

    `painted` shows what `part.image` does, at that size or another.
    """
    if painted.size != part.image.size:
        painted = Image(_resized(painted.pixels, part.image.size))
    left, top, right, bottom = part.place
    shown = painted.crop((0, 0, *part.scaled)).pixels
    fitted = _resized(shown, (right - left, bottom - top))
    pixels = image.pixels.copy()
    covered = mask[top:bottom, left:right]
    pixels[top:bottom, left:right][covered] = fitted[covered]
    return Image(pixels)


def _widened(start: int, end: int, length: int, limit: int) -> tuple[int, int]:
    """Widen a span about its middle to `length`, moved so that it stays between 0 and `limit`."""
    length = min(length, limit)
    start = min(max((start + end - length) // 2, 0), limit - length)
    return start, start + length


def _padded(edge: int, grid: int, least: int) -> int:
    return max(math.ceil(edge / grid), math.ceil(least / grid), 1) * grid


def _touched(
    mask: NDArray[np.bool_], steps: tuple[float, float], cells: tuple[int, int]
) -> NDArray[np.bool_]:
    """Say for each cell, `steps` pixels of the mask wide and high, whether the mask has a pixel there.

    Cells beyond the mask continue its edge, as the picture's pixels do.
    """
    across = _spans(mask.shape[1], steps[0], cells[0])
    down = _spans(mask.shape[0], steps[1], cells[1])
    rows = np.stack([mask[start:end].any(axis=0) for start, end in down])
    return np.stack([rows[:, start:end].any(axis=1) for start, end in across], axis=1)


def _spans(edge: int, step: float, count: int) -> list[tuple[int, int]]:
    """Return for each cell the first pixel that it touches and the one after the last."""
    starts = [min(math.floor(index * step + 1e-6), edge - 1) for index in range(count)]
    ends = [min(math.ceil((index + 1) * step - 1e-6), edge) for index in range(count)]
    return [(start, max(end, start + 1)) for start, end in zip(starts, ends, strict=True)]


def _resized(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    return np.asarray(PILImage.fromarray(pixels).resize(size, PILImage.Resampling.LANCZOS))
