"""Pictures with regions drawn over them. A page contains each distinct picture once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from visprog.boxes import Box
from visprog.trace.limits import shorten
from visprog.trace.number_format import decimal, percent
from visprog.trace.plates import Plate, Plates
from visprog.trace.tags import Rectangle, Tag, place
from visprog.trace.thumbnails import LARGE, SMALL, TINY, outline
from visprog.values import Image, Region, Regions

COLORS = 8
"""Number of colours for regions in the style sheet."""

_DRAWN = 500
"""Maximum number of regions drawn on one picture."""
_CROWD = 12
"""Maximum number of regions whose labels are always visible."""
_LEAST = 200
"""Pixels to which the style sheet widens a narrower picture."""
_ENLARGED = 1.5
"""A picture gets a large copy if its longer side is at least this many times that of the small copy."""
_OUTLINE = 20_000
"""Maximum characters of the outline of one mask. With a longer outline, a region is drawn as a box."""


class Bounds(NamedTuple):
    """Limits of a page: bytes of pictures and of copies, number of regions, and characters of outlines.

    The elements of lists have their own limits for pictures and for enlarged copies.
    """

    pictures: int = 6_000_000
    enlarged: int = 4_000_000
    elements: int = 3_000_000
    enlarged_elements: int = 3_000_000
    regions: int = 3_000
    outlines: int = 2_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """A region as it is drawn: its position and size in percent of the picture, and its label."""

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
    """A picture and the regions drawn over it.

    `picture` is the id of its element, which is `width` by `height`; `size` is that of the original picture.
    `hidden` is the number of regions that are not drawn. `large` is a larger copy of the picture, if any.
    """

    picture: str
    width: int
    height: int
    size: tuple[int, int]
    alt: str
    shapes: tuple[Shape, ...] = ()
    hidden: int = 0
    large: Plate | None = None

    @property
    def crowded(self) -> bool:
        """Whether there are so many labels that each appears under the pointer only."""
        return len(self.shapes) > _CROWD

    @property
    def masked(self) -> bool:
        """Whether any region has a mask."""
        return any(shape.outline for shape in self.shapes)

    @property
    def drawn(self) -> tuple[Shape, ...]:
        """The shapes, the largest first, so that the pointer reaches the smaller ones."""
        return tuple(sorted(self.shapes, key=lambda s: -(s.box[2] - s.box[0]) * (s.box[3] - s.box[1])))


class Album:
    """The distinct pictures of a page and the regions drawn over them, within `bounds`.

    `room` is the smallest size, in pixels, at which the page shows a figure that is larger than that; labels
    are placed for this size. `scores` decides whether labels include scores.
    """

    def __init__(
        self, room: tuple[int, int] = (330, 560), *, scores: bool = True, bounds: Bounds | None = None
    ) -> None:
        bounds = Bounds() if bounds is None else bounds
        self._room = room
        self._scores = scores
        self._small = Plates("picture", SMALL, bounds.pictures)
        self._large = Plates("large", LARGE, bounds.enlarged)
        self._elements = Plates("element", TINY, bounds.elements, (self._small,))
        self._enlarged_elements = Plates("view", SMALL, bounds.enlarged_elements, (self._large, self._small))
        self._regions_left = bounds.regions
        self._outlines_left = bounds.outlines
        self._outlines: dict[tuple[int, int, int], str] = {}

    def figure(self, image: Image, alt: str, regions: Regions | None = None) -> Figure | None:
        """Return a figure of `image` with `regions` over it, or None if there is no room for the picture."""
        plate = self._small.add(image)
        return None if plate is None else self._figure(image, alt, regions, plate, self._large.get(image))

    def element(self, image: Image, alt: str, regions: Regions | None = None) -> Figure | None:
        """Return a small figure of an element of a list. A picture of any size can be enlarged."""
        plate = self._elements.add(image)
        if plate is None:
            return None
        large = self._large.get(image) or self._enlarged_elements.add(image) or plate
        return self._figure(image, alt, regions, plate, large)

    def _figure(
        self, image: Image, alt: str, regions: Regions | None, plate: Plate, large: Plate | None
    ) -> Figure:
        shown = () if regions is None else self._shapes(regions[: min(_DRAWN, self._regions_left)], plate)
        self._regions_left -= len(shown)
        hidden = 0 if regions is None else len(regions) - len(shown)
        return Figure(plate.name, plate.width, plate.height, image.size, alt, shown, hidden, large)

    def enlarge(self, image: Image) -> None:
        """Keep a large copy of a picture that is much larger than its small copy, if there is room."""
        if max(image.size) >= _ENLARGED * SMALL.longest:
            self._large.add(image)

    @property
    def elements(self) -> Markup:
        """The elements of the pictures, to be defined once in an SVG."""
        plates = [each for plates in self._plates for each in plates.all]
        return Markup("\n".join(plate.element for plate in plates))  # noqa: S704 - made by Plates

    @property
    def proportions(self) -> str:
        """The style with the sizes of the pictures."""
        shown = self._small.all + self._elements.all
        return "".join(f".{each.name}{{--w:{each.width};--h:{each.height}}}" for each in shown)

    @property
    def _plates(self) -> tuple[Plates, ...]:
        return self._small, self._large, self._elements, self._enlarged_elements

    def is_same(self, one: Image, other: Image) -> bool:
        """Return whether two pictures of the page look the same. Adds them if needed."""
        plate = self._small.add(one)
        return plate is not None and plate is self._small.add(other)

    def _shapes(self, regions: Regions, plate: Plate) -> tuple[Shape, ...]:
        colors: dict[str, int] = {}
        one_label = len(set(regions.labels)) == 1
        shapes = []
        for number, (region, tag) in enumerate(zip(regions, self._tags(regions, plate), strict=True), 1):
            key = f"{number}" if one_label else region.label
            color = colors.setdefault(key, len(colors) % COLORS)
            shapes.append(_shape(number, region, regions.size, color, self._outline(region, plate), tag))
        return tuple(shapes)

    def _tags(self, regions: Regions, plate: Plate) -> list[Tag]:
        wide, tall = self._room
        width = min(max(plate.width, _LEAST), tall * plate.width / plate.height, wide)
        return place(
            [(shorten(each.label, 80), percent(each.score) if self._scores else "") for each in regions],
            [_relative(each, regions.size) for each in regions],
            (width, width * plate.height / plate.width),
            crowded=len(regions) > _CROWD,
        )

    def _outline(self, region: Region, plate: Plate) -> str:
        """Return the path of the region's mask. Paths are cached: steps often return the same regions."""
        if region.mask is None or self._outlines_left <= 0:
            return ""
        key = id(region.mask), plate.width, plate.height
        if key not in self._outlines:
            path = outline(region.mask, plate.width, plate.height)
            self._outlines[key] = path if len(path) <= _OUTLINE else ""
        self._outlines_left -= len(self._outlines[key])
        return self._outlines[key]


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
