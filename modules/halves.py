"""The four halves of a picture."""

from __future__ import annotations

from collections.abc import Callable

from visprog.boxes import Box
from visprog.language.templates import phrases
from visprog.values import Region, Regions

HALVES: dict[str, Callable[[int, int], Box]] = {
    "TOP": lambda width, height: (0, 0, width, (height + 1) // 2),
    "BOTTOM": lambda width, height: (0, height // 2, width, height),
    "LEFT": lambda width, height: (0, 0, (width + 1) // 2, height),
    "RIGHT": lambda width, height: (width // 2, 0, width, height),
}
"""The half on each side, from width and height. The middle line of an odd size belongs to both halves."""


def written_halves(text: str | list[str] | None) -> list[str]:
    """Return the halves that a query names. A name that was inserted into the query is an ordinary word."""
    return [each.text for each in phrases(text) if each.is_written and each.text in HALVES]


def in_half(regions: Regions, side: str) -> list[int]:
    """Return the indices of the regions whose centre lies in a half of the picture."""
    left, top, right, bottom = HALVES[side](*regions.size)
    centers = enumerate(region.center for region in regions)
    return [i for i, (x, y) in centers if left <= x <= right and top <= y <= bottom]


def is_half(region: Region, size: tuple[int, int]) -> bool:
    """Return whether a region is one half of a picture of this size, and not an object in it."""
    return region.label in HALVES and region.box == HALVES[region.label](*size)
