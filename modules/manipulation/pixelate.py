"""Pixelate: hides regions under large blocks of one colour."""

from __future__ import annotations

import numpy as np

from visprog.modules.manipulation.concealment import Mask, Pixels, blocks_of, conceal
from visprog.tools import Warn, tool
from visprog.values import Image, Regions


@tool("Pixelate", parameter_aliases={"object": ("box",)}, keeps_frame=True)
def pixelate(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Hide the regions in `object`, such as faces or number plates, under large blocks of one colour.

    There are at most eight blocks along the longer side of a region, so the region cannot be restored. In a
    region with a mask, only the pixels of the mask change; otherwise the whole box changes. To pixelate
    the shape of an object, use Mask first.
    """
    concealed = conceal(image, object, _pixelated)
    if concealed is None:
        warn("there is no region to pixelate, so the picture is unchanged")
        return image
    return concealed


def _pixelated(pixels: Pixels, mask: Mask) -> Pixels:
    blocks = blocks_of(pixels, mask)
    means = np.round(blocks.colors / np.maximum(blocks.counts, 1)).astype(np.uint8)
    rows = means.repeat(np.diff(blocks.rows), axis=0)
    return rows.repeat(np.diff(blocks.columns), axis=1)
