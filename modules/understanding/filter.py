"""Filter: keeps the regions that fit a description."""

from __future__ import annotations

from visprog.models.roles import ImageTextScorer
from visprog.modules.understanding.labels import named, queries
from visprog.tools import tool
from visprog.values import Image, Regions, clip

_ANYTHING = ("object", "things", "stuff", "texture")
"""What any region may be called. LERF (Kerr and others, 2023) holds a description to the same four words."""


@tool("Filter", parameter_aliases={"object": ("box",)})
def filter_regions(image: Image, object: Regions, query: str, *, scorer: ImageTextScorer) -> Regions:
    """Keep all regions in `object` that `query` describes, where Select takes the best one.

    Several descriptions are separated by commas; a region stays if one of them fits. A description that is a
    region's label keeps the regions so labelled, and needs no model. Any other keeps each region that looks
    more like it than like 'object', 'things', 'stuff' and 'texture'; one that narrows a region's own label
    (a `red car` of the cars) has to fit that region better than the label alone does. Regions are returned
    unchanged and in order.
    """
    wanted = queries(query)
    if not wanted or object.empty:
        return object
    kept = {i for i, label in enumerate(object.labels) if any(named(label, each) for each in wanted)}
    described = [each for each in wanted if not any(named(label, each) for label in object.labels)]
    if described:
        kept |= _fitting(image, object, described, scorer)
    return object[sorted(kept)]


def _fitting(image: Image, regions: Regions, descriptions: list[str], scorer: ImageTextScorer) -> set[int]:
    """Return the indices of the regions that one of the descriptions fits better than what it is held to."""
    visible = [i for i, region in enumerate(regions) if clip(region.box, image.size)]
    if not visible:
        return set()
    rivals = {(i, each): _rivals(regions[i].label.strip(), each) for i in visible for each in descriptions}
    texts = list(dict.fromkeys([*descriptions, *(text for group in rivals.values() for text in group)]))
    scores = scorer.score([image.crop(regions[i].box) for i in visible], texts)
    by_text = [dict(zip(texts, row.tolist(), strict=True)) for row in scores]
    return {
        i
        for i, score in zip(visible, by_text, strict=True)
        if any(score[each] > max(score[rival] for rival in rivals[i, each]) for each in descriptions)
    }


def _rivals(label: str, description: str) -> tuple[str, ...]:
    """Return the texts that a description has to beat for a region with this label."""
    return (label,) if _narrows(description, label) else _ANYTHING


def _narrows(description: str, label: str) -> bool:
    """Whether a description names the label and says more: `red cars`, `person in red`."""
    words = description.split()
    return any(
        named(label, " ".join(words[start:end]))
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    )
