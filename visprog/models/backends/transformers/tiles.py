"""Overlapping tiles of a picture, in which a detector sees small things larger (Akyon and others, 2022)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from visprog.boxes import Box, box_overlap
from visprog.values import Image, Region, Regions

_SHARE = 0.65
"""Width and height of a tile as a share of the picture's. Each thing of up to 0.3 is whole in a tile."""

_EDGE = 0.02
"""A box closer than this share of the tile's side to an inner edge is cut off there."""

_HALF = 0.5
"""Regions that share more than this part of the smaller box may show the same thing."""


def tiles_of(size: tuple[int, int]) -> tuple[Box, ...]:
    """Return the four tiles of a picture of this (width, height), one in each corner."""
    width, height = size
    across, down = math.ceil(width * _SHARE), math.ceil(height * _SHARE)
    return tuple(
        (left, top, left + across, top + down) for top in (0, height - down) for left in (0, width - across)
    )


def cut(image: Image) -> list[Image]:
    """Return the picture and its tiles."""
    return [image, *map(image.crop, tiles_of(image.size))]


def joined(found: Sequence[Regions], most: float) -> Regions:
    """Return the regions of a picture, given those of the picture and of its tiles, in the order of `cut`.

    A region that an inner edge of a tile cuts off is left out. Of regions with the same label that overlap by
    more than `most` (intersection over union), only the best is kept. A tile may show a thing in part, so of
    two regions that share more than half of the smaller one, only the best is kept if a tile has one of them.
    """
    whole, *parts = found
    candidates = [_Candidate(region, False) for region in whole]
    for tile, part in zip(tiles_of(whole.size), parts, strict=True):
        candidates += [_Candidate(region, True) for region in _moved(_uncut(part, tile, whole.size), tile)]
    kept: list[_Candidate] = []
    for each in sorted(candidates, key=lambda candidate: -candidate.region.score):
        if not any(each.repeats(other, most) for other in kept):
            kept.append(each)
    return Regions((each.region for each in kept), size=whole.size)


class _Candidate(NamedTuple):
    region: Region
    is_from_tile: bool

    def repeats(self, better: _Candidate, most: float) -> bool:
        """Return whether this shows the same thing as a better candidate."""
        one, other = self.region, better.region
        if one.label != other.label:
            return False
        partly = self.is_from_tile or better.is_from_tile
        return box_overlap(one.box, other.box) > most or (partly and _shared_part(one.box, other.box) > _HALF)


def _shared_part(one: Box, other: Box) -> float:
    """Return the area that two boxes share, as a share of the smaller box."""
    width, height = (
        min(one[2], other[2]) - max(one[0], other[0]),
        min(one[3], other[3]) - max(one[1], other[1]),
    )
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return max(width, 0) * max(height, 0) / smaller


def _uncut(regions: Iterable[Region], tile: Box, size: tuple[int, int]) -> Iterator[Region]:
    width, height = tile[2] - tile[0], tile[3] - tile[1]
    x, y = _EDGE * width, _EDGE * height
    for region in regions:
        left, top, right, bottom = region.box
        cut_off = (
            (tile[0] > 0 and left <= x)
            or (tile[1] > 0 and top <= y)
            or (tile[2] < size[0] and right >= width - x)
            or (tile[3] < size[1] and bottom >= height - y)
        )
        if not cut_off:
            yield region


def _moved(regions: Iterable[Region], tile: Box) -> Iterator[Region]:
    x, y = tile[:2]
    for region in regions:
        left, top, right, bottom = region.box
        yield Region((left + x, top + y, right + x, bottom + y), region.label, region.score)
