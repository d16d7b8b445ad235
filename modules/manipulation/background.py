"""BgBlur: blurs the background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.libraries import load_opencv
from visprog.models.roles import Masker
from visprog.modules.manipulation.foreground import foreground_alpha
from visprog.tools import Warn, tool
from visprog.values import Image, Regions

_SIDE = 1024
"""Longer side, in pixels, at which the blur is computed. A blurred picture has no finer detail."""

_BLUR = 1 / 55
"""Radius of the blur, as a share of the longer side."""


@tool("BgBlur", aliases=("BackgroundBlur",), parameter_aliases={"object": ("box",)}, keeps_frame=True)
def bg_blur(image: Image, object: Regions, *, masker: Masker | None, warn: Warn) -> Image:
    """Keep the regions in `object` sharp and blur the rest of `image` like a camera lens.

    The foreground's colours do not bleed into the background, and the edge between them is soft. In a region
    without a mask, GrabCut finds the object in the box.
    """
    alpha = foreground_alpha(image, object, masker)
    if not alpha.any():
        warn("there is no region to keep sharp, so the picture is unchanged")
        return image
    if (alpha == 1).all():
        warn("the regions cover the whole picture, so nothing is blurred")
        return image
    soft = np.round(alpha * 255).astype(np.uint8)
    blurred = PILImage.fromarray(_lens_blur(image.pixels, soft))
    return Image.from_pil(PILImage.composite(image.to_pil(), blurred, PILImage.fromarray(soft)))


def _lens_blur(pixels: NDArray[np.uint8], foreground_level: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blur with a disc, in linear light. Each pixel is weighted by how much it belongs to the background."""
    cv2 = load_opencv()
    height, width = pixels.shape[:2]
    factor = min(1.0, _SIDE / max(width, height))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    light = (cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255) ** 2.2
    level = cv2.resize(foreground_level, size, interpolation=cv2.INTER_AREA)
    weight = (1 - level.astype(np.float32) / 255)[..., np.newaxis] ** 2 + 1e-3
    disc = _disc(max(1.0, max(size) * _BLUR))
    spread = cv2.filter2D(
        np.concatenate([light * weight, weight], axis=2), -1, disc, borderType=cv2.BORDER_REFLECT
    )
    blurred = np.clip(spread[..., :3] / np.maximum(spread[..., 3:], 1e-6), 0, 1) ** (1 / 2.2)
    levels = np.round(blurred * 255).astype(np.uint8)
    return np.asarray(cv2.resize(levels, (width, height), interpolation=cv2.INTER_CUBIC))


def _disc(radius: float) -> NDArray[np.float32]:
    """Return a disc with this radius in pixels and a smooth rim. Its values add up to 1."""
    reach = int(np.ceil(radius + 0.5))
    offsets = np.arange(-reach, reach + 1)
    distance = np.hypot(offsets, offsets[:, np.newaxis])
    disc = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)
    return np.asarray(disc / disc.sum())
