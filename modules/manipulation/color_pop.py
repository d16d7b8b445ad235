"""ColorPop: keeps objects in colour and makes the rest grey."""

from __future__ import annotations

import numpy as np
from PIL import Image as PILImage

from visprog.models.roles import Masker
from visprog.modules.manipulation.foreground import foreground_alpha
from visprog.tools import Warn, tool
from visprog.values import Image, Regions


@tool("ColorPop", parameter_aliases={"object": ("box",)}, keeps_frame=True)
def color_pop(image: Image, object: Regions, *, masker: Masker | None, warn: Warn) -> Image:
    """Keep the colour of the regions in `object` and make the rest of `image` grey.

    GrabCut fits masks to the edges in the picture. In a region without a mask, it finds the object in the
    box.
    """
    alpha = foreground_alpha(image, object, masker)
    if not alpha.any():
        warn("there is no region to keep in colour, so the picture is unchanged")
        return image
    picture = image.to_pil()
    soft = PILImage.fromarray(np.round(alpha * 255).astype(np.uint8))
    return Image.from_pil(PILImage.composite(picture, picture.convert("L").convert("RGB"), soft))
