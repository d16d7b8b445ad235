"""Loc: finds objects by name."""

from __future__ import annotations

from visprog.language.templates import phrases
from visprog.models.roles import Detector
from visprog.modules.halves import HALVES
from visprog.tools import tool
from visprog.values import Image, Region, Regions

_SAME_OBJECT = 0.5
"""Boxes that overlap by more than this (intersection over union) show the same object."""


@tool("Loc")
def loc(image: Image, object: str | list[str], *, detector: Detector) -> Regions:
    """Find every `object` in `image`, best first. TOP, BOTTOM, LEFT and RIGHT name half of the picture.

    Give several names as a list, or separate them with commas; each region gets the name that it fits. Write
    the four halves in capital letters (a `top` is a piece of clothing); they need no model. If boxes overlap
    by more than half (intersection over union), only the one with the highest score is kept.
    """
    named = phrases(object)
    sides = [each for each in named if each.is_written and each.text in HALVES]
    things = [each.text for each in named if each not in sides]
    found = detector.detect(image, things).distinct(_SAME_OBJECT) if things or not sides else ()
    halves = (Region(HALVES[side.text](*image.size), side.text) for side in sides)
    return Regions([*halves, *found], size=image.size)
