"""Removes things from a picture without a network: their place is filled from the surroundings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ModelError
from visprog.libraries import load_opencv
from visprog.models.backends.opencv.patch_fill import fill_hole
from visprog.models.inpainting import asks_for_removal, surroundings
from visprog.values import Image

_CONTEXT, _LEAST = 2.5, 64
"""The fill comes from a square this many times as large as the mask, and of at least this many pixels."""


class OpenCvRemover:
    """Removes the content of a part of a picture by filling it with pieces of its surroundings.

    It paints nothing new: a prompt that does not ask for removal is an error. It works best for small parts
    on a plain or evenly textured background. The fill is planned at a longer side of at most `side` pixels.
    Safe between threads.
    """

    only_removes = True

    def __init__(self, *, side: int = 256) -> None:
        self._side = side
        self.fingerprint = f"opencv:inpaint {load_opencv().__version__} side={side}"

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
        pixels = image.pixels.copy()
        part = pixels[top:bottom, left:right]
        part[:] = fill_hole(part, mask[top:bottom, left:right], self._side)
        return Image.adopt(pixels)
