"""ColorPop: keeps objects in colour and makes the rest grey."""

from __future__ import annotations

import numpy as np
from PIL import Image as PILImage
from PIL import ImageFilter

from visprog.models.roles import Masker
from visprog.modules.manipulation.foreground import foreground, refined
from visprog.tools import Warn, tool
from visprog.values import Image, Regions

_FEATHER = 1 / 1500
"""Width of the soft edge, as a share of the longer side."""


@tool("ColorPop", parameter_aliases={"object": ("box",)}, keeps_frame=True)
def color_pop(image: Image, object: Regions, *, masker: Masker | None, warn: Warn) -> Image:
    """Keep the colour of the regions in `object` and make the rest of `image` grey.

    GrabCut fits masks to the edges in the picture. In a region without a mask, it finds the object in the
    box.
    """
    rough = foreground(image, object, masker)
    if not rough.any():
        warn("there is no region to keep in colour, so the picture is unchanged")
        return image
    has_masks = any(region.mask is not None for region in object)
    mask = refined(image, rough) if has_masks else rough
    soft = PILImage.fromarray(mask.astype(np.uint8) * 255)
    soft = soft.filter(ImageFilter.GaussianBlur(max(image.size) * _FEATHER))
    picture = image.to_pil()
    return Image.from_pil(PILImage.composite(picture, picture.convert("L").convert("RGB"), soft))
