"""ReadCode: reads QR codes and bar codes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.libraries import load_opencv
from visprog.tools import Warn, tool
from visprog.values import Image, Region, Regions, enlarge

_MARGIN = 1.2
"""How many times as large as the region the searched box is. A code needs a white margin to be found."""

_SIDES = (1_000, 2_000)
"""Longer sides, in pixels, at which a box is searched. Small codes are enlarged."""

_LARGEST_SCALE = 4.0
"""Largest factor by which a box is enlarged."""


@tool("ReadCode", parameter_aliases={"object": ("box",)})
def read_code(image: Image, object: Regions, *, warn: Warn) -> list[str]:
    """Read the QR code or the bar code in each region in `object`, in their order.

    If a region has several codes, the one nearest to its centre is read. A region without a readable
    code gets an empty text.
    """
    if object.empty:
        warn("there is no region with a code to read, so the list is empty")
    texts = [_read(image, region, warn) for region in object]
    unread = texts.count("")
    if unread:
        warn(f"no code could be read in {unread} of {len(texts)} regions, so their text is empty")
    return texts


def _read(image: Image, region: Region, warn: Warn) -> str:
    box = enlarge(region.box, _MARGIN, image.size)
    if box is None:
        return ""
    center = np.subtract(region.center, box[:2])
    for pixels, scale in _sizes(image.crop(box)):
        codes = {text: math.dist(place / scale, center) for text, place in _codes(pixels)}
        if len(codes) > 1:
            warn(f"a region has {len(codes)} codes; only the one nearest to its centre is read")
        if codes:
            return min(codes, key=codes.__getitem__)
    return ""


def _sizes(part: Image) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """Yield a part of a picture in several sizes, and the factor of each size."""
    cv2 = load_opencv()
    longer = max(part.size)
    for scale in dict.fromkeys(min(side / longer, _LARGEST_SCALE) for side in _SIDES):
        size = max(1, round(part.width * scale)), max(1, round(part.height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        yield cv2.resize(part.pixels, size, interpolation=method), scale


def _codes(pixels: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield the text and the centre of each code that can be read."""
    cv2 = load_opencv()
    for detector in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco(), cv2.barcode.BarcodeDetector()):
        found = list(_detected(detector, pixels))
        yield from found
        if found:
            return


def _detected(detector: Any, pixels: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    cv2 = load_opencv()
    try:
        _, texts, corners, *_ = detector.detectAndDecodeMulti(pixels)
    except (cv2.error, UnicodeDecodeError):  # a damaged code, or one with bytes that are not text
        return
    for text, places in zip(texts, corners if corners is not None else (), strict=False):
        if text:
            yield text, np.asarray(places, dtype=np.float64).reshape(-1, 2).mean(axis=0)
