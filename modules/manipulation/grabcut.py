"""GrabCut: finds the object in a box."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, clip, enlarge
from visprog.libraries import load_opencv
from visprog.modules.manipulation.own_parts import own_parts
from visprog.values import Image

Mask = NDArray[np.bool_]

_SURROUNDINGS = 1.4
"""GrabCut sees a part of the picture this many times as large as the box."""

_CUT_OFF = 0.05
"""A box that ends this near to the picture's lower edge, as a share of the box, is extended to the edge."""

_LEAST = 0.08
"""If GrabCut finds less than this share of the box, the whole box is used."""

_COMMON, _OWN = 0.4, 0.8
"""Limits of a colour's share in the middle of the box: the background's are below, the object's above."""

_FOREIGN = 0.2
"""A small hole stays open if its colours have less than this share in the middle of the box."""

_TIGHTER = 0.15
"""A box is tight. If the second search reaches its sides so much better, all that it found is kept."""

_SECOND_SEARCH = 160
"""Side, in pixels, from which GrabCut searches a second time, without the colours of the surroundings."""

_WITHIN, _DEPTH = 0.75, 0.05
"""A part that only the second search found is kept if this share of it lies this deep within the first mask's
hull, as a share of the side of a square as large as the hull."""

_SPECK = 6
"""Smaller holes than this, in pixels, are filled."""

_BINS, _LOWEST, _STEPS = 22, np.array([0, 64, 64]), np.array([16, 6, 6])
"""The grid on which Lab colours are counted: the number of steps on each axis, their start and their size."""

_ROUNDS = 5
_BACKGROUND, _OBJECT, _MAYBE_BACKGROUND, _MAYBE_OBJECT = 0, 1, 2, 3
"""The four labels of GrabCut."""


def find_object(image: Image, box: Box, reach: float, side: int) -> tuple[Box, Mask]:
    """Return a part of the picture, and the mask of the object in `box` there.

    The object may be larger than the box by the factor `reach`. GrabCut works at `side` pixels along the
    longer side. If the object looks like its surroundings, the mask is the whole box.
    """
    box = _to_lower_edge(box, image.size)
    place = enlarge(box, reach * _SURROUNDINGS, image.size)
    assert place is not None, "a box inside the picture stays inside when it grows"  # noqa: S101
    pixels = _shrunk(image, place, side)
    x, y = _from_center(box, place, pixels.shape[:2])
    inside = (np.abs(x) <= reach) & (np.abs(y) <= reach)
    found = _search(pixels, x, y, inside, reach, twice=side >= _SECOND_SEARCH)
    shape = place[3] - place[1], place[2] - place[0]
    if found.sum() > _LEAST * inside.sum():
        return place, _enlarged(found, shape)
    whole = np.zeros(shape, dtype=np.bool_)
    left, top, right, bottom = clip(box, image.size) or box
    whole[top - place[1] : bottom - place[1], left - place[0] : right - place[0]] = True
    return place, whole


def _search(
    pixels: NDArray[np.uint8],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    inside: Mask,
    reach: float,
    *,
    twice: bool,
) -> Mask:
    """Return the mask of the object. `x` and `y` are the distances from the centre of its box."""
    distance = x**2 + y**2
    around = ~inside | (distance > 1.35 * reach**2) | (np.abs(x) > 0.9 * reach)
    share = _share_of_colour(pixels, distance <= 0.3, around)
    if reach > 1:  # the middle of a face has no hair, so hair must not count as background
        share = np.maximum(share, 0.5)
    found = _solid(_grabcut(pixels, _guess(share, distance, inside)), share)
    if twice:
        unknown = np.full_like(share, 0.5)
        wider = _solid(_grabcut(pixels, _guess(unknown, distance, inside)), unknown)
        is_tight = _reached(wider & inside) - _reached(found & inside) > _TIGHTER
        found |= wider if is_tight else _enclosed(wider, found)
    return own_parts(pixels, found & inside, inside, distance)


def _reached(mask: Mask) -> float:
    """Return the sum of the width and the height of a mask, as shares of those of the plane."""
    if not mask.any():
        return 0.0
    places = (np.flatnonzero(mask.any(axis=axis)) for axis in (0, 1))
    return float(sum(np.ptp(each) / side for each, side in zip(places, mask.shape[::-1], strict=True)))


def _enclosed(wider: Mask, found: Mask) -> Mask:
    """Return the parts of a wider mask that the found one surrounds: windows of a car, sugar on a cake.

    They have colours of the background, and lie deep within the convex hull of the found mask. Gaps between
    hairs do not.
    """
    cv2 = load_opencv()
    points = cv2.findNonZero(found.astype(np.uint8))
    if points is None:
        return found
    hull = cv2.fillConvexPoly(np.zeros(found.shape, np.uint8), cv2.convexHull(points), 1)
    depth = cv2.distanceTransform(hull, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    deep = depth > _DEPTH * np.sqrt(hull.sum())
    missing = (wider & ~found).astype(np.uint8)
    count, parts, facts, _ = cv2.connectedComponentsWithStats(missing, connectivity=4)
    within = np.bincount(parts[deep], minlength=count)
    kept = np.flatnonzero(within >= _WITHIN * facts[:, cv2.CC_STAT_AREA])
    return np.isin(parts, kept[kept > 0])


def search_box(box: Box, reach: float, size: tuple[int, int]) -> Box | None:
    """Return the part of a picture of `size` to which GrabCut limits the object in `box`."""
    return enlarge(_to_lower_edge(box, size), reach, size)


def _to_lower_edge(box: Box, size: tuple[int, int]) -> Box:
    """Extend a box that nearly reaches the lower edge: photographs cut off people and animals there."""
    left, top, right, bottom = box
    near = bottom + _CUT_OFF * (bottom - top) >= size[1]
    return left, top, right, max(bottom, size[1]) if near else bottom


def _from_center(box: Box, place: Box, shape: tuple[int, ...]) -> tuple[NDArray[np.float64], ...]:
    """Return each pixel's distance from the box's centre: across and down, 1 at the box's sides."""
    across, down = (place[2] - place[0]) / shape[1], (place[3] - place[1]) / shape[0]
    x = place[0] + (np.arange(shape[1]) + 0.5) * across
    y = place[1] + (np.arange(shape[0]) + 0.5) * down
    from_center = np.meshgrid(
        (2 * x - box[0] - box[2]) / (box[2] - box[0]), (2 * y - box[1] - box[3]) / (box[3] - box[1])
    )
    return tuple(from_center)


def _guess(share: NDArray[np.float32], distance: NDArray[np.float64], inside: Mask) -> NDArray[np.uint8]:
    """Return GrabCut's first labels.

    A small ellipse in the middle is the object. An ellipse as large as the box may be, except where the
    colours are those of the surroundings, and so may be the rest where the colours are those of the middle.
    """
    likely = (share > _OWN) | ((share > _COMMON) & (distance <= 1))
    guess = np.where(inside, _MAYBE_BACKGROUND, _BACKGROUND)
    guess = np.where(inside & likely, _MAYBE_OBJECT, guess)
    return np.where(inside & (distance <= 0.08) & (share > 0.3), _OBJECT, guess).astype(np.uint8)


def _share_of_colour(pixels: NDArray[np.uint8], middle: Mask, around: Mask) -> NDArray[np.float32]:
    """Return how much more common each pixel's colour is in the middle than around it, from 0 to 1."""
    cv2 = load_opencv()
    lab = cv2.bilateralFilter(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB), 5, 20, 5)
    colors = np.minimum(np.maximum(lab - _LOWEST, 0) // _STEPS, _BINS - 1)
    counts = [_histogram(colors[part]) / max(1, int(part.sum())) for part in (middle, around)]
    ratio = (counts[0] + 1e-5) / (counts[0] + counts[1] + 2e-5)
    share = ratio[tuple(np.moveaxis(colors, 2, 0))].astype(np.float32)
    return np.asarray(cv2.GaussianBlur(share, (0, 0), 2))


def _histogram(colors: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the counts of colours on a grid. Neighbours in the grid share their counts."""
    counts = np.zeros((_BINS, _BINS, _BINS))
    np.add.at(counts, tuple(colors.T), 1)
    for axis in range(3):
        wide = np.pad(counts, [(1, 1) if axis == other else (0, 0) for other in range(3)])
        low, middle, high = (np.take(wide, np.arange(_BINS) + step, axis=axis) for step in range(3))
        counts = (low + 2 * middle + high) / 4
    return counts


def _grabcut(pixels: NDArray[np.uint8], guess: NDArray[np.uint8]) -> Mask:
    """Return the mask that GrabCut (Rother and others, 2004) finds from the first labels."""
    cv2 = load_opencv()
    sides = [np.isin(guess, marks) for marks in ((_BACKGROUND, _MAYBE_BACKGROUND), (_OBJECT, _MAYBE_OBJECT))]
    if min(int(side.sum()) for side in sides) < 5:  # GrabCut needs five pixels of each kind
        return sides[1]
    marks, models = guess.copy(), (np.zeros((1, 65)), np.zeros((1, 65)))
    cv2.setRNGSeed(0)
    cv2.grabCut(np.ascontiguousarray(pixels), marks, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.asarray((marks == _OBJECT) | (marks == _MAYBE_OBJECT))


def _solid(mask: Mask, share: NDArray[np.float32]) -> Mask:
    """Remove specks and fill holes that are smaller than a fiftieth of the mask.

    Holes with colours of the background, such as between the legs of a bird, stay open.
    """
    least = mask.sum() / 50
    out = _large(mask, least)
    holes = ~out & ~_large(~out, least)
    return out | holes & ~_large(holes & (share < _FOREIGN), _SPECK)


def _large(mask: Mask, least: float) -> Mask:
    """Return the connected parts of a mask that have at least `least` pixels."""
    cv2 = load_opencv()
    count, parts, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    kept = [part for part in range(1, count) if facts[part, cv2.CC_STAT_AREA] >= least]
    return np.isin(parts, kept)


def _shrunk(image: Image, place: Box, side: int) -> NDArray[np.uint8]:
    """Return a part of the picture, with at most `side` pixels along its longer side."""
    cv2 = load_opencv()
    pixels = image.crop(place).pixels
    factor = min(1.0, side / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _enlarged(mask: Mask, shape: tuple[int, ...]) -> Mask:
    cv2 = load_opencv()
    plane = mask.astype(np.float32)
    return np.asarray(cv2.resize(plane, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR) > 0.5)
