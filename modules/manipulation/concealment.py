"""Concealment: the mean colours of large blocks of a region, which hide everything smaller than a block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box
from visprog.libraries import load_opencv
from visprog.modules.manipulation.foreground import check_same_picture, visible_box
from visprog.values import Image, Regions

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

_BLOCKS = 8
"""Number of blocks along the longer side of a region. Faces and number plates are unreadable at this size."""

_LEAST_SIDE = 4
"""Smallest side of a block in pixels, in regions that are large enough for it."""

_ROWS = 256
"""Number of rows of a region that are mixed at a time."""


class Blocks(NamedTuple):
    """The blocks that divide a region's box into rows and columns.

    `rows` and `columns` are the edges of the blocks, from 0 to the height and the width of the box. `colors`
    are the sums of the colours of the region's pixels in each block, `counts` the numbers of these pixels.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    colors: NDArray[np.float32]
    counts: NDArray[np.float32]


def conceal(
    image: Image, regions: Regions, draw: Callable[[Pixels, Mask], Pixels], edge: float = 0.0
) -> Image | None:
    """Return a picture in which `draw` replaced the pixels of each region; None if no region is visible.

    `draw` gets the pixels of a region's box and the region's mask in it. A region without a mask is its whole
    box. `edge` is the width of the soft edge inside a region, as a share of the shorter side of its box.
    Large regions come first, so a region inside another is concealed as thoroughly as one alone.
    """
    check_same_picture(image, (region for region in regions if region.mask is not None), regions.size)
    parts = sorted(_parts(image, regions), key=lambda part: -int(part[1].sum()))
    if not parts:
        return None
    pixels = image.pixels.copy()
    for box, mask in parts:
        left, top, right, bottom = box
        place = pixels[top:bottom, left:right]
        _mix(place, draw(place, mask), _share(box, mask, edge, image.size))
    return Image.adopt(pixels)


def _mix(place: Pixels, drawn: Pixels, share: NDArray[np.float32]) -> None:
    """Replace the given share of each pixel of `place`, some rows at a time to save memory."""
    for start in range(0, len(place), _ROWS):
        rows = slice(start, start + _ROWS)
        change = drawn[rows].astype(np.float32) - place[rows]
        place[rows] = np.round(place[rows] + share[rows, :, np.newaxis] * change)


def _share(box: Box, mask: Mask, edge: float, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return how much of each pixel of a box is replaced: less at the edge of the region, all of it inside.

    The border of the picture is not an edge.
    """
    if not edge:
        return mask.astype(np.float32)
    cv2 = load_opencv()
    left, top, right, bottom = box
    around = ((int(top > 0), int(bottom < size[1])), (int(left > 0), int(right < size[0])))
    padded = np.pad(mask, around).astype(np.uint8)
    if padded.all():
        return mask.astype(np.float32)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    (above, _), (before, _) = around
    depth = depth[above : above + mask.shape[0], before : before + mask.shape[1]]
    return np.asarray(np.minimum(depth / max(1.0, min(mask.shape) * edge), 1.0), dtype=np.float32)


def _parts(image: Image, regions: Regions) -> Iterator[tuple[Box, Mask]]:
    """Yield the visible box of each region, and the region's mask in it."""
    for region in regions:
        if (box := visible_box(region, image.size)) is not None:
            left, top, right, bottom = box
            whole = np.ones((bottom - top, right - left), dtype=np.bool_)
            yield box, whole if region.mask is None else region.mask[top:bottom, left:right]


def blocks_of(pixels: Pixels, mask: Mask) -> Blocks:
    """Divide a region's box into nearly square blocks."""
    height, width = mask.shape
    side = max(_LEAST_SIDE, max(height, width) / _BLOCKS)
    rows, columns = _edges(height, side), _edges(width, side)
    planes = np.dstack([pixels * mask[..., np.newaxis], mask])
    sums = np.add.reduceat(planes, rows[:-1], axis=0, dtype=np.float32)
    sums = np.add.reduceat(sums, columns[:-1], axis=1)
    return Blocks(rows, columns, sums[..., :3], sums[..., 3:])


def _edges(length: int, side: float) -> NDArray[np.int64]:
    """Divide a length into parts of about `side`, and return the edges of the parts."""
    return np.linspace(0, length, max(1, round(length / side)) + 1).round().astype(np.int64)
