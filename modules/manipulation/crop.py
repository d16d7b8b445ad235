"""The Crop tools: cut out the part of a picture around a region, or on one side of it."""

from __future__ import annotations

import math
from collections.abc import Callable

from visprog.boxes import Box, clip, enlarge
from visprog.errors import UsageError
from visprog.modules.halves import HALVES, is_half
from visprog.tools import Warn, tool
from visprog.values import Image, Region, Regions

_CONTEXT = 1.5
"""How many times as large as the region the cropped box is."""

_BOX = {"object": ("box",)}


@tool("Crop", parameter_aliases=_BOX, keeps_frame=True, crops=True)
def crop(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Cut out the best region of `object` and some of its surroundings.

    The box is enlarged 1.5 times about its centre and clipped to the picture. A half of the picture, as Loc
    finds it, is not enlarged. Without a region, the whole picture is returned.
    """
    return _around_best(image, object, warn)


@tool("CropEach", parameter_aliases=_BOX, keeps_frame=True, crops=True)
def crop_each(image: Image, object: Regions) -> list[Image]:
    """Cut out each region of `object`, in order: one picture for each region.

    Each box is enlarged as by Crop. A tool that takes one picture can then be called for all of them. Its
    results have the order of the regions, so that Keep can choose among the regions.
    """
    return [_crop_of(image, region, place) for place, region in enumerate(object, start=1)]


@tool(
    "CropInFront",
    aliases=("CropInFrontOf", "CropFrontOf", "CropFront"),
    parameter_aliases=_BOX,
    keeps_frame=True,
    crops=True,
)
def crop_in_front(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Cut out the surroundings of the best region of `object`, to see what is in front of it.

    A picture does not show depth, so this does the same as Crop.
    """
    return _around_best(image, object, warn)


@tool("CropBehind", aliases=("CropBehindOf",), parameter_aliases=_BOX, keeps_frame=True, crops=True)
def crop_behind(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Cut out the surroundings of the best region of `object`, to see what is behind it.

    A picture does not show depth, so this does the same as Crop.
    """
    return _around_best(image, object, warn)


@tool("CropAhead", aliases=("CropAheadOf",), parameter_aliases=_BOX, keeps_frame=True, crops=True)
def crop_ahead(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Cut out the surroundings of the best region of `object`, to see what is ahead of it.

    A picture does not show depth, so this does the same as Crop.
    """
    return _around_best(image, object, warn)


@tool(
    "CropAround",
    aliases=("CropNear", "CropBeside", "CropNextTo"),
    parameter_aliases=_BOX,
    keeps_frame=True,
    crops=True,
)
def crop_around(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Cut out the best region of `object` and everything near it, to see what is next to it.

    Each side of the box is moved out by half the box's longer side, and the box is clipped to the picture. A
    half of the picture, as Loc finds it, is not enlarged. Without a region, the whole picture is returned.
    """
    return _around_best(image, object, warn, _with_neighbourhood)


@tool("CropLeft", aliases=("CropLeftOf",), parameter_aliases=_BOX, keeps_frame=True, crops=True)
def crop_left(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Cut out the part of `image` to the left of the centre of the best region of `object`.

    Without a region, the left half of the picture is returned.
    """
    return _beyond_best(image, object, "LEFT", warn)


@tool("CropRight", aliases=("CropRightOf",), parameter_aliases=_BOX, keeps_frame=True, crops=True)
def crop_right(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Cut out the part of `image` to the right of the centre of the best region of `object`.

    Without a region, the right half of the picture is returned.
    """
    return _beyond_best(image, object, "RIGHT", warn)


@tool("CropAbove", aliases=("CropAboveOf",), parameter_aliases=_BOX, keeps_frame=True, crops=True)
def crop_above(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Cut out the part of `image` above the centre of the best region of `object`.

    Without a region, the upper half of the picture is returned.
    """
    return _beyond_best(image, object, "TOP", warn)


@tool("CropBelow", aliases=("CropBelowOf",), parameter_aliases=_BOX, keeps_frame=True, crops=True)
def crop_below(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Cut out the part of `image` below the centre of the best region of `object`.

    Without a region, the lower half of the picture is returned.
    """
    return _beyond_best(image, object, "BOTTOM", warn)


def _crop_of(image: Image, region: Region, place: int) -> Image:
    box = region.box if is_half(region, image.size) else _with_context(region.box, image.size)
    if box is None:
        raise UsageError(
            f"region {place} lies outside of the picture: {region.box}",
            help="each region must give one picture: leave this one out",
        )
    return image.crop(box)


def _with_context(box: Box, size: tuple[int, int]) -> Box | None:
    return enlarge(box, _CONTEXT, size)


def _with_neighbourhood(box: Box, size: tuple[int, int]) -> Box | None:
    left, top, right, bottom = box
    margin = max(right - left, bottom - top) // 2
    return clip((left - margin, top - margin, right + margin, bottom + margin), size)


def _around_best(
    image: Image,
    regions: Regions,
    warn: Warn,
    larger: Callable[[Box, tuple[int, int]], Box | None] = _with_context,
) -> Image:
    best = regions.best
    box = larger(best.box, image.size) if best else None
    if best is None or box is None:
        warn("there is no region to crop to, so the whole picture is used")
        return image
    return image.crop(best.box if is_half(best, image.size) else box)


_SIDES = {"LEFT": "left", "RIGHT": "right", "TOP": "upper", "BOTTOM": "lower"}


def _beyond_best(image: Image, regions: Regions, side: str, warn: Warn) -> Image:
    if regions.best is None:
        warn(f"there is no region to start from, so the {_SIDES[side]} half of the picture is used")
        return image.crop(HALVES[side](*image.size))
    return image.crop(_beyond(regions.best, side, image.size))


def _beyond(region: Region, side: str, size: tuple[int, int]) -> Box:
    """Return the part of a picture beyond the region's centre, at least one pixel wide and high."""
    width, height = size
    x, y = region.center
    match side:
        case "LEFT":
            return 0, 0, min(max(math.ceil(x), 1), width), height
        case "RIGHT":
            return min(max(math.floor(x), 0), width - 1), 0, width, height
        case "TOP":
            return 0, 0, width, min(max(math.ceil(y), 1), height)
        case _:
            return 0, min(max(math.floor(y), 0), height - 1), width, height
