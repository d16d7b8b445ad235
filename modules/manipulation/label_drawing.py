"""Label drawing: the colours, boxes and labels that Tag and Outline draw."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence

from PIL import Image as PILImage
from PIL import ImageDraw

from visprog.boxes import Box
from visprog.modules.manipulation import fonts
from visprog.modules.manipulation.label_layout import Label, Pen, label_text, place_labels
from visprog.modules.manipulation.lettering import draw_line, missing
from visprog.tools import Warn
from visprog.values import Region, Regions

Color = tuple[int, int, int]

_COLORS: tuple[Color, ...] = (
    (255, 196, 0), (0, 158, 227), (232, 64, 87), (88, 190, 96), (170, 102, 220),
    (255, 127, 42), (0, 190, 178), (240, 120, 180), (150, 200, 40), (70, 100, 220),
)  # fmt: skip
_TEXT_DARK, _TEXT_LIGHT = (20, 20, 24), (255, 255, 255)
_NAMED = 8
"""Maximum number of missing characters that a warning names."""


def label_colors(regions: Regions) -> dict[str, Color]:
    """Return a different colour for each label."""
    return {label: color_at(i) for i, label in enumerate(dict.fromkeys(regions.labels))}


def color_at(index: int) -> Color:
    """Return a colour for any index. Consecutive colours differ clearly."""
    return _COLORS[index] if index < len(_COLORS) else _hue(index)


def _hue(index: int) -> Color:
    """Return a colour whose hue is a multiple of the golden ratio, so that consecutive hues differ."""
    red, green, blue = colorsys.hsv_to_rgb(index * 0.618034 % 1, 0.55 + 0.35 * (index % 2), 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


def draw_box(draw: ImageDraw.ImageDraw, box: Box, color: Color, line: int) -> None:
    """Draw a box along its inner edge, between thin dark lines that separate it from the background."""
    left, top, right, bottom = box
    rim = max(1, line // 3) if line > 1 else 0
    for inset, width, shade in ((0, line + 2 * rim, (0, 0, 0)), (rim, line, color)):
        edges = (left + inset, top + inset, right - 1 - inset, bottom - 1 - inset)
        if edges[0] <= edges[2] and edges[1] <= edges[3]:
            draw.rectangle(edges, outline=shade, width=width)


def write_labels(
    picture: PILImage.Image,
    shown: Sequence[tuple[Region, Box]],
    pen: Pen,
    colors: Mapping[str, Color],
    warn: Warn,
) -> None:
    """Write the label of each region near its visible box, on the label's colour. Warn about lost labels."""
    labels = place_labels(shown, pen, picture.size)
    for label in labels:
        _write(picture, label, colors[label.region.label], pen)
    left_out = sum(bool(label_text(region)) for region, _ in shown) - len(labels)
    if left_out:
        warn(f"{left_out} of {len(shown)} labels do not fit and are not drawn")
    unwritten = missing("".join(label_text(region) for region, _ in shown))
    if unwritten:
        warn(_lacking(unwritten))


def _lacking(unwritten: str) -> str:
    """Return the warning about characters that no font has."""
    named = ", ".join(f"{char} (U+{ord(char):04X})" for char in unwritten[:_NAMED])
    more = f" and {len(unwritten) - _NAMED} more" if len(unwritten) > _NAMED else ""
    return f"no installed font has {named}{more}, so boxes are drawn instead; {fonts.advice(unwritten)}"


def _write(picture: PILImage.Image, label: Label, color: Color, pen: Pen) -> None:
    left, top, right, bottom = label.box
    ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), fill=color)
    for line in label.lines:
        base = top + pen.gap + round(line.ascent)
        draw_line(picture, (left + pen.padding, base), line, text_color(color))
        top = base + round(line.descent)


def text_color(ground: Color) -> Color:
    """Return the text colour with the higher contrast on `ground` (relative luminance of WCAG)."""
    weights = (0.2126, 0.7152, 0.0722)
    luminance = sum(weight * (level / 255) ** 2.2 for weight, level in zip(weights, ground, strict=True))
    return _TEXT_DARK if luminance > 0.18 else _TEXT_LIGHT
