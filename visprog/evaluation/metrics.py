"""Metrics that compare one outcome with the truth: answers, boxes, masks, and counts of matches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, box_overlap
from visprog.evaluation.statistics import Sums
from visprog.language import coercion
from visprog.values import Image, Region, Regions

Mask = NDArray[np.bool_]

SAME_PLACE = 0.5
"""Minimum intersection over union of two boxes, or two masks, that match."""


def same_answer(given: Any, right: str | bool) -> bool:
    """Return whether two answers mean the same: "yes" equals True, "two" equals 2, case is ignored."""
    return not isinstance(given, Image | Region | Regions) and coercion.equal(given, right)


def mask_overlap(first: Mask, second: Mask) -> float:
    """Return the intersection over union of two masks; 1 if both are empty."""
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


def box_overlaps(found: Iterable[Box], expected: Iterable[Box]) -> NDArray[np.float64]:
    """Return the intersection over union of each pair of boxes, shape (found, expected)."""
    columns = list(expected)
    rows = [[box_overlap(one, other) for other in columns] for one in found]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(columns))


def matches(overlaps: NDArray[np.float64]) -> int:
    """Return the number of matches in a table of overlaps.

    The pairs with the highest overlap are matched first. Each row and each column is matched at most once.
    """
    rest, count = overlaps.copy(), 0
    while rest.size and rest.max() >= SAME_PLACE:
        row, column = np.unravel_index(rest.argmax(), rest.shape)
        rest[row], rest[:, column] = 0.0, 0.0
        count += 1
    return count


def f1(sums: Sums) -> NDArray[np.float64]:
    """Return F1, given the columns matched, found and expected."""
    return np.asarray(2 * sums[:, 0] / (sums[:, 1] + sums[:, 2]))


def precision(sums: Sums) -> NDArray[np.float64]:
    """Return precision, given the columns matched, found and expected."""
    return np.asarray(sums[:, 0] / sums[:, 1])


def recall(sums: Sums) -> NDArray[np.float64]:
    """Return recall, given the columns matched, found and expected."""
    return np.asarray(sums[:, 0] / sums[:, 2])


def share(sums: Sums) -> NDArray[np.float64]:
    """Return the first column divided by the second."""
    return np.asarray(sums[:, 0] / sums[:, 1])
