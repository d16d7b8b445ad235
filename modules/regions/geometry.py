"""The geometry of regions: their order, their measures, and the relations between two of them.

Everything here compares boxes in whole numbers, so results are exact. Only `area` and `overlap_share` use
the masks. Centres are doubled, because the centre of an odd width lies between two pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from visprog.boxes import Box, box_overlap, clip
from visprog.values import Region

SAME_OBJECT = 0.5
"""Regions that overlap by more than this (intersection over union) show the same object."""

ORDERS: dict[str, Callable[[Region], float]] = {
    "left": lambda region: _center(region)[0],
    "right": lambda region: -_center(region)[0],
    "top": lambda region: _center(region)[1],
    "bottom": lambda region: -_center(region)[1],
    "size": lambda region: -area(region),
    "width": lambda region: -region.width,
    "height": lambda region: -region.height,
    "score": lambda region: -region.score,
}
"""The sort key of each order; the smallest key comes first. The sides compare the centres of the boxes."""

RELATIONS: dict[str, Callable[[Region, Region], bool]] = {
    "left of": lambda one, other: _center(one)[0] < 2 * other.box[0],
    "right of": lambda one, other: _center(one)[0] > 2 * other.box[2],
    "above": lambda one, other: _center(one)[1] < 2 * other.box[1],
    "below": lambda one, other: _center(one)[1] > 2 * other.box[3],
    "inside": lambda one, other: 10 * shared_area(one, other) >= 9 * _box_area(one.box),
    "contains": lambda one, other: 10 * shared_area(one, other) >= 9 * _box_area(other.box),
    "overlapping": lambda one, other: shared_area(one, other) > 0,
    "near": lambda one, other: 4 * squared_gap(one, other) <= _larger_side(one, other) ** 2,
}
"""The test of each relation that the first region may have to the second."""

EXTREMES: dict[str, int] = {"nearest": 1, "farthest": -1}
"""Relations that one region of several has to another, with the sign of the distance that they minimise."""


def ordered(regions: Sequence[Region], by: str) -> list[int]:
    """Return the indices of the regions in one of the `ORDERS`. On a tie the higher score comes first."""
    key = ORDERS[by]
    return sorted(range(len(regions)), key=lambda i: (key(regions[i]), -regions[i].score, i))


def related(regions: Sequence[Region], relation: str, others: Sequence[Region]) -> list[int]:
    """Return the indices of the regions that have a relation to at least one of the others.

    `relation` is one of `RELATIONS` or `EXTREMES`. A region has no relation to itself.
    """
    if relation in EXTREMES:
        return sorted({i for other in others for i in _extreme(regions, EXTREMES[relation], other)})
    holds = RELATIONS[relation]
    return [
        i
        for i, region in enumerate(regions)
        if any(holds(region, other) and not is_same(region, other) for other in others)
    ]


def _extreme(regions: Sequence[Region], sign: int, other: Region) -> list[int]:
    """Return the index of the region nearest to another or farthest from it, if there is one.

    Boxes that touch have no gap, so the distance of the centres decides next, then the score.
    """

    def key(i: int) -> tuple[float, ...]:
        region = regions[i]
        gap, distance = squared_gap(region, other), _squared_distance(region, other)
        return sign * gap, sign * distance, -region.score, i

    candidates = [i for i, region in enumerate(regions) if not is_same(region, other)]
    return [min(candidates, key=key)] if candidates else []


def reading_order(regions: Sequence[Region]) -> list[int]:
    """Return the indices row by row from the top, each row from the left.

    A region belongs to a row if its centre is at most half a height above or below the centre of the row's
    highest region. The smaller of the two heights counts.
    """
    rows: list[list[int]] = []
    for i in ordered(regions, "top"):
        if rows and _in_one_row(regions[i], regions[rows[-1][0]]):
            rows[-1].append(i)
        else:
            rows.append([i])
    return [row[i] for row in rows for i in ordered([regions[j] for j in row], "left")]


def _in_one_row(one: Region, other: Region) -> bool:
    return abs(_center(one)[1] - _center(other)[1]) <= min(one.height, other.height)


def difference(regions: Sequence[Region], others: Sequence[Region]) -> list[int]:
    """Return the indices of the regions that are not among the others.

    Each of the others removes the regions that are the same. If none is, it removes those that overlap it
    by more than half, because two searches rarely find exactly the same box.
    """
    removed = {i for other in others for i in _same_object(regions, other)}
    return [i for i in range(len(regions)) if i not in removed]


def additions(regions: Sequence[Region], others: Sequence[Region]) -> list[int]:
    """Return the indices of the others that show no object of `regions`, as in `difference`."""
    return [i for i, other in enumerate(others) if not _same_object(regions, other)]


def _same_object(regions: Sequence[Region], other: Region) -> list[int]:
    same = [i for i, region in enumerate(regions) if is_same(region, other)]
    return same or [i for i, region in enumerate(regions) if overlap_share(region, other) > SAME_OBJECT]


def is_same(one: Region, other: Region) -> bool:
    """Return whether two regions are the same part of a picture. Labels and scores are ignored.

    The boxes are equal. If both have masks, these are equal too.
    """
    if one.box != other.box:
        return False
    return one.mask is None or other.mask is None or np.array_equal(one.mask, other.mask)


def overlap_share(one: Region, other: Region) -> float:
    """Return the intersection over union of two regions: of their masks if both have one, or their boxes."""
    if one.mask is None or other.mask is None:
        return box_overlap(one.box, other.box)
    union = int((one.mask | other.mask).sum())
    return int((one.mask & other.mask).sum()) / union if union else 0.0


def area(region: Region) -> int:
    """Return the pixels in the region's mask, or in its box if it has no mask."""
    return _box_area(region.box) if region.mask is None else int(region.mask.sum())


def picture_share(region: Region, size: tuple[int, int]) -> float:
    """Return the share of a picture of `size` that the region covers, from 0 to 1."""
    inside = clip(region.box, size)
    in_box = 0 if inside is None else _box_area(inside)
    return (in_box if region.mask is None else area(region)) / (size[0] * size[1])


def shared_area(one: Region, other: Region) -> int:
    """Return the area that two boxes share, in pixels."""
    width, height = (-gap for gap in _gaps(one, other))
    return width * height if width > 0 and height > 0 else 0


def squared_gap(one: Region, other: Region) -> int:
    """Return the square of the shortest distance between two boxes; 0 if they touch or overlap."""
    return sum(max(gap, 0) ** 2 for gap in _gaps(one, other))


def _gaps(one: Region, other: Region) -> tuple[int, int]:
    """Return the horizontal and the vertical gap between two boxes; negative if they overlap."""
    left, top, right, bottom = zip(one.box, other.box, strict=True)
    return max(left) - min(right), max(top) - min(bottom)


def _center(region: Region) -> tuple[int, int]:
    """Return twice the centre of the box."""
    left, top, right, bottom = region.box
    return left + right, top + bottom


def _squared_distance(one: Region, other: Region) -> int:
    (x, y), (other_x, other_y) = _center(one), _center(other)
    return (x - other_x) ** 2 + (y - other_y) ** 2


def _box_area(box: Box) -> int:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)


def _larger_side(one: Region, other: Region) -> int:
    return max(one.width, one.height, other.width, other.height)
