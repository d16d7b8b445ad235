"""Pictures of a red square, and a stand-in for a network that finds it, as a trained network would.

The stand-in reads the tensor that the network gets. So tests find errors in the preparation of a picture, and
in the conversion of the output to the picture's pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from visprog.boxes import Box
from visprog.values import Image


def red_square(size: tuple[int, int], box: Box) -> Image:
    """Return a blue picture with a red rectangle in `box`."""
    pixels = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    pixels[..., 2] = 255
    left, top, right, bottom = box
    pixels[top:bottom, left:right] = (255, 0, 0)
    return Image(pixels)


def noise(size: tuple[int, int], seed: int = 0) -> Image:
    """Return a picture of coarse coloured noise, in which a random network finds several things."""
    grid = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    rows, columns = np.arange(size[1]) * 8 // size[1], np.arange(size[0]) * 8 // size[0]
    return Image(grid[rows[:, None], columns[None, :]])


def redness(pixel_values: Any) -> Any:
    """Return the red pixels of a prepared picture, shape (1, 3, height, width), as booleans."""
    return pixel_values[0, 0] - pixel_values[0, 2] > 0.5


def seen_box(pixel_values: Any) -> Any:
    """Return the box of the red pixels as detectors do: (centre x, centre y, width, height), from 0 to 1."""
    import torch

    red = redness(pixel_values)
    rows, columns = red.any(1).nonzero().flatten(), red.any(0).nonzero().flatten()
    top, bottom = rows[0].item(), rows[-1].item() + 1
    left, right = columns[0].item(), columns[-1].item() + 1
    height, width = red.shape
    across, down = (left + right) / 2 / width, (top + bottom) / 2 / height
    return torch.tensor([across, down, (right - left) / width, (bottom - top) / height])
