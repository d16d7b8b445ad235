"""Foreground: the pixels of the objects in regions, found by their masks, a model or GrabCut."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, clip, enlarge
from visprog.errors import UsageError
from visprog.models.roles import Masker
from visprog.modules.halves import is_half
from visprog.modules.manipulation.grabcut import find_object, search_box
from visprog.modules.manipulation.matting import matte
from visprog.values import Image, Region, Regions

Mask = NDArray[np.bool_]

_WORK = 1024
"""Side, in pixels, of a square that has as many pixels as GrabCut works on for all boxes together."""

_LARGEST, _SMALLEST = 256, 64
"""Limits of the longer side, in pixels, at which GrabCut works on one box."""

_HEAD = 1.5
"""The box of a face cuts off hair and neck, so GrabCut searches in a box this many times as large."""

_MASKS_AT_ONCE = 500_000_000
"""Maximum number of mask pixels that one call of a Masker returns."""

_BAND = 1 / 18
"""Half of the width of the soft edge, as a share of the side of a square as large as the region's box."""

_ROOM = 1.15
"""Edges are made soft in a part of the picture this many times as large as the region's box."""


def foreground(image: Image, regions: Regions, masker: Masker | None) -> Mask:
    """Return the union of the regions' masks, shape (height, width).

    For a region without a mask, the masker makes one. Without a masker, GrabCut finds the object in the box.
    A half of the picture is used as it is.
    """
    check_same_picture(image, (region for region in regions if region.mask is not None), regions.size)
    union = Regions((r for r in regions if _has_shape(r, image)), size=image.size).union_mask()
    boxes = [r for r in regions if not _has_shape(r, image) and clip(r.box, image.size)]
    if masker is not None:
        at_once = max(1, _MASKS_AT_ONCE // (image.width * image.height))
        for start in range(0, len(boxes), at_once):
            part = Regions(boxes[start : start + at_once], size=image.size)
            union |= masker.mask(image, part).union_mask()
    elif boxes:
        side = _side(len(boxes), _LARGEST)
        for region in boxes:
            place, mask = find_object(image, region.box, _reach(region), side)
            _inside(union, place)[:] |= mask
    return union


def foreground_alpha(image: Image, regions: Regions, masker: Masker | None = None) -> NDArray[np.float32]:
    """Return how much of each pixel belongs to the regions, from 0 to 1, shape (height, width).

    These are the masks of `foreground` with soft edges that follow the picture. Halves of the picture
    keep hard edges.
    """
    objects = [r for r in regions if not is_half(r, image.size)]
    hard = foreground(image, Regions(objects, size=regions.size), masker)
    alpha = Regions((r for r in regions if is_half(r, image.size)), size=image.size).union_mask()
    alpha = alpha.astype(np.float32)
    side = _side(len(objects), 3 * _LARGEST)
    rest = hard.copy()
    for region in objects:
        box = _searched_box(region, image.size)
        place = enlarge(box, _ROOM, image.size) if box else None
        if box is None or place is None:
            continue
        reach = _BAND * math.sqrt((box[2] - box[0]) * (box[3] - box[1]))
        soft = matte(image.crop(place).pixels, _inside(hard, place), reach, side)
        np.maximum(_inside(alpha, place), soft, out=_inside(alpha, place))
        _inside(rest, place)[:] = False
    alpha[rest] = 1
    return alpha


def _side(count: int, largest: int) -> int:
    """Return the longer side, in pixels, at which each of `count` regions is worked on."""
    return round(min(max(_WORK / math.sqrt(max(1, count)), _SMALLEST), largest))


def check_same_picture(image: Image, masked: Iterable[Region], size: tuple[int, int]) -> None:
    """Raise UsageError if there is a mask and `size`, the size of its picture, is not that of `image`."""
    region = next(iter(masked), None)
    if region is not None and size != image.size:
        raise UsageError(
            f"the mask of {region.label or 'a region'} belongs to a picture of {size[0]} x {size[1]} pixels, "
            f"but this picture has {image.width} x {image.height}",
            help="find the regions in the same picture on which you use them",
        )


def visible_box(region: Region, size: tuple[int, int]) -> Box | None:
    """Return the box of a region's pixels in a picture of `size`; None if there are no pixels.

    If the region has a mask, this is the box of the mask.
    """
    if region.mask is None:
        return clip(region.box, size)
    rows, columns = np.flatnonzero(region.mask.any(axis=1)), np.flatnonzero(region.mask.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _has_shape(region: Region, image: Image) -> bool:
    return region.mask is not None or is_half(region, image.size)


def _reach(region: Region) -> float:
    return _HEAD if region.label == "face" else 1.0


def _searched_box(region: Region, size: tuple[int, int]) -> Box | None:
    """Return the box of a region's mask, or the box in which its object is searched; None if it is empty."""
    if region.mask is not None:
        return visible_box(region, size)
    return search_box(region.box, _reach(region), size)


def _inside(plane: NDArray[Any], box: Box) -> NDArray[Any]:
    left, top, right, bottom = box
    return plane[top:bottom, left:right]
