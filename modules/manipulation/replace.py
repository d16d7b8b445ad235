"""Replace: paints regions anew."""

from __future__ import annotations

from visprog.errors import ModelFailed
from visprog.models.roles import Inpainter, Masker
from visprog.modules.manipulation.foreground import foreground
from visprog.tools import Warn, tool
from visprog.values import Image, Regions


@tool("Replace", parameter_aliases={"object": ("box",)})
def replace(
    image: Image, object: Regions, prompt: str, *, inpainter: Inpainter, masker: Masker | None, warn: Warn
) -> Image:
    """Replace the regions in `object` by what `prompt` describes.

    The union of the regions' masks is painted at once. Every pixel outside it stays exactly as it was,
    whatever the model returns there. A region without a mask is cut out of its box.
    """
    mask = foreground(image, object, masker)
    if not mask.any():
        warn("there is nothing to replace: the picture is unchanged")
        return image
    painted = inpainter.inpaint(image, mask, prompt)
    if painted.size != image.size:
        raise ModelFailed(
            f"the inpainter returned a picture of {painted.width}x{painted.height} "
            f"for one of {image.width}x{image.height}",
            help="an Inpainter returns a picture of the size that it was given",
        )
    pixels = image.pixels.copy()
    pixels[mask] = painted.pixels[mask]
    return Image(pixels)
