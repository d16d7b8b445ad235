"""Classify: labels regions with categories."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visprog.models.roles import ImageTextScorer
from visprog.tools import Warn, tool
from visprog.values import Image, Region, Regions, clip


@tool("Classify", parameter_aliases={"object": ("box",)})
def classify(
    image: Image, object: Regions, categories: list[str], *, scorer: ImageTextScorer, warn: Warn
) -> Regions:
    """Label each region in `object` with the one of `categories` that fits it best; each is given once.

    Every region takes its most probable category (the softmax of the scorer's logits over the categories).
    Where several take the same one, the most probable region keeps it and the others are left out: they
    are not passed on to their second choice, for a name on the wrong face is worse than none. The regions
    that remain keep their order, box and mask; the score becomes that probability.
    """
    names = list(dict.fromkeys(name for each in categories if (name := each.strip())))
    if not names:
        warn("there are no categories to choose from: the regions keep their labels")
        return object
    visible = [region for region in object if clip(region.box, image.size)]
    if not visible:
        return Regions(size=object.size)
    logits = scorer.score([image.crop(region.box) for region in visible], names)
    chances = _softmax(logits)
    winners = _winners(chances, logits)
    if len(winners) < len(object):
        warn(
            f"{len(object) - len(winners)} of {len(object)} regions were left out: "
            "others fit their category better"
        )
    return Regions(
        (
            Region(visible[i].box, names[j], float(chances[i, j]), visible[i].mask)
            for i, j in sorted(winners.items())
        ),
        size=object.size,
    )


def _softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    shifted = np.exp(np.asarray(logits, dtype=np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(np.minimum(shifted / shifted.sum(axis=1, keepdims=True), 1.0))


def _winners(chances: NDArray[np.float64], logits: NDArray[np.floating]) -> dict[int, int]:
    """Return each region that is the best of those with the same favourite, and that favourite.

    The logits decide between regions that are equally, which means quite, certain.
    """
    favourites = chances.argmax(axis=1)
    winners = {}
    for category in dict.fromkeys(favourites.tolist()):
        rivals = np.flatnonzero(favourites == category)
        best = max(rivals, key=lambda i: (chances[i, category], logits[i, category]))
        winners[int(best)] = category
    return winners
