"""Small copies of pictures, as data URIs, and the outlines of masks at their scale."""

from __future__ import annotations

import base64
import io
import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.values import Image

LARGEST = 640
"""The longer side of a thumbnail in pixels."""

_FEW_COLORS = 64
_QUALITIES = (82, 74, 66, 58, 50, 42)
_BYTES_PER_PIXEL = 0.125


class Thumbnail(NamedTuple):
    """A picture's small copy: its data URI, and its size in pixels."""

    uri: str
    width: int
    height: int


def thumbnail(image: Image) -> Thumbnail:
    """Return the picture within 640 by 640 pixels, as PNG or JPEG, whichever suits its content."""
    small = image.to_pil()
    if max(small.size) > LARGEST:
        small.thumbnail((LARGEST, LARGEST), PILImage.Resampling.LANCZOS, reducing_gap=2.0)
    form, data = _encoded(small)
    uri = f"data:image/{form};base64,{base64.b64encode(data).decode('ascii')}"
    return Thumbnail(uri, small.width, small.height)


def _encoded(picture: PILImage.Image) -> tuple[str, bytes]:
    photograph = _jpeg(picture)
    if picture.getcolors(_FEW_COLORS) is None:
        return "jpeg", photograph
    drawing = _saved(picture, "PNG")
    return ("png", drawing) if len(drawing) <= len(photograph) else ("jpeg", photograph)


def _jpeg(picture: PILImage.Image) -> bytes:
    """Encode with the first quality that keeps within the bytes a pixel is worth; busy pictures bear less."""
    data = b""
    for quality in _QUALITIES:
        data = _saved(picture, "JPEG", quality=quality)
        if len(data) <= _BYTES_PER_PIXEL * picture.width * picture.height:
            break
    return data


def _saved(picture: PILImage.Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def outline(mask: NDArray[np.bool_], width: int, height: int) -> str:
    """Return the SVG path around a mask, scaled to a thumbnail of `width` by `height`.

    Holes are subpaths of their own, to be filled by the even-odd rule.
    """
    import cv2

    small = mask.astype(np.uint8)
    if mask.shape != (height, width):
        shares = cv2.resize(small * 255, (width, height), interpolation=cv2.INTER_AREA)
        small = (shares >= 128).astype(np.uint8)
    contours, _ = cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    polygons = (cv2.approxPolyDP(contour, 0.8, closed=True)[:, 0] for contour in contours)
    return "".join(_subpath(polygon.tolist()) for polygon in polygons if len(polygon) > 2)


def _subpath(points: list[list[int]]) -> str:
    (left, top), *_ = points
    steps = (f"{x - a} {y - b}" for (a, b), (x, y) in itertools.pairwise(points))
    return f"M{left} {top}l{' '.join(steps)}z".replace(" -", "-")
