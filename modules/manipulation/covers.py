"""Covers: the ellipse that hides a region."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, clip
from visprog.libraries import load_opencv
from visprog.values import Region

Mask = NDArray[np.bool_]

_LONGEST = 1.4
"""Maximum ratio of the axes of a cover. A round drawing still looks natural when it is stretched so far."""

_RATIOS = 9
"""Number of ratios that are tried, from one to the maximum, in each direction."""

_MASK_MARGIN = 1.04
"""Masks often miss the edge of their object, so their covers are larger by this factor."""

_HEAD_WIDTH, _HEAD_HEIGHT, _HEAD_RISE = 1.3, 1.2, 0.1
"""Width and height of a head, and the height of its centre above the box's, as shares of FaceDet's box."""


class Ellipse(NamedTuple):
    """An ellipse with upright axes: its centre and its semi-axes, in pixels."""

    x: float
    y: float
    across: float
    down: float

    @property
    def box(self) -> Box:
        """The smallest box of whole pixels that contains the ellipse and its soft edge."""
        left, top = np.floor([self.x - self.across, self.y - self.down]) - 1
        right, bottom = np.ceil([self.x + self.across, self.y + self.down]) + 1
        return int(left), int(top), int(right), int(bottom)

    def opacity(self, box: Box) -> NDArray[np.uint8]:
        """Return the opacity of each pixel of a box: 255 inside the ellipse, 0 beyond its soft edge."""
        left, top, right, bottom = box
        x = (np.arange(left, right) + 0.5 - self.x) / self.across
        y = (np.arange(top, bottom)[:, np.newaxis] + 0.5 - self.y) / self.down
        outside = np.hypot(x.astype(np.float32), y.astype(np.float32)) - 1
        outside *= min(self.across, self.down)  # about the distance from the ellipse
        return np.asarray(np.clip(255 - 255 * outside, 0, 255), dtype=np.uint8)


def cover(region: Region, size: tuple[int, int]) -> Ellipse | None:
    """Return the smallest ellipse that contains the pixels to hide. None means that there are none."""
    part = hidden_part(region, size)
    if part is None:
        return None
    corners = _corners(*part)
    margin = 1.0 if region.mask is None else _MASK_MARGIN
    ratios = np.geomspace(1 / _LONGEST, _LONGEST, 2 * _RATIOS - 1)
    covers = [_around(corners, float(ratio), margin) for ratio in ratios]
    return min(covers, key=lambda ellipse: ellipse.across * ellipse.down)


def hidden_part(region: Region, size: tuple[int, int]) -> tuple[Box, Mask] | None:
    """Return the pixels to hide in a picture of `size`, as a box and a mask in it; None if there are none.

    These are the pixels of the region's mask or, without a mask, of its box. Of a face it is the whole head,
    and the mask if there is one.
    """
    face = head(region.box) if region.label == "face" else None
    box = clip(region.box if face is None else face.box, size)
    if region.mask is None and face is None:
        return box and (box, np.ones((box[3] - box[1], box[2] - box[0]), dtype=np.bool_))
    shape = np.zeros((size[1], size[0]), dtype=np.bool_) if region.mask is None else region.mask.copy()
    if face is not None and box is not None:
        left, top, right, bottom = box
        shape[top:bottom, left:right] |= face.opacity(box) > 0
    rows, columns = np.flatnonzero(shape.any(axis=1)), np.flatnonzero(shape.any(axis=0))
    if not rows.size:
        return None
    left, top, right, bottom = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return (left, top, right, bottom), shape[top:bottom, left:right]


def head(face: Box) -> Ellipse:
    """Return the ellipse of a head, with hair and chin, for the box that FaceDet returns."""
    left, top, right, bottom = face
    width, height = right - left, bottom - top
    middle = (top + bottom) / 2 - _HEAD_RISE * height
    return Ellipse((left + right) / 2, middle, _HEAD_WIDTH * width / 2, _HEAD_HEIGHT * height / 2)


def _corners(box: Box, mask: Mask) -> NDArray[np.float64]:
    """Return the corners, shape (n, 2), of the convex hull of the mask's pixels."""
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - mask[rows, ::-1].argmax(axis=1)
    ends = [np.stack([x, rows + below], axis=1) for x in (first, last) for below in (0, 1)]
    hull = load_opencv().convexHull(np.concatenate(ends).astype(np.int32))
    return np.asarray(hull[:, 0] + np.array(box[:2]), dtype=np.float64)


def _around(corners: NDArray[np.float64], ratio: float, margin: float) -> Ellipse:
    """Return the smallest ellipse with a ratio of height to width that contains the corners."""
    squeezed = corners / (1.0, ratio)
    center, _ = load_opencv().minEnclosingCircle(squeezed.astype(np.float32))
    radius = float(np.hypot(*(squeezed - center).T).max()) * margin  # OpenCV's own radius is less exact
    return Ellipse(center[0], center[1] * ratio, radius, radius * ratio)
