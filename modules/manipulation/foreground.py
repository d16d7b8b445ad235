"""Foreground: the pixels of the objects in regions, found by their masks, a model or GrabCut."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, clip, enlarge
from visprog.errors import UsageError
from visprog.libraries import load_opencv
from visprog.models.roles import Masker
from visprog.modules.halves import is_half
from visprog.values import Image, Region, Regions

Mask = NDArray[np.bool_]

_WORK = 1024
"""Side, in pixels, of a square that has as many pixels as GrabCut works on for all boxes together."""

_LARGEST, _SMALLEST = 384, 64
"""Limits of the longer side, in pixels, at which GrabCut works on one box."""

_SURROUNDINGS = 1.4
"""GrabCut sees a part of the picture this many times as large as the box."""

_HEAD = 1.5
"""The box of a face cuts off hair and neck, so GrabCut searches in a box this many times as large."""

_LEAST = 0.08
"""If GrabCut finds less than this share of the box, the whole box is used."""

_ROUNDS = 5
_MASKS_AT_ONCE = 500_000_000
"""Maximum number of mask pixels that one call of a Masker returns."""

_REFINED = 1_500
"""Longer side, in pixels, at which edges are fitted to the picture."""


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
        side = round(min(max(_WORK / math.sqrt(len(boxes)), _SMALLEST), _LARGEST))
        for region in boxes:
            _cut_out(image, region, side, union)
    return union


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


def refined(image: Image, mask: Mask) -> Mask:
    """Fit a rough mask to the picture: GrabCut decides in a band along the edges of the mask.

    If the result differs too much from the mask, the mask is returned unchanged.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size or mask.all():
        return mask
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    place = enlarge(box, _SURROUNDINGS, image.size) or box
    part = _inside(mask, place)
    pixels, known = _shrunk(image, place, _LARGEST), part.astype(np.float32)
    guess = _band(_resized(known, pixels.shape[:2]) > 0.5)
    found = _enlarged(_grabcut(pixels, guess), image.crop(place))
    if (found & part).sum() < 0.7 * (found | part).sum():
        return mask
    out = mask.copy()
    _inside(out, place)[:] = found
    return out


def _cut_out(image: Image, region: Region, side: int, union: Mask) -> None:
    """Find the object in the region's box with GrabCut, and add its pixels to `union`."""
    reach = _HEAD if region.label == "face" else 1.0
    box = enlarge(region.box, reach, image.size)
    place = enlarge(region.box, reach * _SURROUNDINGS, image.size)
    assert box is not None, "regions outside the picture were left out"  # noqa: S101
    assert place is not None, "a box inside the picture stays inside when it grows"  # noqa: S101
    pixels = _shrunk(image, place, side)
    guess = _guess(region.box, reach, place, pixels.shape[:2])
    found = _enlarged(_grabcut(pixels, guess), image.crop(place))
    inner = (box[0] - place[0], box[1] - place[1], box[2] - place[0], box[3] - place[1])
    part = _inside(found, inner)
    if part.mean() > _LEAST:
        _inside(union, box)[:] |= part
    else:  # the object looks like its surroundings, so use the whole box
        union |= Regions([region], size=image.size).union_mask()


_BACKGROUND, _OBJECT, _MAYBE_BACKGROUND, _MAYBE_OBJECT = 0, 1, 2, 3
"""The four labels of GrabCut."""


def _guess(box: Box, reach: float, place: Box, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return GrabCut's first labels: background outside the box, object in an ellipse, unsure in between."""
    height, width = shape
    across, down = (place[2] - place[0]) / width, (place[3] - place[1]) / height
    x = place[0] + (np.arange(width) + 0.5) * across
    y = (place[1] + (np.arange(height) + 0.5) * down)[:, np.newaxis]
    from_center = (2 * x - box[0] - box[2]) / (box[2] - box[0]), (2 * y - box[1] - box[3]) / (box[3] - box[1])
    inside = (np.abs(from_center[0]) <= reach) & (np.abs(from_center[1]) <= reach)
    distance = from_center[0] ** 2 + from_center[1] ** 2
    guess = np.where(inside, _MAYBE_BACKGROUND, _BACKGROUND)
    guess = np.where(inside & (distance <= 1), _MAYBE_OBJECT, guess)
    return np.where(distance <= 0.08, _OBJECT, guess).astype(np.uint8)


def _band(mask: Mask) -> NDArray[np.uint8]:
    """Return GrabCut's first labels: unsure in a band along the edge of the mask, certain elsewhere."""
    cv2 = load_opencv()
    reach = max(1, round(max(mask.shape) / 60))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    whole = mask.astype(np.uint8)
    core, hull = cv2.erode(whole, kernel, borderValue=1), cv2.dilate(whole, kernel)
    guess = np.where(mask, _MAYBE_OBJECT, _MAYBE_BACKGROUND)
    guess = np.where(core > 0, _OBJECT, guess)
    return np.where(hull == 0, _BACKGROUND, guess).astype(np.uint8)


def _grabcut(pixels: NDArray[np.uint8], guess: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Mask]:
    """Return the pixels and the mask that GrabCut (Rother and others, 2004) finds from the first labels."""
    cv2 = load_opencv()
    sides = [np.isin(guess, marks) for marks in ((_BACKGROUND, _MAYBE_BACKGROUND), (_OBJECT, _MAYBE_OBJECT))]
    if min(int(side.sum()) for side in sides) < 5:  # GrabCut needs five pixels of each kind
        return pixels, sides[1]
    marks, models = guess.copy(), (np.zeros((1, 65)), np.zeros((1, 65)))
    cv2.setRNGSeed(0)
    cv2.grabCut(np.ascontiguousarray(pixels), marks, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    return pixels, _solid((marks == _OBJECT) | (marks == _MAYBE_OBJECT))


def _solid(mask: Mask) -> Mask:
    """Remove specks and fill holes that are smaller than a fiftieth of the mask."""
    cv2 = load_opencv()
    out = mask.copy()
    least = mask.sum() / 50
    for value in (True, False):
        count, parts, facts, _ = cv2.connectedComponentsWithStats(
            (out == value).astype(np.uint8), connectivity=4
        )
        small = [i for i in range(1, count) if facts[i, cv2.CC_STAT_AREA] < least]
        out[np.isin(parts, small)] = not value
    return out


def _enlarged(small: tuple[NDArray[np.uint8], Mask], original: Image) -> Mask:
    """Enlarge the mask of a small copy to the size of the original, along the edges in the original.

    A guided filter (He, Sun and Tang, 2010) fits the edges at a moderate size. Larger sizes are interpolated.
    """
    cv2 = load_opencv()
    pixels, mask = small
    if mask.shape == original.pixels.shape[:2]:
        return mask
    guide = _shrunk(original, (0, 0, *original.size), _REFINED)
    reach = max(2, round(1.5 * max(guide.shape) / max(pixels.shape)))
    rough = _resized(mask.astype(np.float32), guide.shape[:2])
    soft = _guided(cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255, rough, reach)
    return np.asarray(_resized(soft, original.pixels.shape[:2]) > 0.5)


def _guided(guide: NDArray[np.float32], values: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    cv2 = load_opencv()

    def mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.boxFilter(plane, -1, (2 * reach + 1, 2 * reach + 1)))

    mean_guide, mean_values = mean(guide), mean(values)
    variance = mean(guide * guide) - mean_guide * mean_guide
    covariance = mean(guide * values) - mean_guide * mean_values
    slope = np.asarray(covariance / (variance + 1e-4), dtype=np.float32)
    offset = np.asarray(mean_values - slope * mean_guide, dtype=np.float32)
    return mean(slope) * guide + mean(offset)


def _shrunk(image: Image, place: Box, side: int) -> NDArray[np.uint8]:
    """Return a part of the picture, with at most `side` pixels along its longer side."""
    cv2 = load_opencv()
    pixels = image.crop(place).pixels
    factor = min(1.0, side / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _resized(plane: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    cv2 = load_opencv()
    return np.asarray(cv2.resize(plane, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR))


def _inside(mask: Mask, box: Box) -> Mask:
    left, top, right, bottom = box
    return mask[top:bottom, left:right]
