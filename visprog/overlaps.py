"""Chooses among overlapping boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
