"""Loc: finds things by name."""

from __future__ import annotations

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
    return detector.detect(image, names).distinct(_SAME_THING)
