"""Inpainting with an image model of an OpenAI-compatible server."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.errors import ImageError, ModelFailed
from visprog.images import load_image
from visprog.models.backends.openai.outcome import sound
from visprog.models.backends.openai.service import Service, extra_fields
from visprog.models.inpainting import Excerpt, asks_for_removal, excerpt, paste
from visprog.values import Image

DEFAULT_IMAGE_MODEL = "gpt-image-2.5-sunburst"
"""The OpenAI model that changes least outside of the mask."""

DEADLINE = 240.0
"""Default deadline of a request, in seconds."""

_REPLACE = "Fill the masked area of this picture with: {}. Blend it in; leave everything else as it is."
_REMOVE = "Remove what is in the masked area of this picture, and continue the background there."

_SAME_SHAPE = 1.02
"""Largest ratio of the sides of a returned picture that still counts as a square."""


class OpenAIInpainter:
    """An Inpainter that uses the service's endpoint for image edits.

    The model gets a square of `side` pixels with the mask and its surroundings, not distorted. Only pixels
    inside the mask change. A prompt that asks for removal is replaced by an instruction to continue the
    background. `parameters` are more fields of the request, such as `quality`. Raises ModelUnavailable if
    there is no key and no base URL.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        service: Service | None = None,
        parameters: Mapping[str, Any] | None = None,
        side: int = 1024,
    ) -> None:
        self.model = model or DEFAULT_IMAGE_MODEL
        self.side = side
        self._service = service or Service(deadline=DEADLINE)
        self._extra = extra_fields(parameters)
        self.fingerprint = self._service.fingerprint(self.model, side=side, parameters=parameters)

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Return a picture of the same size in which `mask`, shape (height, width), shows `prompt`.

        Raises ModelRefused, ModelTimeout or ModelFailed, and ValueError if the shape of the mask is wrong.
        """
        part = excerpt(image, mask, side=self.side)
        if part is None:
            return image
        shown, hidden = _canvas(part, self.side)
        painting = self._service.edit_image(
            {
                "model": self.model,
                "image": ("image.png", shown, "image/png"),
                "mask": ("mask.png", hidden, "image/png"),
                "prompt": _prompt(prompt),
                "size": f"{self.side}x{self.side}",
                **self._extra,
            }
        )
        painted = self._opened(painting.data)
        width, height = part.image.size
        return paste(image, mask, part, painted.crop((0, 0, width, height)))

    def _opened(self, data: bytes) -> Image:
        """Read the returned picture and scale it to the requested size."""
        try:
            painted = load_image(data)
        except ImageError as cause:
            raise ModelFailed(
                f"{self.model} returned a picture that cannot be read: {cause.message}",
                help="try again later",
            ) from cause
        sides = sorted(painted.size)
        if sides[1] > sides[0] * _SAME_SHAPE:
            raise ModelFailed(
                f"{self.model} returned a picture of {painted.width}x{painted.height} instead of a square",
                help="use a model that returns the requested size, or another `side`",
            )
        scaled = painted.to_pil().resize((self.side, self.side), PILImage.Resampling.LANCZOS)
        return Image.from_pil(scaled)

    def __repr__(self) -> str:
        return f"OpenAIInpainter({self.fingerprint!r})"


def _prompt(prompt: str) -> str:
    prompt = sound(prompt).strip()
    return _REMOVE if asks_for_removal(prompt) else _REPLACE.replace("{}", prompt)


def _canvas(part: Excerpt, side: int) -> tuple[bytes, bytes]:
    """Return two PNG files: the part on a square, its edges repeated, and the mask as transparency."""
    beyond = ((0, side - part.image.height), (0, side - part.image.width))
    shown = np.pad(part.image.pixels, (*beyond, (0, 0)), mode="edge")
    kept = np.pad(~part.mask, beyond, constant_values=True)
    black = np.zeros((side, side, 4), dtype=np.uint8)  # a small file, because services accept at most 4 MB
    black[kept, 3] = 255
    return _png(shown), _png(black)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    PILImage.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
