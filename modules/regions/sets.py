"""Without, Both and Keep: the difference and the union of regions, and a choice among them."""

from __future__ import annotations

from visprog.errors import UsageError
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


@tool("Keep", parameter_aliases=_BOX)
def keep(object: Regions, where: list[bool]) -> Regions:
    """Keep the regions of `object` whose place in `where` is True or 'yes'.

    `where` has one item for each region, in order: the answers of Vqa about the pictures of CropEach.
    """
    if len(where) != len(object):
        counted = f"{len(object)} region{'' if len(object) == 1 else 's'}"
        raise UsageError(
            f"`object` has {counted}, and `where` has {len(where)} items",
            help="give one item for each region: CropEach makes one picture of each",
        )
    return object[[i for i, kept in enumerate(where) if kept]]
