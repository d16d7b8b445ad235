"""Drawing: enlarges small pictures of flat colours with sharp, smooth outlines."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage
from PIL import ImageOps

from visprog.boxes import Box
from visprog.libraries import load_opencv

Plane = NDArray[np.float32]

_FACTORS = (4, 8, 12, 20)
"""Factors by which a drawing is enlarged. The first that is at least twice the final size is used, because
shrinking it afterwards smooths the edges."""

_NEAR = 24.0
"""Colours that differ by less than this in every channel count as the same."""

_MOST_COLORS = 14

_RIM = 2
"""Width of the transparent border, in pixels. It closes outlines that touch the edge of the drawing."""


class Drawing:
    """A picture of flat colours with transparency (RGBA), at any size."""

    def __init__(self, picture: PILImage.Image) -> None:
        self._original = picture
        self._redrawn: dict[int, PILImage.Image] = {}

    @property
    def original(self) -> PILImage.Image:
        """The drawing at its own size."""
        return self._original

    def fitted(self, width: int, height: int) -> PILImage.Image:
        """Return the drawing as large as it fits into `width` and `height`, with its proportions."""
        scale = min(width / self._original.width, height / self._original.height)
        size = [max(1, round(side * scale)) for side in self._original.size]
        return self.stretched((size[0], size[1]), (0, 0, size[0], size[1]))

    def stretched(self, size: tuple[int, int], part: Box) -> PILImage.Image:
        """Return a part of the drawing as it looks when the whole drawing has this size in pixels."""
        scale = max(size[0] / self._original.width, size[1] / self._original.height)
        factor = next((f for f in _FACTORS if f >= 2 * scale), _FACTORS[-1]) if scale > 1 else 1
        source, rim = (self._at(factor), _RIM * factor) if factor > 1 else (self._original, 0)
        steps = (source.width - 2 * rim) / size[0], (source.height - 2 * rim) / size[1]
        left, top, right, bottom = (rim + edge * steps[i % 2] for i, edge in enumerate(part))
        # With premultiplied colours, transparent pixels do not change the colour of the edge.
        small = source.convert("RGBa").resize(
            (part[2] - part[0], part[3] - part[1]),
            PILImage.Resampling.LANCZOS,
            box=(left, top, right, bottom),
        )
        return small.convert("RGBA")

    def _at(self, factor: int) -> PILImage.Image:
        if factor not in self._redrawn:
            self._redrawn[factor] = _redrawn(ImageOps.expand(self._original, _RIM, (0, 0, 0, 0)), factor)
        return self._redrawn[factor]


def _redrawn(drawing: PILImage.Image, factor: int) -> PILImage.Image:
    """Redraw a drawing `factor` times as large.

    Each pixel of the original is a mixture of at most two flat colours nearby. The share of each colour is
    enlarged smoothly, and each new pixel gets the colour with the largest share. So outlines keep their place
    to a fraction of a pixel, and colours stay flat.
    """
    cv2 = load_opencv()
    size = (drawing.width * factor, drawing.height * factor)
    pixels = np.asarray(drawing.convert("RGBa"), dtype=np.float32)
    palette, nearby = _palette(pixels)
    best: Plane = np.full((size[1], size[0]), -np.inf, dtype=np.float32)
    out = np.zeros((size[1], size[0], 4), dtype=np.uint8)
    softness = 0.6 * factor
    for color, share in zip(palette, _shares(pixels, palette, nearby), strict=True):
        large = cv2.GaussianBlur(cv2.resize(share, size, interpolation=cv2.INTER_CUBIC), (0, 0), softness)
        more = large > best
        best[more] = large[more]
        out[more] = np.round(color)
    return PILImage.frombuffer("RGBa", size, out.tobytes(), "raw", "RGBa", 0, 1).convert("RGBA")


def _palette(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the flat colours, shape (n, 4), commonest first, and the pixels near each, shape (n, h, w)."""
    cv2 = load_opencv()
    right, below = (np.abs(pixels - np.roll(pixels, -1, axis)).max(axis=2) < 8 for axis in (1, 0))
    plain = right & below
    found, counts = np.unique(pixels[plain], axis=0, return_counts=True)
    colors: list[NDArray[np.float32]] = [np.zeros(4, dtype=np.float32)]
    for color in found[np.argsort(-counts, kind="stable")]:
        if len(colors) < _MOST_COLORS and all(np.abs(color - each).max() >= _NEAR for each in colors):
            colors.append(color)
    around = np.ones((5, 5), dtype=np.uint8)
    close = [plain & (np.abs(pixels - color).max(axis=2) < _NEAR) for color in colors]
    close[0] |= pixels[..., 3] == 0
    nearby = [cv2.dilate(each.astype(np.uint8), around) > 0 for each in close]
    return np.stack(colors), np.stack(nearby)


def _shares(
    pixels: NDArray[np.float32], palette: NDArray[np.float32], nearby: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the share of each colour in each pixel, shape (n, height, width)."""
    height, width = pixels.shape[:2]
    distance = np.square(pixels - palette[:, None, None]).sum(axis=3)
    first = distance.argmin(axis=0)  # pixels with no flat colour nearby get the nearest colour alone
    second, share = first.copy(), np.ones((height, width), dtype=np.float32)
    error = np.where(nearby.any(axis=0), np.inf, 0.0)
    for a, b in [*((i, i) for i in range(len(palette))), *combinations(range(len(palette)), 2)]:
        line = palette[a] - palette[b]
        part = np.clip((pixels - palette[b]) @ line / max(float(line @ line), 1.0), 0, 1)
        part = np.ones_like(part) if a == b else part
        off = np.square(pixels - palette[b] - part[..., None] * line).sum(axis=2)
        better = nearby[a] & nearby[b] & (off < error - 1)
        first[better], second[better], share[better], error[better] = a, b, part[better], off[better]
    colors = np.arange(len(palette))[:, None, None]
    return np.where(colors == first, share, 0) + np.where(
        (colors == second) & (second != first), 1 - share, 0
    )
