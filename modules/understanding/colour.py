"""Colour: names the dominant colour of regions."""

from __future__ import annotations

import math
from functools import cache

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

_LEVELS = 32
"""Number of levels per channel in the table of names."""

_EXAMPLES = {
    "black": "000000 0f0f0f 1c1c1c 14141e 1e1612 141e16",
    "white": "ffffff f2f2f2 e6e6e6 fffaf0 f0f8ff f5f5e8",
    "grey": "2f2f2f 444444 595959 6e6e6e 808080 969696 a9a9a9 c0c0c0 cccccc 6b747c 7c766d 9aa3ab",
    "red": "ff0000 dc143c b22222 c81e1e 8b0000 a01414 e63232 ad2323 700a0a d2323c f04646",
    "orange": "ffa500 ff8c00 ff7f00 f07814 e6641e ff7f50 f4a032 e87d20 ffb347",
    "yellow": "ffff00 ffd700 ffe135 f0e100 e6c814 d4b800 fff44f f0e68c fff59a c8b400",
    "green": "00ff00 008000 228b22 32cd32 006400 2e8b57 556b2f 6b8e23 9acd32 90ee90 1d6914 3cb371 "
    "1e3c1e 66805a 98b48c 00a080 7fff00",
    "blue": "0000ff 000080 00008b 4169e1 1e90ff 87ceeb add8e6 4682b4 2a4bd7 191970 00bfff 00ffff 29d0d0 "
    "5f7ea0 1e2850 32508c 008b8b 6495ed a0c4e8",
    "purple": "800080 4b0082 8a2be2 9932cc 663399 9370db 8126c0 ee82ee b57edc 3c1450 7b5a8c 5a3296",
    "pink": "ffc0cb ffb6c1 ff69b4 ff1493 db7093 ff00ff f4a6c0 e68ca8 fadadd dc5a96 ffa0b4",
    "brown": "8b4513 a0522d 654321 5c4033 814a19 964b00 7b3f00 3b2414 a67b5b b5834f cd853f d2b48c 4e3524 "
    "c19a6b 8a6642 70543e",
}
"""Typical colours of each name, in hexadecimal RGB. A pixel has the name of the nearest one in CIE Lab."""

_NAMES = tuple(_EXAMPLES)


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
    colors = _lab((grid + 0.5) * (256 / _LEVELS))
    distances = [
        np.min([((colors - example) ** 2).sum(axis=1) for example in _lab(_decoded(examples))], axis=0)
        for examples in _EXAMPLES.values()
    ]
    return np.argmin(distances, axis=0).reshape((_LEVELS,) * 3)


def _decoded(examples: str) -> NDArray[np.float32]:
    return np.array([tuple(bytes.fromhex(each)) for each in examples.split()], dtype=np.float32)


def _lab(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convert colours of shape (n, 3) with levels up to 255 to CIE Lab."""
    cv2 = load_opencv()
    return np.asarray(cv2.cvtColor(rgb[np.newaxis] / np.float32(255), cv2.COLOR_RGB2LAB)[0])
