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
    sides = [Region(HALVES[name](*image.size), name) for name in names if name in HALVES]
    things = [name for name in names if name not in HALVES]
    found = detector.detect(image, things).distinct(_SAME_THING) if things or not sides else ()
    return Regions([*sides, *found], size=image.size)
