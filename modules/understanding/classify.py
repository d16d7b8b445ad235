"""Classify: labels regions with categories."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import clip
from visprog.errors import UsageError
from visprog.models.roles import ImageTextScorer, LanguageModel
from visprog.modules.understanding.descriptions import Descriptions
from visprog.tools import Warn, tool
from visprog.values import Image, Region, Regions

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

    Each region gets its most probable category (the softmax of the scorer's logits over the categories). If
    several regions get the same category, only the most probable one is kept. The others do not get their
    second choice, because a wrong name is worse than no name. The remaining regions keep their order, box and
    mask. Their score is the probability.

    With the setting `descriptions`, a language model writes several sentences about the looks of each
    category, and the category's logit is the mean over its sentences (Pratt and others, 2023).
    """
    names = list(dict.fromkeys(name for each in categories if (name := each.strip())))
    if not names:
        warn("the list of categories is empty, so the regions keep their labels")
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
            "another region fits their category better"
        )
    return Regions(
        (
            Region(visible[i].box, names[j], float(chances[i, j]), visible[i].mask)
            for i, j in sorted(winners.items())
        ),
        size=object.size,
    )


def _described(names: list[str], language_model: LanguageModel | None, warn: Warn) -> list[tuple[str, ...]]:
    """Return a language model's sentences about each name, or the name itself if there are none."""
    if language_model is None:
        raise UsageError(
            "the setting `descriptions` of Classify needs a language model, and the profile has none",
            help="set a model for the role language_model, or remove `descriptions` under [tools.Classify]",
        )
    found = _DESCRIPTIONS.of(names, language_model)
    silent = [name for name, sentences in zip(names, found, strict=True) if not sentences]
    if silent:
        warn(f"the language model did not describe {', '.join(map(repr, silent))}, so the name alone is used")
    return [sentences or (name,) for name, sentences in zip(names, found, strict=True)]


def _mean_logits(
    crops: list[Image], texts: list[tuple[str, ...]], scorer: ImageTextScorer
) -> NDArray[np.float64]:
    """Return the mean logit of each group of texts for each crop. All are scored in one call."""
    scores = np.asarray(scorer.score(crops, [text for group in texts for text in group]), dtype=np.float64)
    starts = np.cumsum([0, *(len(group) for group in texts)])
    return np.stack([scores[:, a:b].mean(axis=1) for a, b in pairwise(starts.tolist())], axis=1)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(np.minimum(shifted / shifted.sum(axis=1, keepdims=True), 1.0))


def _winners(chances: NDArray[np.float64], logits: NDArray[np.float64]) -> dict[int, int]:
    """Return the most probable region of each category: indices of regions and of their categories.

    Between regions with equal probabilities (both are rounded to 1), the logits decide.
    """
    favourites = chances.argmax(axis=1)
    winners = {}
    for category in dict.fromkeys(favourites.tolist()):
        rivals = np.flatnonzero(favourites == category)
        best = max(rivals, key=lambda i: (chances[i, category], logits[i, category]))
        winners[int(best)] = category
    return winners
