"""Mask: gives regions masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import clip
from visprog.models.roles import Masker
from visprog.modules.halves import is_half
from visprog.modules.manipulation.foreground import check_same_picture, foreground
from visprog.tools import tool
from visprog.values import Image, Region, Regions


@tool("Mask", parameter_aliases={"object": ("box",)})
def mask(image: Image, object: Regions, *, masker: Masker | None) -> Regions:
    """Give each region in `object` the mask of the object in its box.

    Without a masker, GrabCut finds the object. Boxes, labels, scores and existing masks stay unchanged. The
    mask of a half of the picture is the whole half. A region outside of the picture gets an empty mask.
    """
    check_same_picture(image, object, object.size)
    boxes = [i for i, region in enumerate(object) if region.mask is None and clip(region.box, image.size)]
    halves = [i for i in boxes if is_half(object[i], image.size)]
    bare = [i for i in boxes if i not in halves]
    drawn = dict(zip(bare, _masks(image, object[bare], masker), strict=True))
    drawn |= {i: object[[i]].union_mask() for i in halves}
    empty = np.zeros(image.pixels.shape[:2], dtype=np.bool_)
    return Regions(
        (
            region
            if region.mask is not None
            else Region(region.box, region.label, region.score, drawn.get(i, empty))
            for i, region in enumerate(object)
        ),
        size=object.size,
    )


def _masks(image: Image, regions: Regions, masker: Masker | None) -> list[NDArray[np.bool_] | None]:
    """Return a mask for each region, in order."""
    if masker is not None and not regions.empty:
        return [region.mask for region in masker.mask(image, regions)]
    return [foreground(image, Regions([region], size=image.size), None) for region in regions]
