"""ReadCode: reads QR codes and bar codes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import enlarge
from visprog.libraries import load_opencv
from visprog.tools import Warn, tool
from visprog.values import Image, Region, Regions

Point = NDArray[np.float64]

_MARGIN = 1.2
"""How many times as large as the region the searched box is. A code needs a white margin to be found."""

_SCALES = (1.0, 2.0, 1.5, 3.0, 0.5)
"""Factors by which a box is resized, in this order, until a code is found."""

_SURROUNDINGS = 0.2
"""Width of the border added to a box, as a share of its longer side. Bar codes at an edge are not found."""

_LONGEST = 2_000
"""Longer side, in pixels, of the largest picture that is searched."""


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
    for pixels, center in _sizes(image.crop(box), np.subtract(region.center, box[:2])):
        codes = {text: math.dist(place, center) for text, place in _codes(pixels)}
        if len(codes) > 1:
            warn(f"a region has {len(codes)} codes; only the one nearest to its centre is read")
        if codes:
            return min(codes, key=codes.__getitem__)
    return ""


def _sizes(part: Image, center: Point) -> Iterator[tuple[NDArray[np.uint8], Point]]:
    """Yield a part of a picture in several sizes, with a border, and the place of `center` in each."""
    cv2 = load_opencv()
    most = _LONGEST / max(part.size)
    for scale in dict.fromkeys(min(scale, most) for scale in _SCALES):
        size = max(1, round(part.width * scale)), max(1, round(part.height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        resized = cv2.resize(part.pixels, size, interpolation=method)
        border = round(max(size) * _SURROUNDINGS)
        yield cv2.copyMakeBorder(resized, *[border] * 4, cv2.BORDER_REPLICATE), center * scale + border


def _codes(pixels: NDArray[np.uint8]) -> Iterator[tuple[str, Point]]:
    """Yield the text and the centre of each code that can be read."""
    cv2 = load_opencv()
    for detector in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco(), cv2.barcode.BarcodeDetector()):
        found = list(_detected(detector, pixels))
        yield from found
        if found:
            return


def _detected(detector: Any, pixels: NDArray[np.uint8]) -> Iterator[tuple[str, Point]]:
    cv2 = load_opencv()
    try:
        _, texts, corners, *_ = detector.detectAndDecodeMulti(pixels)
    except (cv2.error, UnicodeDecodeError):  # a damaged code, or one with bytes that are not text
        return
    for text, places in zip(texts, corners if corners is not None else (), strict=False):
        if text:
            yield text, np.asarray(places, dtype=np.float64).reshape(-1, 2).mean(axis=0)
