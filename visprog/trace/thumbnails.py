"""Small copies of pictures, as data URIs, and the outlines of masks at their scale."""

from __future__ import annotations

import base64
import io
import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.libraries import load_opencv
from visprog.transparency import on_checkerboard
from visprog.values import Image


class Quality(NamedTuple):
    """The quality of a copy: its longer side in pixels, and the bytes that a JPEG may take for each pixel."""

    longest: int
    bytes_per_pixel: float


SMALL = Quality(512, 0.077)
"""Copies that a page shows."""

TINY = Quality(220, 0.1)
"""Copies that a page shows of the elements of a list."""

LARGE = Quality(1_600, 0.15)
"""Copies that a page shows when a picture is enlarged."""

_FEW_COLORS = 64
"""A picture with at most this many colours is a drawing, and may be smaller as PNG."""
_BEST, _LEAST = 76, 40
"""The highest and lowest quality of a JPEG."""
_HEADER = 620
"""Bytes of the header of a JPEG."""
_BASE = 2_000
"""Bytes that a JPEG of any size may take beyond its header."""
_BAND = 96
"""Rows of a picture of which the middle 16 are encoded to choose the quality."""


class Thumbnail(NamedTuple):
    """The small copy of a picture: its data URI and its size in pixels."""

    uri: str
    width: int
    height: int


def thumbnail(image: Image, quality: Quality = SMALL) -> Thumbnail:
    """Return a copy of the picture as PNG or JPEG, whichever suits its content.

    A transparent picture is shown on a checkerboard.
    """
    size = bounded(image.size, quality.longest)
    small = _reduced(image.pixels, *size)
    if image.alpha is not None:
        small = on_checkerboard(small, _reduced(image.alpha, *size))
    form, data = _encoded(small, quality.bytes_per_pixel)
    uri = f"data:image/{form};base64,{base64.b64encode(data).decode('ascii')}"
    return Thumbnail(uri, small.shape[1], small.shape[0])


def bounded(size: tuple[int, int], longest: int = SMALL.longest) -> tuple[int, int]:
    """Return the size of a picture scaled down so that its longer side has at most `longest` pixels."""
    scale = min(1.0, longest / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    return width, height


def _reduced(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Scale an array down. Whole blocks of pixels are averaged first, which is many times faster."""
    cv2 = load_opencv()
    tall, wide = pixels.shape[:2]
    if (wide, tall) == (width, height):
        return pixels
    across, down = wide // width, tall // height
    averaged = pixels
    if down > 1 or across > 1:
        whole = pixels[: tall // down * down, : wide // across * across]
        averaged = cv2.resize(whole, (wide // across, tall // down), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(averaged, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _encoded(pixels: NDArray[np.uint8], bytes_per_pixel: float) -> tuple[str, bytes]:
    cv2 = load_opencv()
    mirrored = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    photograph = _jpeg(mirrored, _quality(mirrored, bytes_per_pixel))
    if not all(_is_plain(pixels[::step]) for step in (64, 8, 1)):  # a few rows show most photographs
        return "jpeg", photograph
    buffer = io.BytesIO()
    PILImage.fromarray(pixels).save(buffer, "PNG")
    drawing = buffer.getvalue()
    return ("png", drawing) if len(drawing) <= len(photograph) else ("jpeg", photograph)


def _is_plain(pixels: NDArray[np.uint8]) -> bool:
    return PILImage.fromarray(pixels).getcolors(_FEW_COLORS) is not None


def _quality(mirrored: NDArray[np.uint8], bytes_per_pixel: float) -> int:
    """Return the JPEG quality at which the picture takes about the bytes allowed: less if it is detailed."""
    tall, wide, _ = mirrored.shape
    sample = mirrored
    if tall >= 2 * _BAND:  # a sixth of the rows is enough
        bands = mirrored[: tall // _BAND * _BAND].reshape(-1, _BAND, wide, 3)
        sample = bands[:, _BAND // 2 - 8 : _BAND // 2 + 8].reshape(-1, wide, 3)
    taken = max(1, len(_jpeg(sample, _BEST)) - _HEADER) * mirrored.size / sample.size
    return int(max(_LEAST, _BEST * min(1.0, (_BASE + bytes_per_pixel * tall * wide) / taken)))


def _jpeg(mirrored: NDArray[np.uint8], quality: int) -> bytes:
    """Encode a picture, whose channels are in the order blue, green, red."""
    cv2 = load_opencv()
    encoded: bytes = cv2.imencode(".jpg", mirrored, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    return encoded


def outline(mask: NDArray[np.bool_], width: int, height: int) -> str:
    """Return the SVG path around a mask, scaled to a thumbnail of `width` by `height`.

    Holes are separate subpaths: fill the path by the even-odd rule.
    """
    cv2 = load_opencv()
    small = _reduced(mask.view(np.uint8), width, height)
    contours, _ = cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    polygons = (cv2.approxPolyDP(contour, 0.8, closed=True)[:, 0] for contour in contours)
    return "".join(_subpath(polygon.tolist()) for polygon in polygons if len(polygon) > 2)


def _subpath(points: list[list[int]]) -> str:
    (left, top), *_ = points
    steps = (f"{x - a} {y - b}" for (a, b), (x, y) in itertools.pairwise(points))
    return f"M{left} {top}l{' '.join(steps)}z".replace(" -", "-")
