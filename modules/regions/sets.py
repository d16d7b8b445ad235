"""Without and Both: the difference and the union of regions."""

from __future__ import annotations

from visprog.modules.regions.geometry import additions, difference
from visprog.modules.regions.picture import check_one_picture
from visprog.tools import tool
from visprog.values import Regions

_BOX = {"object": ("box",)}


@tool("Without", parameter_aliases=_BOX)
def without(object: Regions, other: Regions) -> Regions:
    """Keep the regions of `object` that are not in `other`: the people without those at the table.

    A region of `other` removes the same region, or, if there is none, the regions that it overlaps by more
    than half (intersection over union). Labels are ignored. Regions are returned unchanged, in order.
    """
    check_one_picture("Without", object, other)
    return object[difference(object, other)]


@tool("Both", parameter_aliases=_BOX)
def both(object: Regions, other: Regions) -> Regions:
    """Join the regions of `object` and `other`, each once: the cats and the dogs.

    A region of `other` is left out if `object` has the same region, or one that it overlaps by more than half
    (intersection over union). Regions are returned unchanged, those of `object` first.
    """
    check_one_picture("Both", object, other)
    added = other[additions(object, other)]
    return Regions([*object, *added], size=other.size if object.empty else object.size)
