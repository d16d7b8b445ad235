"""Replace: paints something else in place of an object."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ModelFailed
from visprog.libraries import load_opencv
from visprog.models.inpainting import asks_for_removal
from visprog.models.roles import Inpainter, Masker
from visprog.modules.manipulation.foreground import foreground
from visprog.tools import Warn, tool
from visprog.values import Image, Regions

Mask = NDArray[np.bool_]

_LEAST_MARGIN = 3
"""Least margin in pixels."""

_LARGE = 0.1
"""Share of the picture above which a fill without an image model is easy to see."""


@tool("Replace", parameter_aliases={"object": ("box",)}, keeps_frame=True)
def replace(
    image: Image,
    object: Regions,
    prompt: str,
    *,
    inpainter: Inpainter,
    masker: Masker | None,
    warn: Warn,
    margin: float = 0.05,
) -> Image:
    """Replace the regions in `object` by what `prompt` describes.

    All regions are painted in one call of the model. Pixels outside of them do not change. In a region
    without a mask, GrabCut finds the object in the box. With `prompt='nothing'` the objects are removed,
    together with a narrow margin, because the edge of an object would show. The setting `margin` is its width
    as a share of the square root of the object's area. It is at least 3 pixels; 0 means no margin.
    """
    mask = foreground(image, object, masker)
    if not mask.any():
        warn("there is no region to replace, so the picture is unchanged")
        return image
    if asks_for_removal(prompt):
        mask = _with_margin(mask, margin) if margin > 0 else mask
        if mask.mean() > _LARGE and getattr(inpainter, "only_removes", False):
            warn(
                f"the filled part covers {mask.mean():.0%} of the picture, and so large a fill is easy to "
                "see; an image model for the role inpainter, such as that of the profile default, does better"
            )
    painted = inpainter.inpaint(image, mask, prompt)
    if painted.size != image.size:
        raise ModelFailed(
            f"the inpainter returned a picture of {painted.width}x{painted.height} "
            f"for one of {image.width}x{image.height}",
            help="an Inpainter must return a picture of the same size",
        )
    pixels = image.pixels.copy()
    pixels[mask] = painted.pixels[mask]
    return Image(pixels)


def _with_margin(mask: Mask, margin: float) -> Mask:
    """Grow each connected part of the mask in proportion to its size, unless that fills the picture."""
    cv2 = load_opencv()
    distances, parts = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_CCOMP
    )
    margins = np.maximum(margin * np.sqrt(np.bincount(parts[mask])), _LEAST_MARGIN).astype(np.float32)
    grown = np.asarray(distances <= margins[parts])
    return mask if grown.all() else grown
