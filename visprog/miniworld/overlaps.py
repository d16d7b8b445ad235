"""How alike boxes and masks are: intersection over union, and what matches by it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from visprog.values import Box, Region, Regions, box_overlap

Mask = NDArray[np.bool_]

SAME_PLACE = 0.5
"""From which intersection over union on two boxes, or two masks, count as the same."""


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
