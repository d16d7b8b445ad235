"""Pictures with regions drawn over them, each distinct picture kept once for a whole page."""

from __future__ import annotations

from dataclasses import dataclass, field

from visprog.trace.rendering import percent, shorten
from visprog.trace.thumbnails import Thumbnail, outline, thumbnail
from visprog.values import Box, Image, Region, Regions

COLORS = 8
"""How many colours the style sheet has for regions."""

_DRAWN = 500
_CROWD = 12


@dataclass(frozen=True, slots=True)
class Shape:
    """A region as it is drawn: place and extent in percent of the picture, and how its label is laid."""

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
    tag_x: str
    tag_width: str
    tag_side: str
    tag_inside: bool
    boxed: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture and what is drawn over it.

    `picture` is the id of its thumbnail, of `width` by `height`; `size` is the picture's own.
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


@dataclass
class Album:
    """The distinct pictures of a page, by digest."""

    _thumbnails: dict[str, tuple[str, Thumbnail]] = field(default_factory=dict)
    _outlines: dict[tuple[int, int, int], str] = field(default_factory=dict)

    def figure(self, image: Image, alt: str, regions: Regions | None = None) -> Figure:
        """Return a figure of `image`, with `regions` over it."""
        if image.digest not in self._thumbnails:
            self._thumbnails[image.digest] = f"picture-{len(self._thumbnails) + 1}", thumbnail(image)
        picture, small = self._thumbnails[image.digest]
        shown = () if regions is None else self._shapes(regions[:_DRAWN], small)
        hidden = 0 if regions is None else len(regions) - len(shown)
        return Figure(picture, small.width, small.height, image.size, alt, shown, hidden)

    @property
    def pictures(self) -> tuple[tuple[str, Thumbnail], ...]:
        """Each picture's id and thumbnail."""
        return tuple(self._thumbnails.values())

    def _shapes(self, regions: Regions, small: Thumbnail) -> tuple[Shape, ...]:
        colors: dict[str, int] = {}
        one_label = len(set(regions.labels)) == 1
        shapes = []
        for number, region in enumerate(regions, 1):
            key = f"{number}" if one_label else region.label
            color = colors.setdefault(key, len(colors) % COLORS)
            shapes.append(_shape(number, region, regions.size, color, self._outline(region, small)))
        return tuple(shapes)

    def _outline(self, region: Region, small: Thumbnail) -> str:
        """Return the path of the region's mask; steps pass regions on, so it is worth remembering."""
        if region.mask is None:
            return ""
        key = id(region.mask), small.width, small.height
        if key not in self._outlines:
            self._outlines[key] = outline(region.mask, small.width, small.height)
        return self._outlines[key]


def _shape(number: int, region: Region, size: tuple[int, int], color: int, path: str) -> Shape:
    left, right = (100 * edge / size[0] for edge in (region.box[0], region.box[2]))
    top, bottom = (100 * edge / size[1] for edge in (region.box[1], region.box[3]))
    to_the_right = left <= 60
    return Shape(
        number=number,
        label=shorten(region.label, 80),
        score=percent(region.score),
        box=region.box,
        x=_short(left),
        y=_short(top),
        width=_short(right - left),
        height=_short(bottom - top),
        color=color,
        outline=path,
        tag_x=_short(max(left, 0)) if to_the_right else "0",
        tag_width=_short(100 - max(left, 0) if to_the_right else min(right, 100)),
        tag_side="start" if to_the_right else "end",
        tag_inside=top < 8,
        boxed=not path,
    )


def _short(amount: float) -> str:
    return f"{amount:.2f}".rstrip("0").rstrip(".")
