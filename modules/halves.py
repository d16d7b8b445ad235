"""The four halves of a picture."""

from __future__ import annotations

from collections.abc import Callable

from visprog.values import Box, Region

HALVES: dict[str, Callable[[int, int], Box]] = {
    "TOP": lambda width, height: (0, 0, width, (height + 1) // 2),
    "BOTTOM": lambda width, height: (0, height // 2, width, height),
    "LEFT": lambda width, height: (0, 0, (width + 1) // 2, height),
    "RIGHT": lambda width, height: (width // 2, 0, width, height),
}
"""The half on each side, from width and height. The middle line of an odd size belongs to both halves."""


def is_half(region: Region, size: tuple[int, int]) -> bool:
    """Return whether a region is one half of a picture of this size, and not an object in it."""
    return region.label in HALVES and region.box == HALVES[region.label](*size)
