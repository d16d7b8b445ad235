"""Arithmetic with transparent pictures.

A transparent picture is an array of colours as they look on white, of shape (height, width, 3), and its
opacity `alpha`, of shape (height, width). Both are uint8. On white, nothing of a transparent pixel remains.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

Uint8Array: TypeAlias = NDArray[np.uint8]

_LIGHT, _DARK = 255, 208
"""The two greys of the checkerboard."""

_SQUARES = 40
"""Number of squares of the checkerboard along the longer side of a picture."""


def over_white(colors: Uint8Array, alpha: Uint8Array) -> Uint8Array:
    """Return the colours on white. Colours that are on white already become more transparent."""
    picture, opacity = PILImage.fromarray(colors), PILImage.fromarray(alpha)
    return np.array(PILImage.composite(picture, PILImage.new("RGB", picture.size, "white"), opacity))


def multiplied(first: Uint8Array, second: Uint8Array) -> Uint8Array:
    """Return the opacity of a picture with opacity `first` that is made transparent by `second`."""
    return ((first.astype(np.uint16) * second + 127) // 255).astype(np.uint8)


def straight(on_white: Uint8Array, alpha: Uint8Array) -> Uint8Array:
    """Return the colours without the white, as PNG stores them. Transparent pixels are white."""
    colors = on_white.copy()
    partial = (alpha > 0) & (alpha < 255)
    missing = 255 - on_white[partial].astype(np.float32)
    colors[partial] = (255 - missing * (255 / alpha[partial, np.newaxis])).round().clip(0).astype(np.uint8)
    return colors


def rgba(colors: Uint8Array, alpha: Uint8Array) -> PILImage.Image:
    """Return a PIL picture with these four channels."""
    picture = PILImage.fromarray(colors)
    picture.putalpha(PILImage.fromarray(alpha))
    return picture


def on_checkerboard(on_white: Uint8Array, alpha: Uint8Array) -> Uint8Array:
    """Return the picture on a checkerboard of white and grey squares, the usual sign of transparency."""
    height, width = alpha.shape
    side = max(1, -(-max(height, width) // _SQUARES))
    dark = (np.arange(height)[:, np.newaxis] // side + np.arange(width) // side) % 2 == 1
    shade = np.where(dark, (255 - alpha.astype(np.uint16)) * (_LIGHT - _DARK) // 255, 0).astype(np.uint8)
    return on_white - np.minimum(on_white, shade[..., np.newaxis])
