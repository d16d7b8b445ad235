"""Overlapping tiles of a picture, in which a detector sees small things larger (Akyon and others, 2022)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from visprog.values import Box, Image, Region, Regions

_SHARE = 0.65
"""Width and height of a tile as a share of the picture's. Each thing of up to 0.3 is whole in a tile."""

_EDGE = 0.02
"""A box closer than this share of the tile's side to an inner edge is cut off there."""


def tiles_of(size: tuple[int, int]) -> tuple[Box, ...]:
    """Return the four tiles of a picture of this (width, height), one in each corner."""
    width, height = size
    across, down = max(round(width * _SHARE), 1), max(round(height * _SHARE), 1)
    return tuple(
        (left, top, left + across, top + down) for top in (0, height - down) for left in (0, width - across)
    )


def cut(image: Image) -> list[Image]:
    """Return the picture and its tiles."""
    return [image, *map(image.crop, tiles_of(image.size))]


def joined(found: Sequence[Regions], most: float) -> Regions:
    """Return the regions of a picture, given those of the picture and of its tiles, in the order of `cut`.

    A region that an inner edge of a tile cuts off is left out. Of regions with the same label that overlap by
    more than `most` (intersection over union), only the best is kept.
    """
    whole, *parts = found
    regions = [*whole]
    for tile, part in zip(tiles_of(whole.size), parts, strict=True):
        regions += _moved(_uncut(part, tile, whole.size), tile)
    kept: list[Region] = []
    for label in dict.fromkeys(region.label for region in regions):
        same = (region for region in regions if region.label == label)
        kept += Regions(same, size=whole.size).distinct(most)
    return Regions(sorted(kept, key=lambda region: -region.score), size=whole.size)


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
