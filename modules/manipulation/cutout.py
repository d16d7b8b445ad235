"""Cutout: makes everything but objects transparent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visprog.libraries import load_opencv
from visprog.models.roles import Masker
from visprog.modules.manipulation.foreground import foreground_alpha
from visprog.tools import Warn, tool
from visprog.values import Image, Regions

_OPAQUE = 250
"""Opacity from which a pixel has the colour of the object alone."""


@tool("Cutout", aliases=("RemoveBackground",), parameter_aliases={"object": ("box",)}, keeps_frame=True)
def cutout(image: Image, object: Regions, *, masker: Masker | None, warn: Warn) -> Image:
    """Keep the regions in `object` and make the rest of `image` transparent. Use it after all other edits.

    Other edits of the result return an opaque picture on white. The picture keeps its size. PNG, WEBP and
    TIFF files keep the transparency. In a region without a mask, GrabCut finds the object in the box.
    """
    alpha = _alpha(image, object, masker)
    if not alpha.any():
        warn("there is no region to cut out, so the picture is unchanged")
        return image
    if alpha.min() == 255:
        warn("the regions cover the whole picture, so nothing is transparent")
        return image
    if image.alpha is None:
        image = Image.adopt(_without_background(image.pixels, alpha))
    return image.with_alpha(alpha)


def _alpha(image: Image, regions: Regions, masker: Masker | None) -> NDArray[np.uint8]:
    """Return the opacity of each pixel, with a soft edge."""
    return np.rint(foreground_alpha(image, regions, masker) * 255).astype(np.uint8)


def _without_background(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give each pixel of the soft edge the colour of the nearest opaque pixel.

    Its own colour is mixed with that of the background, which would show as a rim on another background.
    """
    cv2 = load_opencv()
    out = pixels.copy()
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    place = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    part, opaque = out[place], alpha[place] >= _OPAQUE
    if opaque.any():
        edge = (alpha[place] > 0) & ~opaque
        _, nearest = cv2.distanceTransformWithLabels(
            (~opaque).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        colors = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
        colors[nearest[opaque]] = part[opaque]
        part[edge] = colors[nearest[edge]]
    return out
