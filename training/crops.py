"""Parts of pictures: cropping, resizing, and tensors."""

from __future__ import annotations

import random
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Pixels = NDArray[np.uint8]

MEAN, SPREAD = 0.5, 0.5
"""Mean and deviation by which all models normalise pictures, for each channel."""


def cut(
    pixels: Pixels, box: Sequence[float], *, grow: float = 1.0, shift: tuple[float, float] = (0, 0)
) -> Pixels:
    """Return the part of a picture in `box`, enlarged by the factor `grow` about its middle.

    `shift` moves the box by fractions of its width and height. The box is clipped to the picture.
    """
    left, top, right, bottom = box
    width, height = (right - left) * grow, (bottom - top) * grow
    x = (left + right) / 2 + shift[0] * width
    y = (top + bottom) / 2 + shift[1] * height
    rows, columns = pixels.shape[:2]
    first, last = max(0, round(x - width / 2)), min(columns, round(x + width / 2))
    upper, lower = max(0, round(y - height / 2)), min(rows, round(y + height / 2))
    return pixels[upper : max(lower, upper + 1), first : max(last, first + 1)]


def jittered(rng: random.Random, most: float) -> tuple[float, float]:
    """Return a random shift of at most `most` of the width and of the height."""
    return rng.uniform(-most, most), rng.uniform(-most, most)


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return the picture at this size. The aspect ratio can change."""
    shrinks = pixels.shape[0] * pixels.shape[1] > width * height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=how), dtype=np.uint8)


def to_tensor(pictures: Sequence[Pixels], dtype: torch.dtype = torch.bfloat16) -> Tensor:
    """Return pictures of one size as a network's input, shape (pictures, 3, height, width)."""
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return ((stacked.float() / 255 - MEAN) / SPREAD).to(dtype)
