"""Converts pictures of any mode, and arrays, to RGB: a few rows at a time, which needs little memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage
from PIL import ImageCms

from visprog.errors import ImageError

Rows: TypeAlias = Callable[[int, int], PILImage.Image]
"""Returns the rows from the first number up to, but without, the second, as RGB."""

_BAND = 1_000_000
"""Number of pixels that are converted at a time."""


def fitted(size: tuple[int, int], most: int) -> tuple[int, int]:
    """Return the width and height of a picture after it is scaled down to at most `most` pixels."""
    width, height = size
    if width * height <= most:
        return size
    scale = math.sqrt(most / (width * height))
    across, down = max(1, int(width * scale)), max(1, int(height * scale))
    return min(across, max(1, most // down)), min(down, max(1, most // across))


def gather(
    rows: Rows, size: tuple[int, int], target: tuple[int, int], orientation: int = 1
) -> NDArray[np.uint8]:
    """Return the pixels of a picture of `size`, scaled down to `target` and turned as EXIF says."""
    width, height = target
    turned = orientation >= 5
    upright = np.empty((width, height, 3) if turned else (height, width, 3), np.uint8)
    stored = _TURNS[orientation](upright.swapaxes(0, 1) if turned else upright)
    scale = size[1] / height
    step = max(1, int(_BAND / (size[0] * scale)))
    for top in range(0, height, step):
        bottom = min(top + step, height)
        first, last = int(top * scale), min(math.ceil(bottom * scale), size[1])
        band = rows(first, last)
        if size != target:
            box = (0, top * scale - first, size[0], min(bottom * scale, size[1]) - first)
            band = band.resize((width, bottom - top), PILImage.Resampling.BOX, box)
        stored[top:bottom] = np.asarray(band)
    return upright


_TURNS: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda view: view,
    2: lambda view: view[:, ::-1],
    3: lambda view: view[::-1, ::-1],
    4: lambda view: view[::-1],
    5: lambda view: view,
    6: lambda view: view[::-1],
    7: lambda view: view[::-1, ::-1],
    8: lambda view: view[:, ::-1],
}
"""For each EXIF orientation, the view of the upright picture that has the rows of the file.

From 5 on, the axes of the picture are exchanged before.
"""


def rows_of(picture: PILImage.Image, name: str) -> Rows:
    """Return the rows of a loaded picture of any mode. Transparent pixels are shown on white."""
    convert = _number_converter(picture, name) if picture.mode[0] in "IF" else _to_rgb
    return lambda top, bottom: convert(picture.crop((0, top, picture.width, bottom)))


def rows_of_array(array: NDArray[Any], convert: Callable[[NDArray[Any]], NDArray[np.uint8]]) -> Rows:
    """Return the rows of a grey, RGB or RGBA array, whose values `convert` turns into bytes."""

    def rows(top: int, bottom: int) -> PILImage.Image:
        part = convert(array[top:bottom])
        return _to_rgb(PILImage.fromarray(part[..., 0] if part.ndim == 3 and part.shape[2] == 1 else part))

    return rows


def _to_rgb(band: PILImage.Image) -> PILImage.Image:
    if band.mode == "LAB":
        converted = ImageCms.applyTransform(band, _lab_to_rgb())
        assert converted is not None, "it was not asked to convert in place"  # noqa: S101
        return converted
    if band.mode == "La":
        band = band.convert("LA")
    if band.has_transparency_data:
        try:
            shown = band.convert("RGBA")
        except (ValueError, TypeError, OverflowError):  # the transparent colour is not valid in this mode
            band.info.pop("transparency", None)
            return band.convert("RGB")
        white = PILImage.new("RGBA", shown.size, "white")
        white.alpha_composite(shown)
        band = white
    return band.convert("RGB")


@cache
def _lab_to_rgb() -> ImageCms.ImageCmsTransform:
    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, rgb, "LAB", "RGB")


def _number_converter(picture: PILImage.Image, name: str) -> Callable[[PILImage.Image], PILImage.Image]:
    """Return a function that turns rows of integers or floats into RGB, with one scale for the whole picture.

    Floats are between 0 and 1, or 0 and 255. Integers have 8 or 16 bits.
    """
    low, high = (float(edge) for edge in picture.getextrema())  # type: ignore[arg-type]
    floats = picture.mode == "F"
    ranges = (1.0, 255.0) if floats else (65535.0,) if picture.mode.startswith("I;16") else (255.0, 65535.0)
    full = next((each for each in ranges if high <= each), 0.0)
    if not (low >= 0 and full):
        expected = "0 and 1, or 0 and 255" if floats else "0 and 65,535"
        raise ImageError(
            f"{name} has values from {low:g} to {high:g}, but expected are values between {expected}",
            help="scale its values first",
        )

    def convert(band: PILImage.Image) -> PILImage.Image:
        values = np.asarray(band)
        if not floats:
            grey = values if full == 255 else values // 257
        elif np.isfinite(values).all():
            grey = (values * (255 / full)).round()
        else:
            raise ImageError(f"{name} has values that are not finite numbers", help="replace them first")
        return PILImage.fromarray(grey.astype(np.uint8)).convert("RGB")

    return convert
