"""Preparation and result of inpainting: prompts that ask for removal, the part to paint, and its pasting.

A model sees only a square around the mask, cut off where the picture ends, in its own proportions. Its
painting is scaled back, and only the pixels of the mask are replaced.
"""

from __future__ import annotations

import math
import string
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.boxes import Box
from visprog.values import Image

_CONTEXT = 2.0
"""The side of the square, as a multiple of the longer side of the mask's box. Models need some context."""

_MAGNIFIED = 4
"""The largest enlargement of a small mask. More would only add blur."""

_SLENDER = 4
"""The most elongated input of a model, as a ratio. Thinner pictures are padded by repeating their edges."""

_NOTHING = frozenset({"", "nothing", "none", "background", "empty background"})
_PUNCTUATION = string.punctuation + "…“”‘’"
_REMOVES = frozenset({"remove", "erase", "delete"})
_PAINTS = frozenset({"add", "fill", "instead", "paint", "put", "replace", "replaced", "replacing"})


def asks_for_removal(prompt: str) -> bool:
    """Return whether a prompt asks only for removal.

    That is an empty prompt, 'nothing', 'none', 'background', 'the background', 'empty background', and a
    prompt that begins with remove, erase or delete and does not also ask to replace, fill, add, paint or put.
    Case and punctuation are ignored.
    """
    stripped = (word.strip(_PUNCTUATION) for word in prompt.casefold().split())
    words = [word for word in stripped if word not in {"", "a", "an", "the"}]
    if words and words[0] in _REMOVES:
        return _PAINTS.isdisjoint(words)
    return " ".join(words) in _NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A part of a picture, prepared for a model.

    `image` and `mask`, shape (height, width), have the model's size. `place` is the box of the part in the
    picture. `scaled` is the size (width, height) of the part in the upper left corner of `image`; the rest of
    `image` repeats its edges.
    """

    place: Box
    scaled: tuple[int, int]
    image: Image
    mask: NDArray[np.bool_]


def excerpt(
    image: Image, mask: NDArray[np.bool_], *, side: int, grid: int = 8, context: float = _CONTEXT
) -> Excerpt | None:
    """Cut out the mask with its surroundings for a model that works at `side` pixels along the longer side.

    Both sides of the result are multiples of `grid`, the side of the cells in which the model paints. The
    mask of the result covers each cell that `mask` touches. Returns None for an empty mask. Raises ValueError
    for a mask that is not bool or has another shape than the picture.
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

    Its side is the longer side of the mask's box times `context`, and at least `least` pixels.
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
    """Return the picture with the pixels of the mask replaced by the painting; all others are unchanged.

    `painted` is the painted version of `part.image`, at any size.
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
    """Widen a span to `length` around its middle, and move it so that it stays between 0 and `limit`."""
    length = min(length, limit)
    start = min(max((start + end - length) // 2, 0), limit - length)
    return start, start + length


def _padded(edge: int, grid: int, least: int) -> int:
    return max(math.ceil(edge / grid), math.ceil(least / grid), 1) * grid


def _touched(
    mask: NDArray[np.bool_], steps: tuple[float, float], cells: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return for each cell whether the mask has a pixel in it.

    A cell is `steps` pixels of the mask wide and high. Cells beyond the mask repeat its edge, as the picture
    does.
    """
    across = _spans(mask.shape[1], steps[0], cells[0])
    down = _spans(mask.shape[0], steps[1], cells[1])
    rows = np.stack([mask[start:end].any(axis=0) for start, end in down])
    return np.stack([rows[:, start:end].any(axis=1) for start, end in across], axis=1)


def _spans(edge: int, step: float, count: int) -> list[tuple[int, int]]:
    """Return the first pixel of each cell, and the pixel after its last."""
    starts = [min(math.floor(index * step + 1e-6), edge - 1) for index in range(count)]
    ends = [min(math.ceil((index + 1) * step - 1e-6), edge) for index in range(count)]
    return [(start, max(end, start + 1)) for start, end in zip(starts, ends, strict=True)]


def _resized(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    return np.asarray(PILImage.fromarray(pixels).resize(size, PILImage.Resampling.LANCZOS))
