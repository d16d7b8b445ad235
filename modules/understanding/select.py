"""Select: picks regions by description."""

from __future__ import annotations

import numpy as np

from visprog.boxes import clip
from visprog.models.roles import ImageTextScorer
from visprog.modules.halves import in_half, written_halves
from visprog.modules.understanding.labels import named, queries
from visprog.tools import Warn, tool
from visprog.values import Image, Regions


@tool("Select", parameter_aliases={"object": ("box",)})
def select(
    image: Image,
    object: Regions,
    query: str | list[str] | None,
    category: str | list[str] | None = None,
    *,
    scorer: ImageTextScorer,
    warn: Warn,
) -> Regions:
    """Keep the regions of `object` that `query` describes. Separate several descriptions with commas.

    If `category` is given, only regions with this label are considered. A description that is a label keeps
    all regions with this label, and LEFT, RIGHT, TOP or BOTTOM keeps the regions in this half of the picture;
    they need no model. Other descriptions keep the one region that looks most like them. Descriptions may be
    a list. Regions are returned unchanged, each once, in the order of the descriptions.
    """
    candidates = _narrowed(object, queries(category), warn)
    descriptions = queries(query)
    if not descriptions or candidates.empty:
        return candidates
    chosen = {
        each: [i for i, label in enumerate(candidates.labels) if named(label, each)] for each in descriptions
    }
    halves = {side: in_half(candidates, side) for side in written_halves(query)}
    chosen |= halves
    described = [each for each in descriptions if not chosen[each] and each not in halves]
    if described:
        chosen.update(_most_similar(image, candidates, described, scorer))
    return candidates[list(dict.fromkeys(i for each in descriptions for i in chosen[each]))]


def _narrowed(regions: Regions, categories: list[str], warn: Warn) -> Regions:
    if not categories or regions.empty:
        return regions
    kept = [i for i, label in enumerate(regions.labels) if any(named(label, each) for each in categories)]
    if kept:
        return regions[kept]
    warn(f"no region has the label {' or '.join(map(repr, categories))}; all {len(regions)} were considered")
    return regions


def _most_similar(
    image: Image, regions: Regions, descriptions: list[str], scorer: ImageTextScorer
) -> dict[str, list[int]]:
    """Return the index of the best region for each description."""
    visible = [i for i, region in enumerate(regions) if clip(region.box, image.size)]
    if not visible:
        return {each: [] for each in descriptions}
    scores = scorer.score([image.crop(regions[i].box) for i in visible], descriptions)
    return {
        each: [visible[int(best)]] for each, best in zip(descriptions, np.argmax(scores, axis=0), strict=True)
    }
