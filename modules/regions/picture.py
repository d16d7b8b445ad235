"""Checks that regions belong to one picture."""

from __future__ import annotations

from visprog.errors import UsageError
from visprog.values import Regions


def check_one_picture(tool: str, first: Regions, second: Regions) -> None:
    """Raise UsageError if the regions belong to pictures of different sizes.

    The places of such regions cannot be compared. Empty regions fit every picture.
    """
    if first.size != second.size and not first.empty and not second.empty:
        sizes = " and ".join(f"{width}x{height}" for width, height in (first.size, second.size))
        raise UsageError(
            f"{tool} got regions of pictures of different sizes, {sizes}",
            help="find both in the same picture: a crop has its own places",
        )
