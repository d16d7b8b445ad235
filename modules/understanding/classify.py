"""Classify: labels regions with categories."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visprog.errors import UsageError
from visprog.models.roles import ImageTextScorer, LanguageModel
from visprog.modules.understanding.descriptions import Descriptions
from visprog.tools import Warn, tool
from visprog.values import Image, Region, Regions, clip

_DESCRIPTIONS = Descriptions()


@tool("Classify", parameter_aliases={"object": ("box",)})
def classify(
    image: Image,
    object: Regions,
    categories: list[str],
    unique: bool = True,
    *,
    scorer: ImageTextScorer,
    language_model: LanguageModel | None,
    warn: Warn,
    descriptions: bool = False,
) -> Regions:
    """Label each region in `object` with the best of `categories`; with unique=False several may share one.

    Every region takes its most probable category (the softmax of the scorer's logits over the categories).
    Where several take the same name, the most probable region keeps it and the others are left out: they
    are not passed on to their second choice, for a name on the wrong face is worse than none. The regions
    that remain keep their order, box and mask; the score becomes that probability.

    With the setting `descriptions`, the language model is asked for several sentences on what each category
    looks like, and a category's logit is the mean of its sentences' (Pratt and others, 2023).
    """
    names = list(dict.fromkeys(name for each in categories if (name := each.strip())))
    if not names:
        warn("there are no categories to choose from: the regions keep their labels")
        return object
    visible = [region for region in object if clip(region.box, image.size)]
    if not visible:
        return Regions(size=object.size)
    texts: list[tuple[str, ...]] = [(name,) for name in names]
    if descriptions:
        texts = _described(names, language_model, warn)
    logits = _mean_logits([image.crop(region.box) for region in visible], texts, scorer)
    chances = _softmax(logits)
    winners = _winners(chances, logits) if unique else dict(enumerate(chances.argmax(axis=1).tolist()))
    if len(winners) < len(visible):
        warn(
            f"{len(visible) - len(winners)} of {len(visible)} regions were left out: "
            "others fit their category better"
        )
    return Regions(
        (
            Region(visible[i].box, names[j], float(chances[i, j]), visible[i].mask)
            for i, j in sorted(winners.items())
        ),
        size=object.size,
    )


def _described(names: list[str], language_model: LanguageModel | None, warn: Warn) -> list[tuple[str, ...]]:
    """Return a language model's sentences on each name; the name itself where there are none."""
    if language_model is None:
        raise UsageError(
            "Classify is set to go by descriptions, and no language model is there to write them",
            help="fill the role language_model, or leave out `descriptions` under [tools.Classify]",
        )
    found = _DESCRIPTIONS.of(names, language_model)
    silent = [name for name, sentences in zip(names, found, strict=True) if not sentences]
    if silent:
        warn(
            f"the language model described {', '.join(map(repr, silent))} in no way of use: the name is taken"
        )
    return [sentences or (name,) for name, sentences in zip(names, found, strict=True)]


def _mean_logits(
    crops: list[Image], texts: list[tuple[str, ...]], scorer: ImageTextScorer
) -> NDArray[np.float64]:
    """Return for each crop and each group of texts the mean of their logits, all scored in one call."""
    scores = np.asarray(scorer.score(crops, [text for group in texts for text in group]), dtype=np.float64)
    starts = np.cumsum([0, *(len(group) for group in texts)])
    return np.stack([scores[:, a:b].mean(axis=1) for a, b in pairwise(starts.tolist())], axis=1)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(np.minimum(shifted / shifted.sum(axis=1, keepdims=True), 1.0))


def _winners(chances: NDArray[np.float64], logits: NDArray[np.float64]) -> dict[int, int]:
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
