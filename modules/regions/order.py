"""Pick and Sort: order regions by their place, size or score."""

from __future__ import annotations

from visprog.errors import UsageError
from visprog.modules.regions.geometry import ordered
from visprog.modules.regions.words import BY_SYNONYMS, PICK_HINTS, SORT_HINTS, By
from visprog.tools import Warn, tool
from visprog.values import Regions


@tool(
    "Pick",
    parameter_aliases={"object": ("box",)},
    synonyms={"by": BY_SYNONYMS},
    hints={"by": PICK_HINTS},
)
def pick(object: Regions, by: By = "left", place: int = 1, *, warn: Warn) -> Regions:
    """Pick one region of `object`: the leftmost is `by='left'`, the second from the right is `by='right',
    place=2`, and the smallest is `by='size', place=-1`.

    Sort gives the same order. Place 1 is the first one and -1 the last. Beyond the last place, the result is
    empty.
    """  # noqa: D205 - planners read the first paragraph, and need the examples
    order = ordered(object, by)
    if place == 0:
        raise UsageError("`place` is 0", help="1 is the first place and -1 the last")
    if abs(place) > len(order):
        warn(f"{_found(len(order))}, so the result for place {place} is empty")
        return object[:0]
    return object[[order[place - 1 if place > 0 else place]]]


@tool(
    "Sort",
    parameter_aliases={"object": ("box",)},
    synonyms={"by": BY_SYNONYMS},
    hints={"by": SORT_HINTS},
)
def sort(object: Regions, by: By = "left", reverse: bool = False) -> Regions:
    """Sort the regions of `object`: the leftmost first, or by size, width, height or score the biggest first.

    left: the leftmost first; right: the rightmost first; top: the highest first; bottom: the lowest first.
    These compare the centres of the boxes. On a tie the higher score comes first. With `reverse=True` the
    whole order is reversed.
    """
    order = ordered(object, by)
    return object[order[::-1] if reverse else order]


def _found(count: int) -> str:
    return f"there {'is' if count == 1 else 'are'} {count or 'no'} region{'' if count == 1 else 's'}"
