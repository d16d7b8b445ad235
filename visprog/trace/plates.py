"""The distinct pictures of a page at one size. Each is embedded once, up to a limit in bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from visprog.trace.number_format import decimal
from visprog.trace.thumbnails import Quality, bounded, thumbnail
from visprog.values import Image

_FINE = 0.78
"""Minimum resolution of a crop drawn as part of another picture, relative to its own copy."""


class Plate(NamedTuple):
    """A picture on the page: the id of its element, the element, and its size in pixels."""

    name: str
    element: str
    width: int
    height: int


class Plates:
    """Embeds copies of pictures with a longer side of at most `quality.longest` pixels.

    The ids start with `prefix`. Once the copies take `room` bytes, no further picture is embedded. A crop of
    an embedded picture is drawn as part of it. Pictures that one of `others` has are not embedded again.
    """

    def __init__(self, prefix: str, quality: Quality, room: int, others: Sequence[Plates] = ()) -> None:
        self._prefix = prefix
        self._quality = quality
        self._room = room
        self._others = others
        self._plates: dict[Image, Plate | None] = {}

    def add(self, image: Image) -> Plate | None:
        """Return the picture's plate, or None if there is no room for it."""
        if (plate := self._other(image)) is not None:
            return plate
        if image not in self._plates:
            name = f"{self._prefix}-{len(self.all) + 1}"
            self._plates[image] = self._part(name, image) or self._whole(name, image)
        return self._plates[image]

    def get(self, image: Image) -> Plate | None:
        """Return the plate of a picture, or None if the picture was not added."""
        return self._plates.get(image)

    @property
    def all(self) -> list[Plate]:
        """All plates, in the order in which they were added."""
        return [plate for plate in self._plates.values() if plate is not None]

    def _other(self, image: Image) -> Plate | None:
        return next((plate for each in self._others if (plate := each.get(image)) is not None), None)

    def _part(self, name: str, image: Image) -> Plate | None:
        """Return the picture as part of the one it was cropped from, if the resolution is good enough."""
        if image.origin is None:
            return None
        parent, (left, top, right, bottom) = image.origin
        plate = self._plates.get(parent) or self._other(parent)
        if plate is None:
            return None
        across, down = plate.width / parent.width, plate.height / parent.height
        x, y, wide, tall = left * across, top * down, (right - left) * across, (bottom - top) * down
        if max(wide, tall) < _FINE * max(bounded(image.size, self._quality.longest)):
            return None
        width, height = max(1, round(wide)), max(1, round(tall))
        view = " ".join(map(decimal, (x, y, wide, tall)))
        element = (
            f'<svg id="{name}" width="{width}" height="{height}" viewBox="{view}" preserveAspectRatio="none">'
            f'<use href="#{plate.name}"/></svg>'
        )
        return Plate(name, element, width, height)

    def _whole(self, name: str, image: Image) -> Plate | None:
        if self._room <= 0:
            return None
        uri, width, height = thumbnail(image, self._quality)
        if len(uri) > self._room:
            return None
        self._room -= len(uri)
        element = f'<image id="{name}" width="{width}" height="{height}" href="{uri}"/>'
        return Plate(name, element, width, height)
