"""Filter: keeps the regions that fit a description, or those that do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from visprog.boxes import clip
from visprog.models.roles import ImageTextScorer
from visprog.modules.halves import in_half, written_halves
from visprog.modules.understanding.labels import named, queries
from visprog.nouns import singular
from visprog.tools import tool
from visprog.values import Image, Regions

_ANYTHING = ("object", "things", "stuff", "texture")
"""Words that fit any region. A description must fit better, as in LERF (Kerr and others, 2023)."""


@tool("Filter", parameter_aliases={"object": ("box",)})
def filter_regions(
    image: Image, object: Regions, query: str | list[str], negate: bool = False, *, scorer: ImageTextScorer
) -> Regions:
    """Keep all regions in `object` that `query` describes, or with negate=True all the others. Select keeps
    only the best one.

    The people without hats are `query='person with a hat', negate=True`. Without a description all regions
    are kept.

    Separate several descriptions with commas, or give a list; a region is kept if one of them fits. A
    description that is a label keeps the regions with this label, and LEFT, RIGHT, TOP or BOTTOM keeps those
    in this half of the picture; they need no model. Other descriptions keep a region that looks more like the
    description than like 'object', 'things', 'stuff' and 'texture'. If the description adds to the region's
    label (`red car` for a car), it must fit at least as well as the label alone. On a tie the region is kept
    only if one of the four words, or the label, fits worse. Regions are returned unchanged, in order.
    """  # noqa: D205 - planners read the first paragraph
    descriptions = queries(query)
    if not descriptions or object.empty:
        return object
    kept = {i for i, label in enumerate(object.labels) if any(named(label, each) for each in descriptions)}
    halves = written_halves(query)
    kept.update(i for side in halves for i in in_half(object, side))
    named_here = {each for each in descriptions for label in object.labels if named(label, each)}
    described = [each for each in descriptions if each not in named_here and each not in halves]
    if described:
        kept |= _fitting(image, object, described, scorer)
    return object[[i for i in range(len(object)) if (i in kept) is not negate]]


def _fitting(image: Image, regions: Regions, descriptions: list[str], scorer: ImageTextScorer) -> set[int]:
    """Return the indices of the regions that fit one of the descriptions better than its rivals."""
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
    """Return whether a description scores higher than its rivals, or ties with them above the worst text.

    Scores in percent often tie: a red car is a `car` and a `red car`, both at 100. If all texts tie, nothing
    fits, and the region is not kept.
    """
    own, best = score[description], max(score[rival] for rival in rivals)
    return own > best or (own == best and own > min(score[text] for text in (*rivals, *anything)))


def _rivals(label: str, description: str) -> tuple[str, ...]:
    """Return the texts that a description must beat for a region with this label."""
    return (label,) if _narrows(description, label) else _anything_but(description)


def _anything_but(description: str) -> tuple[str, ...]:
    """Return the words that fit any region, without the description itself: it cannot beat its own score."""
    own = singular(description.casefold())
    return tuple(word for word in _ANYTHING if singular(word) != own)


def _narrows(description: str, label: str) -> bool:
    """Return whether a description contains the label: `red cars`, `person in red`."""
    words = description.split()
    return any(
        named(label, " ".join(words[start:end]))
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    )
