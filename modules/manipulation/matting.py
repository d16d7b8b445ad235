"""Matting: soft edges for masks, so that hair and fur keep their fine shape."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from visprog.libraries import load_opencv

Plane = NDArray[np.float32]

_SIDE = 768
"""Longer side, in pixels, at which the filter works. Larger pictures get its result by interpolation."""

_SMOOTHNESS = 1e-4
"""Variance of colour, on a scale from 0 to 1, below which the filter sees no edge."""

_CONTRAST = 2.0
"""The filter's result is stretched about a half by this factor, so that flat parts become 0 or 1."""

_ROWS = 256
"""Number of rows of a large picture that are computed at the same time."""


def matte(pixels: NDArray[np.uint8], mask: NDArray[np.bool_], reach: float, side: int = _SIDE) -> Plane:
    """Return how much of each pixel belongs to the object, from 0 to 1, shape (height, width).

    `mask` is the object's mask. It is certain at more than `reach` pixels from its edge: there the result is
    0 or 1. Nearer to the edge a guided filter (He, Sun and Tang, 2010) follows the colours of the picture.
    The filter works at `side` pixels along the longer side.
    """
    cv2 = load_opencv()
    height, width = mask.shape
    factor = min(1.0, side / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    guide = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    rough = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    radius = max(1, round(reach * factor))
    lines = _lines(guide, rough, radius)
    least, most = _limits(rough > 0.5, radius)
    alpha = np.empty((height, width), np.float32)
    for start, stop in _strips(height):
        slope_and_offset, lower, upper = (
            _rows(plane, start, stop, (height, width)) for plane in (lines, least, most)
        )
        strip = pixels[start:stop].astype(np.float32) / 255
        value = (slope_and_offset[..., :3] * strip).sum(axis=2) + slope_and_offset[..., 3]
        value = np.clip((value - 0.5) * _CONTRAST + 0.5, 0, 1)
        alpha[start:stop] = np.clip(np.clip(value, lower, upper) * 1.004 - 0.002, 0, 1)  # exactly 0 and 1
    return alpha


def _limits(mask: NDArray[np.bool_], radius: int) -> tuple[Plane, Plane]:
    """Return the smallest and the largest alpha of each pixel: they differ in a band along the edge."""
    cv2 = load_opencv()
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    whole = mask.astype(np.uint8)
    core, hull = cv2.erode(whole, kernel, borderValue=1), cv2.dilate(whole, kernel)
    return core.astype(np.float32), hull.astype(np.float32)


def _lines(guide: Plane, values: Plane, radius: int) -> Plane:
    """Return the slopes (red, green, blue) and the offset that give a pixel's value from its colour.

    They are fitted to `values` in windows of this radius, and averaged over all windows of a pixel.
    """
    cv2 = load_opencv()

    def mean(plane: Plane) -> Plane:
        return np.asarray(cv2.blur(plane, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT))

    average = mean(guide)
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    rr, rg, rb, gg, gb, bb = (
        mean(guide[..., i] * guide[..., j]) - average[..., i] * average[..., j] + (i == j) * _SMOOTHNESS
        for i, j in pairs
    )
    level = mean(values)
    together = mean(guide * values[..., np.newaxis]) - average * level[..., np.newaxis]
    first, second, third = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    fourth, fifth, sixth = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    rows = ((first, second, third), (second, fourth, fifth), (third, fifth, sixth))
    determinant = rr * first + rg * second + rb * third
    slopes = [
        (row[0] * together[..., 0] + row[1] * together[..., 1] + row[2] * together[..., 2]) / determinant
        for row in rows
    ]
    slope = np.stack(slopes, axis=2)
    offset = level - (slope * average).sum(axis=2)
    return mean(np.dstack([slope, offset]).astype(np.float32))


def _strips(height: int) -> Iterator[tuple[int, int]]:
    for start in range(0, height, _ROWS):
        yield start, min(start + _ROWS, height)


def _rows(plane: Plane, start: int, stop: int, shape: tuple[int, int]) -> Plane:
    """Return these rows of `plane` after bilinear interpolation to `shape` (height, width)."""
    cv2 = load_opencv()
    height, width = shape
    if plane.shape[:2] == shape:
        return plane[start:stop]
    y = (np.arange(start, stop, dtype=np.float32) + 0.5) * (plane.shape[0] / height) - 0.5
    y = np.clip(y, 0, plane.shape[0] - 1)
    low = np.floor(y).astype(int)
    high = np.minimum(low + 1, plane.shape[0] - 1)
    share = (y - low).astype(np.float32).reshape(-1, *[1] * (plane.ndim - 1))
    mixed = plane[low] * (1 - share) + plane[high] * share
    return np.asarray(cv2.resize(mixed, (width, len(y)), interpolation=cv2.INTER_LINEAR))
