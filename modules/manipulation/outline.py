"""Outline: draws outlines with numbers and labels."""

from __future__ import annotations

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw

from visprog.boxes import Box
from visprog.libraries import load_opencv
from visprog.modules.manipulation.foreground import Mask, check_same_picture, visible_box
from visprog.modules.manipulation.label_drawing import Color, color_at, draw_box, write_labels
from visprog.modules.manipulation.label_layout import pen_for
from visprog.tools import Warn, tool
from visprog.values import Image, Region, Regions


@tool("Outline", parameter_aliases={"object": ("box",)}, keeps_frame=True)
def outline(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Draw the outline of each region in `object`, with its number and its label.

    Regions are numbered from 1 in their order, and each has its own colour. The outline follows the mask of a
    region; a region without a mask gets its box. Labels may be in any script.
    """
    check_same_picture(image, (region for region in object if region.mask is not None), object.size)
    numbered = (
        Region(region.box, f"{number} {region.label}".rstrip(), region.score, region.mask)
        for number, region in enumerate(object, start=1)
    )
    shown = [(region, box) for region in numbered if (box := visible_box(region, image.size)) is not None]
    if not shown:
        warn("there is no region to outline, so the picture is unchanged")
        return image
    pen = pen_for(image.size, [box for _, box in shown])
    colors = {region.label: color_at(int(region.label.split()[0]) - 1) for region, _ in shown}
    picture = image.to_pil()
    # Large regions come first, so that the outlines of small regions inside them stay visible.
    for region, box in sorted(shown, key=_area, reverse=True):
        picture = _outlined(picture, region.mask, box, colors[region.label], pen.line)
    write_labels(picture, shown, pen, colors, warn)
    return Image.from_pil(picture)


def _area(shown: tuple[Region, Box]) -> int:
    left, top, right, bottom = shown[1]
    return (right - left) * (bottom - top)


def _outlined(
    picture: PILImage.Image, mask: Mask | None, box: Box, color: Color, line: int
) -> PILImage.Image:
    if mask is None:
        draw_box(ImageDraw.Draw(picture), box, color, line)
        return picture
    cv2 = load_opencv()
    left, top, right, bottom = box
    pixels = np.array(picture)
    contours, _ = cv2.findContours(
        mask[top:bottom, left:right].astype(np.uint8),
        cv2.RETR_CCOMP,
        cv2.CHAIN_APPROX_NONE,
        offset=(left, top),
    )
    for width, shade in ((line + 2 * max(1, line // 3), (0, 0, 0)), (line, color)):
        cv2.drawContours(pixels, contours, -1, shade, width, cv2.LINE_AA)
    return PILImage.fromarray(pixels)
