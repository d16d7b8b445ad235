"""Blur: hides regions under a strong blur."""

from __future__ import annotations

import numpy as np

from visprog.libraries import load_opencv
from visprog.modules.manipulation.concealment import Mask, Pixels, blocks_of, conceal
from visprog.tools import Warn, tool
from visprog.values import Image, Regions

_FINE = 8
"""Side, in pixels, of a block in the small picture that is blurred and then enlarged."""

_EDGE = 1 / 16
"""Width of the soft edge inside a region, as a share of the shorter side of its box."""


@tool("Blur", parameter_aliases={"object": ("box",)}, keeps_frame=True)
def blur(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Blur the regions in `object`, such as faces or number plates, until nobody can recognise them.

    The blur is made from the colours of at most eight blocks along the longer side of a region, so the region
    cannot be restored. Its edge is soft. In a region with a mask, only the pixels of the mask change;
    otherwise the whole box changes. To blur the shape of an object, use Mask first. BgBlur blurs the
    background instead.
    """
    concealed = conceal(image, object, _blurred, _EDGE)
    if concealed is None:
        warn("there is no region to blur, so the picture is unchanged")
        return image
    return concealed


def _blurred(pixels: Pixels, mask: Mask) -> Pixels:
    """Return the colours of the blocks with smooth transitions, as large as the region's box.

    Each block counts as much as it has pixels in the region, so the background does not mix in.
    """
    cv2 = load_opencv()
    blocks = blocks_of(pixels, mask)
    height, width = int(blocks.rows[-1]), int(blocks.columns[-1])
    fine = (_FINE * blocks.counts.shape[1], _FINE * blocks.counts.shape[0])
    sums = cv2.resize(np.dstack([blocks.colors, blocks.counts]), fine, interpolation=cv2.INTER_NEAREST)
    sums = cv2.GaussianBlur(sums, (0, 0), _FINE / 2, borderType=cv2.BORDER_REPLICATE)
    means = sums[..., :3] / np.maximum(sums[..., 3:], 1e-6)
    levels = np.clip(np.round(means), 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(levels, (width, height), interpolation=cv2.INTER_LINEAR))
