"""Emoji: covers regions with an emoji."""

from __future__ import annotations

from visprog.boxes import clip
from visprog.modules.manipulation.sprites import sprite, sprite_name
from visprog.tools import Warn, tool
from visprog.values import Image, Regions


@tool("Emoji", parameter_aliases={"object": ("box",)}, keeps_frame=True)
def emoji(image: Image, object: Regions, emoji: str, *, warn: Warn) -> Image:
    """Cover each region in `object` with an emoji: `face_with_tongue`, `:p`, `8)`, `;)`.

    The emoji is as large as the longer side of the region's box and centred on it. Use a name of Twemoji in
    any spelling, an emoji character, or an emoticon.
    """
    drawing = sprite(sprite_name(emoji))
    picture = image.to_pil()
    covered = 0
    for region in object:
        if clip(region.box, image.size) is None:
            continue
        side = max(region.width, region.height)
        fitted = drawing.fitted(side, side)
        x, y = region.center
        picture.paste(fitted, (round(x - fitted.width / 2), round(y - fitted.height / 2)), fitted)
        covered += 1
    if not covered:
        warn("there is no region to cover, so the picture is unchanged")
        return image
    return Image.from_pil(picture)
