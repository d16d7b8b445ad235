"""Colour: names the dominant colour of regions."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.libraries import load_opencv
from visprog.modules.manipulation.foreground import check_same_picture, visible_box
from visprog.tools import Warn, tool
from visprog.values import Image, Region, Regions

_INNER = 0.5
"""Width and height of the inner part of a box, as a share of the box."""

_SAMPLES = 20_000
"""Number of pixels of a region that are looked at. More pixels hardly change the shares of its colours."""

_LEVELS = 64
"""Number of levels per channel in the table of names."""

_NAMES = ("black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")


class _Part(NamedTuple):
    """A part of CIE Lab: a name, and the colours that have it. The first part that fits a colour names it.

    `hues` are angles in degrees, from the first up to the second. `light` and `chroma` are the least and the
    greatest lightness and chroma. Shadows change lightness and chroma more than they change the hue.
    """

    name: str
    hues: tuple[float, float] = (0, 360)
    light: tuple[float, float] = (0, 101)
    chroma: tuple[float, float] = (0, 200)


_PARTS = (
    _Part("black", light=(0, 8), chroma=(0, 20)),
    _Part("black", light=(0, 20), chroma=(0, 10)),
    _Part("white", light=(79, 101), chroma=(0, 10)),
    _Part("white", light=(90, 101), chroma=(0, 15)),
    _Part("grey", chroma=(0, 12)),
    _Part("orange", (41, 46), light=(52, 101), chroma=(48, 200)),
    _Part("pink", (0, 48), light=(62, 101), chroma=(0, 68)),
    _Part("pink", (0, 6), light=(44, 101)),
    _Part("brown", (20, 48), chroma=(0, 20)),
    _Part("red", (0, 46)),
    _Part("pink", (46, 62), light=(76, 101), chroma=(0, 40)),
    _Part("orange", (46, 80), light=(50, 101), chroma=(52, 200)),
    _Part("orange", (46, 80), light=(40, 101), chroma=(66, 200)),
    _Part("yellow", (80, 92), light=(62, 101), chroma=(45, 200)),
    _Part("yellow", (80, 92), light=(82, 101)),
    _Part("brown", (46, 92)),
    _Part("yellow", (92, 107), light=(40, 101), chroma=(28, 200)),
    _Part("yellow", (92, 107), light=(82, 101)),
    _Part("brown", (92, 100), chroma=(0, 28)),
    _Part("yellow", (107, 112), light=(80, 101), chroma=(50, 200)),
    _Part("green", (92, 188)),
    _Part("blue", (188, 300)),
    _Part("blue", (300, 308), chroma=(75, 200)),
    _Part("purple", (300, 325)),
    _Part("pink", (325, 340), light=(60, 101)),
    _Part("purple", (325, 340)),
    _Part("pink", (340, 360), light=(44, 101)),
    _Part("purple", (340, 350)),
    _Part("red", (350, 360)),
)


@tool("Colour", aliases=("Color",), parameter_aliases={"object": ("box",)})
def colour(image: Image, object: Regions, *, warn: Warn) -> list[str]:
    """Name the dominant colour of each region in `object`, in their order, by its pixels.

    The names are black, white, grey, red, orange, yellow, green, blue, purple, pink and brown. All pixels of
    a mask count. In a region without a mask, the inner part of the box counts, so that the background does
    not matter. A region outside of the picture gets an empty text.
    """
    check_same_picture(image, (region for region in object if region.mask is not None), object.size)
    if object.empty:
        warn("there is no region whose colour could be named, so the list is empty")
    names = [_dominant(_samples(image, region)) for region in object]
    unseen = names.count("")
    if unseen:
        warn(f"{unseen} of {len(names)} regions are outside of the picture, so their colour is an empty text")
    return names


def _samples(image: Image, region: Region) -> NDArray[np.uint8]:
    """Return pixels of a region, evenly spread, of shape (n, 3)."""
    box = visible_box(region, image.size)
    if box is None:
        return np.empty((0, 3), dtype=np.uint8)
    left, top, right, bottom = box
    if region.mask is None:
        across, down = (round(side * (1 - _INNER) / 2) for side in (right - left, bottom - top))
        pixels = image.pixels[top + down : bottom - down, left + across : right - across].reshape(-1, 3)
    else:
        pixels = image.pixels[top:bottom, left:right][region.mask[top:bottom, left:right]]
    return pixels[:: math.ceil(len(pixels) / _SAMPLES)]


def _dominant(pixels: NDArray[np.uint8]) -> str:
    """Return the name that most pixels have; an empty text if there are no pixels."""
    if not len(pixels):
        return ""
    red, green, blue = (pixels // (256 // _LEVELS)).T
    return _NAMES[int(np.bincount(_table()[red, green, blue]).argmax())]


@cache
def _table() -> NDArray[np.intp]:
    """Return the index of the name of each colour, of shape (levels, levels, levels)."""
    grid = np.indices((_LEVELS,) * 3, dtype=np.float32).reshape(3, -1).T
    light, green_red, blue_yellow = _lab((grid + 0.5) * (256 / _LEVELS)).T
    chroma = np.hypot(green_red, blue_yellow)
    hue = np.degrees(np.arctan2(blue_yellow, green_red)) % 360
    fits = [
        _within(hue, part.hues) & _within(light, part.light) & _within(chroma, part.chroma) for part in _PARTS
    ]
    names = np.select(fits, [_NAMES.index(part.name) for part in _PARTS])
    return names.reshape((_LEVELS,) * 3)


def _within(values: NDArray[np.float32], limits: tuple[float, float]) -> NDArray[np.bool_]:
    return (limits[0] <= values) & (values < limits[1])


def _lab(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convert colours of shape (n, 3) with levels up to 255 to CIE Lab."""
    cv2 = load_opencv()
    return np.asarray(cv2.cvtColor(rgb[np.newaxis] / np.float32(255), cv2.COLOR_RGB2LAB)[0])
