"""Pictures with regions drawn over them, each distinct picture kept once for a whole page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from visprog.trace.rendering import decimal, percent, shorten
from visprog.trace.tags import Rectangle, Tag, place
from visprog.trace.thumbnails import bounded, outline, thumbnail
from visprog.values import Box, Image, Region, Regions

COLORS = 8
"""How many colours the style sheet has for regions."""

_DRAWN = 500
_CROWD = 12
_LEAST = 200
"""Pixels to which the style sheet enlarges a picture that is less wide."""
_FINE = 0.78
"""How much of its own thumbnail's resolution a crop must have as a part of another's."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A region as it is drawn: place and extent in percent of the picture, and its label."""

    number: int
    label: str
    score: str
    box: Box
    x: str
    y: str
    width: str
    height: str
    color: int
    outline: str
    tag: Tag
    boxed: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture and what is drawn over it.

    `picture` is the id of its element, of `width` by `height`; `size` is the picture's own.
    """

    picture: str
    width: int
    height: int
    size: tuple[int, int]
    alt: str
    shapes: tuple[Shape, ...] = ()
    hidden: int = 0

    @property
    def crowded(self) -> bool:
        """Whether labels would cover the picture, so that they wait for the pointer."""
        return len(self.shapes) > _CROWD

    @property
    def masked(self) -> bool:
        """Whether any region has a mask."""
        return any(shape.outline for shape in self.shapes)

    @property
    def drawn(self) -> tuple[Shape, ...]:
        """The shapes with the largest first, so that none covers a smaller one from the pointer."""
        return tuple(sorted(self.shapes, key=lambda s: -(s.box[2] - s.box[0]) * (s.box[3] - s.box[1])))


class _Plate(NamedTuple):
    """A picture on the page: its element's id, that element, and its size there."""

    name: str
    element: str
    width: int
    height: int


class Album:
    """The distinct pictures of a page. A crop of one that is there is drawn as a part of it.

    The page shows figures that are larger than `room`, in pixels, in no less than that; regions are labelled
    to suit, with their scores or without.
    """

    def __init__(self, room: tuple[int, int] = (330, 560), *, scores: bool = True) -> None:
        self._room = room
        self._scores = scores
        self._plates: dict[Image, _Plate] = {}
        self._outlines: dict[tuple[int, int, int], str] = {}

    def figure(self, image: Image, alt: str, regions: Regions | None = None) -> Figure:
        """Return a figure of `image`, with `regions` over it."""
        plate = self._plate(image)
        shown = () if regions is None else self._shapes(regions[:_DRAWN], plate)
        hidden = 0 if regions is None else len(regions) - len(shown)
        return Figure(plate.name, plate.width, plate.height, image.size, alt, shown, hidden)

    @property
    def elements(self) -> Markup:
        """The elements that hold the pictures, to be defined once in an SVG."""
        return Markup("\n".join(plate.element for plate in self._plates.values()))  # noqa: S704 - made below

    @property
    def proportions(self) -> str:
        """The style that tells the pictures' sizes."""
        return "".join(
            f".{each.name}{{--w:{each.width};--h:{each.height}}}" for each in self._plates.values()
        )

    def _plate(self, image: Image) -> _Plate:
        plate = self._plates.get(image)
        if plate is None:
            name = f"picture-{len(self._plates) + 1}"
            plate = self._plates[image] = self._part(name, image) or _whole(name, image)
        return plate

    def is_same(self, one: Image, other: Image) -> bool:
        """Whether two pictures, both figures already or to become such, look the same."""
        return self._plate(one) is self._plate(other)

    def _part(self, name: str, image: Image) -> _Plate | None:
        """Return the picture as a part of the one that it was cropped from, where that shows it as well."""
        if image.origin is None:
            return None
        parent, (left, top, right, bottom) = image.origin
        plate = self._plates.get(parent)
        if plate is None:
            return None
        across, down = plate.width / parent.width, plate.height / parent.height
        x, y, wide, tall = left * across, top * down, (right - left) * across, (bottom - top) * down
        if max(wide, tall) < _FINE * max(bounded(image.size)):
            return None
        width, height = max(1, round(wide)), max(1, round(tall))
        view = " ".join(map(decimal, (x, y, wide, tall)))
        element = (
            f'<svg id="{name}" width="{width}" height="{height}" viewBox="{view}" preserveAspectRatio="none">'
            f'<use href="#{plate.name}"/></svg>'
        )
        return _Plate(name, element, width, height)

    def _shapes(self, regions: Regions, plate: _Plate) -> tuple[Shape, ...]:
        colors: dict[str, int] = {}
        one_label = len(set(regions.labels)) == 1
        shapes = []
        for number, (region, tag) in enumerate(zip(regions, self._tags(regions, plate), strict=True), 1):
            key = f"{number}" if one_label else region.label
            color = colors.setdefault(key, len(colors) % COLORS)
            shapes.append(_shape(number, region, regions.size, color, self._outline(region, plate), tag))
        return tuple(shapes)

    def _tags(self, regions: Regions, plate: _Plate) -> list[Tag]:
        wide, tall = self._room
        width = min(max(plate.width, _LEAST), tall * plate.width / plate.height, wide)
        return place(
            [(shorten(each.label, 80), percent(each.score) if self._scores else "") for each in regions],
            [_relative(each, regions.size) for each in regions],
            (width, width * plate.height / plate.width),
            crowded=len(regions) > _CROWD,
        )

    def _outline(self, region: Region, plate: _Plate) -> str:
        """Return the path of the region's mask; steps pass regions on, so it is worth remembering."""
        if region.mask is None:
            return ""
        key = id(region.mask), plate.width, plate.height
        if key not in self._outlines:
            self._outlines[key] = outline(region.mask, plate.width, plate.height)
        return self._outlines[key]


def _whole(name: str, image: Image) -> _Plate:
    uri, width, height = thumbnail(image)
    element = f'<image id="{name}" width="{width}" height="{height}" href="{uri}"/>'
    return _Plate(name, element, width, height)


def _shape(number: int, region: Region, size: tuple[int, int], color: int, path: str, tag: Tag) -> Shape:
    left, top, right, bottom = _relative(region, size)
    return Shape(
        number=number,
        label=shorten(region.label, 80),
        score=percent(region.score),
        box=region.box,
        x=decimal(left),
        y=decimal(top),
        width=decimal(right - left),
        height=decimal(bottom - top),
        color=color,
        outline=path,
        tag=tag,
        boxed=not path,
    )


def _relative(region: Region, size: tuple[int, int]) -> Rectangle:
    """Return the region's box in percent of its picture."""
    left, top, right, bottom = region.box
    across, down = 100 / size[0], 100 / size[1]
    return left * across, top * down, right * across, bottom * down
