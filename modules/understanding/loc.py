"""Loc: finds things by name."""

from __future__ import annotations

import numpy as np

from visprog.models.roles import Detector
from visprog.modules.halves import HALVES
from visprog.modules.understanding.labels import queries
from visprog.tools import tool
from visprog.values import Image, Region, Regions

_SAME_THING = 0.5


@tool("Loc")
def loc(image: Image, object: str | list[str], *, detector: Detector) -> Regions:
    """Find every `object` in `image`, best first. TOP, BOTTOM, LEFT and RIGHT name half of the picture.

    Several names are a list, or separated by commas: each region is labelled with the one that it fits. The
    four sides are written in capitals (a `top` is a garment) and need no model. Of boxes that overlap by more
    than half (intersection over union) the one with the highest score is kept.
    """
    names = queries(object) if isinstance(object, str) else object
    half = HALVES.get(names[0]) if len(names) == 1 else None
    if half is not None:
        return Regions([Region(half(*image.size), names[0])], size=image.size)
    return _without_repeats(detector.detect(image, names))


def _without_repeats(found: Regions) -> Regions:
    """Suppress all but the best of regions on the same spot; return the rest best first."""
    boxes = found.boxes.astype(np.float64)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    waiting = np.argsort(-found.scores, kind="stable")
    kept = []
    while waiting.size:
        best, waiting = waiting[0], waiting[1:]
        kept.append(int(best))
        sides = np.minimum(boxes[best, 2:], boxes[waiting, 2:]) - np.maximum(
            boxes[best, :2], boxes[waiting, :2]
        )
        shared = np.prod(np.maximum(sides, 0.0), axis=1)
        waiting = waiting[shared / (areas[best] + areas[waiting] - shared) <= _SAME_THING]
    return found[kept]
