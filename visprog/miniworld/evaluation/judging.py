"""Who looks at an edited picture: the models that are measured, or one who knows the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

from visprog.miniworld.catalogue import CATEGORIES, STUFF
from visprog.miniworld.drawing import bounds
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.overlaps import Mask
from visprog.models.handle import ModelHandle
from visprog.models.roles import ImageTextScorer, Masker, Models
from visprog.values import Image

_MOSTLY = 0.5
"""What part of a region has to be as it should: the rest may be hidden, or cut a little otherwise."""


class Judge(NamedTuple):
    """Looks at what the record of an edit does not say.

    `masker` gives boxes their masks, as it does in the tools. `sees` tells of the picture before and after
    whether a region now shows what a name says.
    """

    masker: Masker | None
    sees: Callable[[Image, Image, Mask, str], bool]


def judge_by(models: Models) -> Judge:
    """Return a judge with the models' eyes: of all the world's names the scorer has to choose the right one.

    Nothing is loaded before it is used.
    """
    scorer = cast(ImageTextScorer, ModelHandle(models, "image_text_scorer"))
    masker = cast(Masker, ModelHandle(models, "masker")) if models.has("masker") else None

    def sees(before: Image, after: Image, region: Mask, name: str) -> bool:  # noqa: ARG001
        names = _choices(name)
        scores = scorer.score([after.crop(bounds(region))], names)
        return names[int(scores[0].argmax())] == name

    return Judge(masker, sees)


def judge_with(truth: Oracle) -> Judge:
    """Return a judge who knows the truth: a region is right where the oracle would have painted the same."""

    def sees(before: Image, after: Image, region: Mask, name: str) -> bool:
        same = (truth.inpaint(before, region, name).pixels == after.pixels).all(axis=2)
        return bool(same[region].mean() > _MOSTLY)

    return Judge(truth, sees)


def _choices(name: str) -> list[str]:
    """Return all kinds of stuff, or all categories; where the name tells a colour, its category in each."""
    if name in STUFF:
        return list(STUFF)
    category = name if name in CATEGORIES else name.partition(" ")[2]
    own = [name] if name == category else [f"{colour} {category}" for colour in CATEGORIES[category].colours]
    return [*(each for each in CATEGORIES if each != category), *own]
