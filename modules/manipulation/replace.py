"""Replace: paints something else in place of an object."""

from __future__ import annotations

from visprog.errors import ModelFailed
from visprog.models.roles import Inpainter, Masker
from visprog.modules.manipulation.foreground import foreground
from visprog.tools import Warn, tool
from visprog.values import Image, Regions


@tool("Replace", parameter_aliases={"object": ("box",)}, keeps_frame=True)
def replace(
    image: Image, object: Regions, prompt: str, *, inpainter: Inpainter, masker: Masker | None, warn: Warn
) -> Image:
    """Replace the regions in `object` by what `prompt` describes.

    All regions are painted in one call of the model. Pixels outside of them do not change. In a region
    without a mask, GrabCut finds the object in the box.
    """
    mask = foreground(image, object, masker)
    if not mask.any():
        warn("there is no region to replace, so the picture is unchanged")
        return image
    painted = inpainter.inpaint(image, mask, prompt)
    if painted.size != image.size:
        raise ModelFailed(
            f"the inpainter returned a picture of {painted.width}x{painted.height} "
            f"for one of {image.width}x{image.height}",
            help="an Inpainter must return a picture of the same size",
        )
    pixels = image.pixels.copy()
    pixels[mask] = painted.pixels[mask]
    return Image(pixels)
