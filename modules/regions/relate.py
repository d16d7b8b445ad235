"""Relate: picks regions by their place relative to other regions."""

from __future__ import annotations

from visprog.modules.regions.geometry import related
from visprog.modules.regions.picture import check_one_picture
from visprog.modules.regions.words import RELATION_SYNONYMS, Relation
from visprog.tools import Warn, tool
from visprog.values import Regions


@tool("Relate", parameter_aliases={"object": ("box",)}, synonyms={"relation": RELATION_SYNONYMS})
def relate(object: Regions, relation: Relation, to: Regions, *, warn: Warn) -> Regions:
    """Keep the regions of `object` that have the `relation` to a region of `to`: the cup left of the plate.

    The boxes are compared:

    - left of, right of, above, below: the centre lies beyond that edge of the other box
    - inside: at least 90% of the area lies in the other box; contains: the reverse
    - overlapping: the boxes share an area
    - near: the gap is at most half the longest side of the two boxes
    - nearest, farthest: one region for each region of `to`; on a tie, the one with the higher score

    A region is never related to itself. Regions are returned unchanged, in order. If `object` or `to` is
    empty, so is the result.
    """
    check_one_picture("Relate", object, to)
    if object.empty or to.empty:
        which, use = ("object", "to relate") if object.empty else ("to", "to relate to")
        warn(f"`{which}` has no region {use}, so the result is empty")
        return object[:0]
    return object[related(object, relation, to)]
