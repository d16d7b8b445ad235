"""How alike boxes and masks are: intersection over union, and what matches by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from visprog.values import Box, Region, Regions

Mask = NDArray[np.bool_]

SAME_PLACE = 0.5
"""From which intersection over union on two boxes, or two masks, count as the same."""


def box_overlap(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the intersection over union of two boxes (left, top, right, bottom)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0) * max(height, 0)
    first_area, second_area = ((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return shared / (first_area + second_area - shared) if shared else 0.0


def mask_overlap(first: Mask, second: Mask) -> float:
    """Return the intersection over union of two masks; two empty ones are the same."""
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


def box_overlaps(found: Iterable[Box], wanted: Iterable[Box]) -> NDArray[np.float64]:
    """Return the overlap of each found box with each wanted one, shape (found, wanted)."""
    columns = list(wanted)
    rows = [[box_overlap(one, other) for other in columns] for one in found]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(columns))


def matches(overlaps: NDArray[np.float64]) -> int:
    """Return how many found and wanted ones match, the most alike first, each with one other at most."""
    rest, count = overlaps.copy(), 0
    while rest.size and rest.max() >= SAME_PLACE:
        row, column = np.unravel_index(rest.argmax(), rest.shape)
        rest[row], rest[:, column] = 0.0, 0.0
        count += 1
    return count


def filled(boxes: Iterable[Box], size: tuple[int, int]) -> Mask:
    """Return the pixels inside any of the boxes, in a picture of `size` (width, height)."""
    return Regions((Region(box) for box in boxes), size=size).union_mask()
