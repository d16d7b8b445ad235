"""Region: a place that the user knows, as regions."""

from __future__ import annotations

from visprog.boxes import Box, clip
from visprog.errors import UsageError
from visprog.tools import Warn, tool
from visprog.values import Image, Regions
from visprog.values import Region as OneRegion


@tool("Region")
def region(
    image: Image, box: list[float] | None = None, point: list[float] | None = None, *, warn: Warn
) -> Regions:
    """Make a region of your own: a `box` of left, top, right and bottom, or a `point` of x and y, in pixels.

    Pixels count from 0 at the upper left corner; right and bottom are exclusive. A box is clipped to the
    picture. A point is a region of one pixel: `Relate(object=BOX0, relation='contains', to=POINT0)` finds the
    object at that place.
    """
    if (box is None) == (point is None):
        found = "neither" if box is None else "both"
        raise UsageError(f"Region needs a box or a point, found {found}", help="give one of them")
    edges = _box(box) if box is not None else _pixel(point or [])
    inside = clip(edges, image.size)
    if inside is None:
        width, height = image.size
        raise UsageError(
            f"the {'box' if box is not None else 'point'} {box or point} lies outside of the picture",
            help=f"the picture is {width} pixels wide and {height} high",
        )
    if inside != edges:
        warn("the box was clipped to the picture")
    return Regions([OneRegion(inside)], size=image.size)


def _box(numbers: list[float]) -> Box:
    if len(numbers) != 4:
        raise UsageError(
            f"`box` has {len(numbers)} numbers, but needs 4", help="write [left, top, right, bottom]"
        )
    left, top, right, bottom = map(round, numbers)
    if left >= right or top >= bottom:
        raise UsageError(
            f"the box {numbers} has no area",
            help="write [left, top, right, bottom] in pixels, with left < right and top < bottom",
        )
    return left, top, right, bottom


def _pixel(numbers: list[float]) -> Box:
    if len(numbers) != 2:
        raise UsageError(f"`point` has {len(numbers)} numbers, but needs 2", help="write [x, y]")
    x, y = (int(number // 1) for number in numbers)
    return x, y, x + 1, y + 1
