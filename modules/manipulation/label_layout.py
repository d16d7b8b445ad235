"""Label layout: the text, the lines and the place of each label that Tag draws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from visprog.boxes import Box
from visprog.modules.manipulation.lettering import Line, wrapped
from visprog.printable import one_line
from visprog.values import Region

_CROWD = 40
"""With at least this many regions, labels that would overlap others are left out."""

_MOST_LINES = 3
_MOST_CHARACTERS = 200
_SMALLER = 0.75
"""Font size of labels that are too long, as a share of the usual size."""


class Pen(NamedTuple):
    """Width of lines, font size and padding of labels, in pixels."""

    line: int
    points: float
    padding: int

    @property
    def gap(self) -> int:
        """The space above, between and below the lines of a label."""
        return max(1, self.padding // 2)


class Label(NamedTuple):
    """The lines of a region's label, and the box that they fill in the picture."""

    region: Region
    lines: list[Line]
    box: Box

    @property
    def text(self) -> str:
        """The label's text, as it is drawn."""
        return " ".join(line.text for line in self.lines)


def pen_for(size: tuple[int, int], boxes: Sequence[Box]) -> Pen:
    """Return the pen for a picture of this size and the visible boxes of its regions."""
    longer = max(size)
    sides = sorted(max(box[2] - box[0], box[3] - box[1]) for box in boxes)
    # With many regions the usual size would hide the picture, so use the median box instead.
    points = longer / 32
    if len(boxes) > 8:
        points = min(points, max(longer / 90, sides[len(sides) // 2] / 5))
    points = max(11.0, points)
    line = max(1, round(points / 8)) if longer >= 64 else 1
    return Pen(line, points, max(1, round(points / 4)))


def place_labels(regions: Sequence[tuple[Region, Box]], pen: Pen, size: tuple[int, int]) -> list[Label]:
    """Return the labels that fit into a picture, best region first. Each region has its visible box."""
    placed: list[Label] = []
    taken: list[Box] = []
    for region, box in sorted(regions, key=lambda pair: -pair[0].score):
        lines, extent = _lines(label_text(region), box, pen, size)
        place = _place(box, extent, taken, size)
        if lines and place is not None and (len(regions) < _CROWD or not _shared(place, taken)):
            placed.append(Label(region, lines, place))
            taken.append(place)
    return placed


def label_text(region: Region) -> str:
    """Return the label as one line, shortened and without control characters."""
    return one_line(" ".join(region.label[: 4 * _MOST_CHARACTERS].split())[:_MOST_CHARACTERS])


def _lines(text: str, box: Box, pen: Pen, size: tuple[int, int]) -> tuple[list[Line], tuple[int, int]]:
    """Set a label: near its box if it fits, as wide as the picture, in a smaller font, or shortened.

    Return its lines, and its width and height in pixels.
    """
    full = size[0] - 2 * pen.padding
    near = min(full, max(box[2] - box[0], size[0] * 2 // 3))
    lines = list[Line]()
    for points, room in ((pen.points, near), (pen.points, full), (_SMALLER * pen.points, full)):
        most = max(1, min(_MOST_LINES, int(size[1] / 3 / (points * 1.3))))
        lines = wrapped(text, points, room, most)
        if lines and not (lines[-1].text.endswith("…") and not text.endswith("…")):
            break
    width = math.ceil(max((line.width for line in lines), default=0)) + 2 * pen.padding
    height = sum(round(line.ascent) + round(line.descent) for line in lines) + (len(lines) + 1) * pen.gap
    return lines, (min(width, size[0]), height)


def _place(box: Box, extent: tuple[int, int], taken: list[Box], size: tuple[int, int]) -> Box | None:
    """Return the place near the box that overlaps other labels least. None if the picture is too small."""
    if extent[1] > size[1] or extent[0] > size[0]:
        return None
    spots = list(dict.fromkeys(_spots(box, extent, size)))
    return min(spots, key=lambda spot: _shared(spot, taken))


def _spots(box: Box, extent: tuple[int, int], size: tuple[int, int]) -> Iterator[Box]:
    """Yield places for a label, the best first: above the box, inside it at the top, below it, and so on."""
    width, height = extent
    starts = (box[0], box[2] - width, (box[0] + box[2] - width) // 2)
    tops = (box[1] - height, box[1], box[3], box[3] - height)
    for y in tops:
        for x in starts:
            left = min(max(x, 0), size[0] - width)
            if 0 <= y <= size[1] - height:
                yield left, y, left + width, y + height
    left, top = min(max(box[0], 0), size[0] - width), min(max(box[1], 0), size[1] - height)
    yield left, top, left + width, top + height


def _shared(spot: Box, taken: list[Box]) -> int:
    return sum(_area(common) for other in taken if (common := _common(spot, other)))


def _common(a: Box, b: Box) -> Box | None:
    left, top, right, bottom = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
