"""Tag: draws boxes and labels."""

from __future__ import annotations

from PIL import ImageDraw

from visprog.boxes import Box, clip
from visprog.modules.manipulation.label_drawing import draw_box, label_colors, write_labels
from visprog.modules.manipulation.label_layout import pen_for
from visprog.tools import Warn, tool
from visprog.values import Image, Regions


@tool("Tag", parameter_aliases={"object": ("box",)}, keeps_frame=True)
def tag(image: Image, object: Regions, *, warn: Warn) -> Image:
    """Draw the box and the label of each region in `object`.

    Each label has its own colour. The font size depends on the size of the picture and, with many regions, of
    the boxes. Labels stay inside the picture and avoid each other. Long labels take several lines or are
    shortened. Labels may be in any script and may contain emoji.
    """
    boxes = [clip(region.box, image.size) for region in object]
    shown = [(region, box) for region, box in zip(object, boxes, strict=True) if box is not None]
    if not shown:
        warn("there is no region to tag, so the picture is unchanged")
        return image
    picture = image.to_pil()
    draw = ImageDraw.Draw(picture)
    pen = pen_for(image.size, [box for _, box in shown])
    colors = label_colors(object)
    # Large boxes come first, so that small boxes inside them stay visible.
    for region, box in sorted(shown, key=lambda pair: -_area(pair[1])):
        draw_box(draw, box, colors[region.label], pen.line)
    write_labels(picture, shown, pen, colors, warn)
    return Image.from_pil(picture)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
