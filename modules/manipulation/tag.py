"""Tag: boxes and labels."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image as PILImage
from PIL import ImageDraw

from visprog.modules.manipulation import fonts
from visprog.modules.manipulation.lettering import Line, draw_line, missing, wrapped
from visprog.printable import one_line
from visprog.tools import Warn, tool
from visprog.values import Box, Image, Region, Regions, clip

Color = tuple[int, int, int]

_COLORS: tuple[Color, ...] = (
    (255, 196, 0), (0, 158, 227), (232, 64, 87), (88, 190, 96), (170, 102, 220),
    (255, 127, 42), (0, 190, 178), (240, 120, 180), (150, 200, 40), (70, 100, 220),
)  # fmt: skip
_TEXT_DARK, _TEXT_LIGHT = (20, 20, 24), (255, 255, 255)
_CROWD = 40
"""From this many regions on, a label that has no room of its own is left out."""
_MOST_LINES = 3
_MOST_CHARACTERS = 200
_SMALLER = 0.75
"""The size of a label that would be too long otherwise, as a share of the others'."""
_NAMED = 8
"""So many missing characters are named in a warning."""


class _Pen(NamedTuple):
    """How large things are drawn, in pixels."""

    line: int
    points: float
    padding: int


class _Block(NamedTuple):
    """A label's lines, and its extent in pixels."""

    lines: list[Line]
    extent: tuple[int, int]


@tool("Tag", parameter_aliases={"object": ("box",)})
def tag(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Draw the box and the label of each region in `object`.

    Each label has a colour of its own. Sizes follow the picture's and, in a crowd, the boxes'. Labels stay
    inside the picture and out of each other's way; long ones take several lines, too long ones are shortened.
    Labels may be in any script, and may contain emoji.
    """
    boxes = [clip(region.box, image.size) for region in object]
    shown = [(region, box) for region, box in zip(object, boxes, strict=True) if box is not None]
    if not shown:
        warn("there is no region to tag: the picture is unchanged")
        return image
    picture = image.to_pil()
    draw = ImageDraw.Draw(picture)
    pen = _pen(image.size, [box for _, box in shown])
    colors = _colors(object)
    # Large boxes first: a small one inside stays visible.
    for region, box in sorted(shown, key=lambda pair: -_area(pair[1])):
        _outline(draw, box, colors[region.label], pen.line)
    left_out = _write_labels(picture, shown, colors, pen, image.size)
    if left_out:
        warn(f"{left_out} of {len(shown)} labels found no room and are not drawn")
    unwritten = missing("".join(_text(region) for region, _ in shown))
    if unwritten:
        warn(_lacking(unwritten))
    return Image.from_pil(picture)


def _pen(size: tuple[int, int], boxes: list[Box]) -> _Pen:
    longer = max(size)
    sides = sorted(max(box[2] - box[0], box[3] - box[1]) for box in boxes)
    # In a crowd the usual size would hide the picture: go by the middle box, within reason.
    points = longer / 32
    if len(boxes) > 8:
        points = min(points, max(longer / 90, sides[len(sides) // 2] / 5))
    points = max(11.0, points)
    line = max(1, round(points / 8)) if longer >= 64 else 1
    return _Pen(line, points, max(1, round(points / 4)))


def _lacking(unwritten: str) -> str:
    """Say which characters are drawn as boxes, and what to install."""
    named = ", ".join(f"{char} (U+{ord(char):04X})" for char in unwritten[:_NAMED])
    more = f" and {len(unwritten) - _NAMED} more" if len(unwritten) > _NAMED else ""
    return f"no installed font has {named}{more}: boxes are drawn instead; {fonts.advice(unwritten)}"


def _colors(regions: Regions) -> dict[str, Color]:
    labels = list(dict.fromkeys(regions.labels))
    return {label: _COLORS[i] if i < len(_COLORS) else _hue(i) for i, label in enumerate(labels)}


def _hue(index: int) -> Color:
    """Return one of endlessly many colours, neighbours of which are far apart (by the golden section)."""
    red, green, blue = colorsys.hsv_to_rgb(index * 0.618034 % 1, 0.55 + 0.35 * (index % 2), 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


def _outline(draw: ImageDraw.ImageDraw, box: Box, color: Color, line: int) -> None:
    """Draw a box along its inner edge, between thin dark lines that part it from any background."""
    left, top, right, bottom = box
    rim = max(1, line // 3) if line > 1 else 0
    for inset, width, shade in ((0, line + 2 * rim, (0, 0, 0)), (rim, line, color)):
        edges = (left + inset, top + inset, right - 1 - inset, bottom - 1 - inset)
        if edges[0] <= edges[2] and edges[1] <= edges[3]:
            draw.rectangle(edges, outline=shade, width=width)


def _write_labels(
    picture: PILImage.Image,
    shown: list[tuple[Region, Box]],
    colors: dict[str, Color],
    pen: _Pen,
    size: tuple[int, int],
) -> int:
    """Write the labels, best region first; return how many had to be left out."""
    taken: list[Box] = []
    left_out = 0
    for region, box in sorted(shown, key=lambda pair: -pair[0].score):
        text = _text(region)
        if not text:
            continue
        block = _block(text, box, pen, size)
        place = _place(box, block.extent, taken, size)
        crowded = place is None or (len(shown) >= _CROWD and _shared(place, taken) > 0)
        if not block.lines or place is None or crowded:
            left_out += 1
            continue
        taken.append(place)
        _write(picture, block, place, colors[region.label], pen)
    return left_out


def _text(region: Region) -> str:
    """Return a label as it is written: on one line, and without what could deceive."""
    return one_line(" ".join(region.label[: 4 * _MOST_CHARACTERS].split())[:_MOST_CHARACTERS])


def _block(text: str, box: Box, pen: _Pen, size: tuple[int, int]) -> _Block:
    """Set a label: beside its box if it fits, or as wide as the picture, or smaller, or shortened."""
    full = size[0] - 2 * pen.padding
    near = min(full, max(box[2] - box[0], size[0] * 2 // 3))
    lines = list[Line]()
    for points, room in ((pen.points, near), (pen.points, full), (_SMALLER * pen.points, full)):
        most = max(1, min(_MOST_LINES, int(size[1] / 3 / (points * 1.3))))
        lines = wrapped(text, points, room, most)
        if lines and not (lines[-1].text.endswith("…") and not text.endswith("…")):
            break
    width = math.ceil(max((line.width for line in lines), default=0)) + 2 * pen.padding
    height = sum(round(line.ascent) + round(line.descent) for line in lines) + (len(lines) + 1) * _gap(pen)
    return _Block(lines, (min(width, size[0]), height))


def _gap(pen: _Pen) -> int:
    """Return the space above, between and below a label's lines."""
    return max(1, pen.padding // 2)


def _place(box: Box, extent: tuple[int, int], taken: list[Box], size: tuple[int, int]) -> Box | None:
    """Return the spot near the box that shares least with the labels placed; None where it cannot fit."""
    if extent[1] > size[1] or extent[0] > size[0]:
        return None
    spots = list(dict.fromkeys(_spots(box, extent, size)))
    return min(spots, key=lambda spot: _shared(spot, taken))


def _spots(box: Box, extent: tuple[int, int], size: tuple[int, int]) -> Iterator[Box]:
    """Yield places for a label, the most natural first: above, inside at the top, below, at the bottom."""
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


def _write(picture: PILImage.Image, block: _Block, place: Box, color: Color, pen: _Pen) -> None:
    left, top, right, bottom = place
    ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), fill=color)
    for line in block.lines:
        base = top + _gap(pen) + round(line.ascent)
        draw_line(picture, (left + pen.padding, base), line, _text_color(color))
        top = base + round(line.descent)


def _text_color(ground: Color) -> Color:
    """Return dark or light, whichever has the higher contrast on `ground` (WCAG's relative luminance)."""
    weights = (0.2126, 0.7152, 0.0722)
    luminance = sum(weight * (level / 255) ** 2.2 for weight, level in zip(weights, ground, strict=True))
    return _TEXT_DARK if luminance > 0.18 else _TEXT_LIGHT
