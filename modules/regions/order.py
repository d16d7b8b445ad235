"""Pick and Sort: order regions by their place, size or score."""

from __future__ import annotations

from visprog.errors import UsageError
from visprog.modules.regions.geometry import ordered
from visprog.modules.regions.words import BY_SYNONYMS, By
from visprog.tools import Warn, tool
from visprog.values import Regions


@tool("Pick", parameter_aliases={"object": ("box",)}, synonyms={"by": BY_SYNONYMS})
def pick(object: Regions, by: By = "left", place: int = 1, *, warn: Warn) -> Regions:
    """Pick one region of `object` by left, right, top, bottom, size, width, height or score.

    The leftmost region is `by='left'`, the second from the right `by='right', place=2`, the biggest
    `by='size'` and the smallest `by='size', place=-1`. Sort gives the same order; place -1 is the last.
    Beyond the last place, the result is empty.
    """
    order = ordered(object, by)
    if place == 0:
        raise UsageError("`place` is 0", help="1 is the first place and -1 the last")
    if abs(place) > len(order):
        warn(f"{_found(len(order))}, so the result for place {place} is empty")
        return object[:0]
    return object[[order[place - 1 if place > 0 else place]]]


@tool("Sort", parameter_aliases={"object": ("box",)}, synonyms={"by": BY_SYNONYMS})
def sort(object: Regions, by: By = "left", reverse: bool = False) -> Regions:
    """Sort the regions of `object` by left, right, top, bottom, size, width, height or score.

    left: the leftmost first; right: the rightmost first; top: the highest first; bottom: the lowest first.
    These compare the centres of the boxes. size, width, height and score: the biggest first. On a tie the
    higher score comes first. With `reverse=True` the whole order is reversed.
    """
    order = ordered(object, by)
    return object[order[::-1] if reverse else order]


def _found(count: int) -> str:
    return f"there {'is' if count == 1 else 'are'} {count or 'no'} region{'' if count == 1 else 's'}"
