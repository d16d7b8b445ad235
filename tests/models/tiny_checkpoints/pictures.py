"""Pictures of every shape that a model may be shown, each drawn by a seed."""

from __future__ import annotations

import numpy as np

from visprog.values import Image

SIZES = {
    "landscape": (90, 60),
    "portrait": (60, 90),
    "dot": (1, 1),
    "strip": (3, 200),
    "flat": (200, 3),
    "large": (1600, 1200),
}
"""(width, height) by name."""


def picture(name: str, seed: int = 0) -> Image:
    """Return a picture of colour blocks, which survive resizing."""
    width, height = SIZES[name]
    blocks = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    rows, columns = np.arange(height) * 5 // height, np.arange(width) * 7 // width
    return Image(blocks[rows][:, columns])
