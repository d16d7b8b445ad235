"""Measure and Labels: list the measures and the labels of regions."""

from __future__ import annotations

from collections.abc import Callable

from visprog.modules.regions.geometry import area, picture_share, reading_order
from visprog.modules.regions.words import WHAT_SYNONYMS, What
from visprog.tools import Warn, tool
from visprog.values import Region, Regions

_MEASURES: dict[str, Callable[[Region, tuple[int, int]], float]] = {
    "width": lambda region, _: region.width,
    "height": lambda region, _: region.height,
    "area": lambda region, _: area(region),
    "left": lambda region, _: region.box[0],
    "top": lambda region, _: region.box[1],
    "right": lambda region, _: region.box[2],
    "bottom": lambda region, _: region.box[3],
    "share": picture_share,
    "score": lambda region, _: region.score,
}


@tool("Measure", parameter_aliases={"object": ("box",)}, synonyms={"what": WHAT_SYNONYMS})
def measure(object: Regions, what: What, *, warn: Warn) -> list[float]:
    """Measure each region in `object`, in their order. Lengths are in pixels, and share is from 0 to 1.

    Lengths and edges belong to the box. The area is that of the mask if there is one; the share is the part
    of the picture that this area covers.
    """
    if object.empty:
        warn("there is no region to measure, so the list is empty")
    return [float(_MEASURES[what](region, object.size)) for region in object]


@tool("Labels", parameter_aliases={"object": ("box",)})
def labels(object: Regions, *, warn: Warn) -> list[str]:
    """List the labels of the regions in reading order: the rows from the top, each row from the left."""
    if object.empty:
        warn("there is no region with a label, so the list is empty")
    return [object[i].label for i in reading_order(object)]
