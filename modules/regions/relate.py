"""Relate: picks regions by their place relative to other regions."""

from __future__ import annotations

from visprog.modules.regions.geometry import EXTREMES, RELATIONS, related
from visprog.modules.regions.picture import check_one_picture
from visprog.modules.regions.words import chosen_word, depth_error
from visprog.tools import Warn, tool
from visprog.values import Regions

_DEPTH = ("in front of", "behind")


@tool("Relate", parameter_aliases={"object": ("box",)})
def relate(object: Regions, relation: str, to: Regions, *, warn: Warn) -> Regions:
    """Keep the regions of `object` whose `relation` to a region of `to` is left of, right of, above, below,
    inside, contains, overlapping, near, nearest or farthest.

    The boxes are compared:

    - left of, right of, above, below: the centre lies beyond that edge of the other box
    - inside: at least 90% of the area lies in the other box; contains: the reverse
    - overlapping: the boxes share an area
    - near: the gap is at most half the longest side of the two boxes
    - nearest, farthest: one region for each region of `to`; on a tie, the one with the higher score

    'in front of' and 'behind' need a model that estimates depth. A region is never related to itself. Regions
    are returned unchanged, in order. If `object` or `to` is empty, so is the result.
    """  # noqa: D205 - planners read the first paragraph, and need the words
    word = chosen_word("relation", relation, (*RELATIONS, *EXTREMES, *_DEPTH))
    if word in _DEPTH:
        raise depth_error("relation", word, "ask Vqa about the picture, or use another relation")
    check_one_picture("Relate", object, to)
    if object.empty or to.empty:
        which, use = ("object", "to relate") if object.empty else ("to", "to relate to")
        warn(f"`{which}` has no region {use}, so the result is empty")
        return object[:0]
    return object[related(object, word, to)]
