"""Removes things from a picture with OpenCV, which fills their place from the surroundings.

M. Bertalmio, A. Bertozzi and G. Sapiro, "Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting", CVPR
2001. OpenCV's other method, Telea's, has larger errors on an even gradient.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ModelError
from visprog.libraries import load_opencv
from visprog.models.inpainting import asks_for_removal, surroundings
from visprog.values import Image

_SIDE = 512
"""Maximum longer side, in pixels, at which the fill is computed. The fill is smooth anyway."""

_CONTEXT = 1.3
_LEAST = 32
_RIM = 1 / 100
"""The distance from the mask at which the fill starts. A thing's edge mixes with the background there."""


class OpenCvRemover:
    """Removes the content of a part of a picture by filling it with the colours around it.

    It paints nothing new: a prompt that does not ask for removal is an error. It works best for small parts
    on a plain background. Safe between threads.
    """

    def __init__(self, *, radius: int = 5) -> None:
        self._cv2 = load_opencv()
        self._radius = radius
        self.fingerprint = f"opencv:inpaint {self._cv2.__version__} radius={radius}"

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Return the picture with `mask`, shape (height, width), filled. Other pixels are unchanged.

        Raises ModelError for a prompt that does not ask for removal, and for a mask of the whole picture.
        """
        if not asks_for_removal(prompt):
            raise ModelError(
                f"opencv:inpaint can only remove; it cannot paint {prompt!r}",
                help="write prompt='nothing' to remove; to paint something, fill the role inpainter with "
                "an image model, such as those of the profiles default, paper and api",
            )
        place = surroundings(mask, context=_CONTEXT, least=_LEAST)
        if place is None:
            return image
        if mask.all():
            raise ModelError(
                "opencv:inpaint fills a part from its surroundings, but the mask covers the whole picture",
                help="select less of the picture",
            )
        left, top, right, bottom = place
        covered = mask[top:bottom, left:right]
        pixels = image.pixels.copy()
        pixels[top:bottom, left:right][covered] = self._filled(image.crop(place).pixels, covered)[covered]
        return Image(pixels)

    def _filled(self, pixels: NDArray[np.uint8], covered: NDArray[np.bool_]) -> NDArray[np.uint8]:
        cv2 = self._cv2
        height, width = covered.shape
        factor = min(1.0, _SIDE / max(width, height))
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        part = cv2.resize(covered.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
        filled = cv2.inpaint(small, self._with_rim(part).astype(np.uint8), self._radius, cv2.INPAINT_NS)
        return np.asarray(cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC))

    def _with_rim(self, part: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Grow the part by a rim, unless nothing would be left to fill from."""
        reach = max(1, round(max(part.shape) * _RIM))
        kernel = np.ones((2 * reach + 1, 2 * reach + 1), dtype=np.uint8)
        grown = np.asarray(self._cv2.dilate(part.astype(np.uint8), kernel) > 0)
        return part if grown.all() else grown
