"""Emoji: covers regions with an emoji."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image as PILImage

from visprog.boxes import clip
from visprog.libraries import load_opencv
from visprog.modules.manipulation.covers import Ellipse, cover
from visprog.modules.manipulation.drawing import Drawing
from visprog.modules.manipulation.foreground import check_same_picture
from visprog.modules.manipulation.sprites import sprite, sprite_name
from visprog.tools import Warn, tool
from visprog.values import Image, Regions

_ROUND = 0.75
"""A drawing is round enough to hide things if it contains a disc of this share of its width."""

_LIGHT, _DARK = (245, 248, 250), (41, 47, 51)
"""The colours of the disc behind drawings that are not round."""


class Sticker(NamedTuple):
    """A drawing that hides things: `disc` is the circle in it that is laid over them, in shares of its size.

    `ground` is the colour behind the drawing.
    """

    drawing: Drawing
    disc: Ellipse
    ground: tuple[int, int, int]


@tool("Emoji", parameter_aliases={"object": ("box",)}, keeps_frame=True)
def emoji(image: Image, object: Regions, emoji: str, *, warn: Warn) -> Image:
    """Cover each region in `object` with an emoji: `face_with_tongue`, `:p`, `8)`, `;)`.

    The emoji hides every pixel of the region's mask or, without a mask, of its box. Of a face, it hides the
    whole head. It is stretched a little to fit. An emoji that is not round is drawn on a disc. Use a name of
    Twemoji in any spelling, an emoji character, or an emoticon.
    """
    sticker = _sticker(sprite_name(emoji))
    check_same_picture(image, (region for region in object if region.mask is not None), object.size)
    covers = [found for region in object if (found := cover(region, image.size)) is not None]
    if not covers:
        warn("there is no region to cover, so the picture is unchanged")
        return image
    picture = image.to_pil()
    # Large covers come first, so that small ones stay visible.
    for place in sorted(covers, key=lambda ellipse: -ellipse.across * ellipse.down):
        _paste(picture, sticker, place)
    return Image.from_pil(picture)


@lru_cache(maxsize=4)  # enlarged drawings are kept, too
def _sticker(name: str) -> Sticker:
    drawing = sprite(name)
    pixels = np.asarray(drawing.original)
    opaque = (pixels[..., 3] == 255).astype(np.uint8)
    color = pixels[opaque > 0][:, :3].mean(axis=0)
    cv2 = load_opencv()
    depth = cv2.distanceTransform(np.pad(opaque, 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    _, radius, _, (x, y) = cv2.minMaxLoc(depth)
    side = len(opaque)
    if 2 * radius >= _ROUND * side:
        disc = Ellipse((x - 0.5) / side, (y - 0.5) / side, (radius - 0.5) / side, (radius - 0.5) / side)
        return Sticker(drawing, disc, tuple(color.round().astype(int).tolist()))
    points = np.argwhere(pixels[..., 3] > 0)[:, ::-1].astype(np.float32) + 0.5
    (x, y), radius = cv2.minEnclosingCircle(points)
    disc = Ellipse(x / side, y / side, (radius + 1) / side, (radius + 1) / side)
    return Sticker(drawing, disc, _DARK if color.mean() > 150 else _LIGHT)


def _paste(picture: PILImage.Image, sticker: Sticker, place: Ellipse) -> None:
    """Lay a sticker over an ellipse of the picture."""
    box = clip(place.box, picture.size)
    assert box is not None, "a cover contains pixels of the picture"  # noqa: S101
    picture.paste(sticker.ground, box, PILImage.fromarray(place.opacity(box)))
    disc = sticker.disc
    width, height = place.across / disc.across, place.down / disc.down
    left, top = math.floor(place.x - disc.x * width), math.floor(place.y - disc.y * height)
    right, bottom = math.ceil(left + width), math.ceil(top + height)
    shown = clip((left, top, right, bottom), picture.size)
    if shown is not None:
        part = (shown[0] - left, shown[1] - top, shown[2] - left, shown[3] - top)
        drawing = sticker.drawing.stretched((right - left, bottom - top), part)
        picture.paste(drawing, shown[:2], drawing)
