"""Boxes in pixels: parts of pictures, without anything that they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Box: TypeAlias = tuple[int, int, int, int]
"""`(left, top, right, bottom)` in pixels; right and bottom are exclusive, as in PIL."""


def box_overlap(
    first: Sequence[float] | NDArray[np.float64], second: Sequence[float] | NDArray[np.float64]
) -> float:
    """Return the intersection over union of two boxes (left, top, right, bottom)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0) * max(height, 0)
    first_area, second_area = ((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return shared / (first_area + second_area - shared) if shared else 0.0


def clip(box: Box, size: tuple[int, int]) -> Box | None:
    """Return the part of `box` inside a picture of `size` (width, height); None if there is none."""
    left, top = max(box[0], 0), max(box[1], 0)
    right, bottom = min(box[2], size[0]), min(box[3], size[1])
    return (left, top, right, bottom) if left < right and top < bottom else None


def enlarge(box: Box, factor: float, size: tuple[int, int]) -> Box | None:
    """Scale `box` about its centre by `factor`, and clip it to `size`. Return None if nothing is left."""
    center_x, center_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half_width, half_height = (box[2] - box[0]) * factor / 2, (box[3] - box[1]) * factor / 2
    grown = (
        round(center_x - half_width),
        round(center_y - half_height),
        round(center_x + half_width),
        round(center_y + half_height),
    )
    return clip(grown, size)


def distinct_boxes(boxes: NDArray[np.int64], scores: NDArray[np.float64], most: float) -> list[int]:
    """Return the indices of the boxes, best first, without boxes that overlap a better one too much.

    `boxes` has the shape (n, 4) and `scores` (n,). `most` is the highest intersection over union allowed.
    """
    edges = boxes.astype(np.float64)
    areas = (edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1])
    waiting = np.argsort(-scores, kind="stable")
    kept = []
    while waiting.size:
        best, waiting = waiting[0], waiting[1:]
        kept.append(int(best))
        low = np.maximum(edges[best, :2], edges[waiting, :2])
        sides = np.minimum(edges[best, 2:], edges[waiting, 2:]) - low
        shared = np.prod(np.maximum(sides, 0.0), axis=1)
        waiting = waiting[shared / (areas[best] + areas[waiting] - shared) <= most]
    return kept
