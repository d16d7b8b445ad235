"""Filter: keeps the regions that fit a description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from visprog.models.roles import ImageTextScorer
from visprog.modules.understanding.labels import named, queries
from visprog.nouns import singular
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
    (a `red car` of the cars) has to fit that region no worse than the label alone does. A tie is a fit only
    where one of those four words, or the label, fits worse. Regions are returned unchanged and in order.
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
    anything = {each: _anything_but(each) for each in descriptions}
    compared = [text for group in (*rivals.values(), *anything.values()) for text in group]
    texts = list(dict.fromkeys([*descriptions, *compared]))
    scores = scorer.score([image.crop(regions[i].box) for i in visible], texts)
    by_text = [dict(zip(texts, row.tolist(), strict=True)) for row in scores]
    return {
        i
        for i, score in zip(visible, by_text, strict=True)
        if any(_fits(score, each, rivals[i, each], anything[each]) for each in descriptions)
    }


def _fits(
    score: Mapping[str, float], description: str, rivals: Sequence[str], anything: Sequence[str]
) -> bool:
    """Whether a description beats its rivals, or ties with the best of them above the worst text.

    Percentages tie often: a red car is a car and a red car at 100 each. The worst text tells that tie from
    the one of a scorer to which all is the same, or nothing fits at all, which would keep every region.
    """
    own, best = score[description], max(score[rival] for rival in rivals)
    return own > best or (own == best and own > min(score[text] for text in (*rivals, *anything)))


def _rivals(label: str, description: str) -> tuple[str, ...]:
    """Return the texts that a description has to beat for a region with this label."""
    return (label,) if _narrows(description, label) else _anything_but(description)


def _anything_but(description: str) -> tuple[str, ...]:
    """Return the words for anything without the description itself, which no score of its own can beat."""
    own = singular(description.casefold())
    return tuple(word for word in _ANYTHING if singular(word) != own)


def _narrows(description: str, label: str) -> bool:
    """Whether a description names the label and says more: `red cars`, `person in red`."""
    words = description.split()
    return any(
        named(label, " ".join(words[start:end]))
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    )
