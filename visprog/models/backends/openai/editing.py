"""Inpainting by an image model behind an OpenAI-compatible API."""

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
from visprog.models.backends.openai.service import MAX_BYTES, Service, extra_fields
from visprog.models.inpainting import Excerpt, asks_for_removal, excerpt, paste
from visprog.values import Image

DEFAULT_IMAGE_MODEL = "gpt-image-2.5-sunburst"
"""The image model of OpenAI's that keeps closest to an edit's limits."""

_REPLACE = "Fill the masked area of this picture with: {}. Blend it in; leave everything else as it is."
_REMOVE = "Remove what is in the masked area of this picture, and continue the background there."

_SAME_SHAPE = 1.02
"""Up to this ratio between two proportions a picture is scaled; beyond, it shows something else."""


class OpenAIInpainter:
    """Paints a part of a picture anew by the service's endpoint for image edits.

    The model gets a square of `side` pixels: the mask with its surroundings, in their own proportions. What
    it paints is laid over the mask alone; every other pixel stays as it was. A prompt that asks for removal
    is put to the model in words of its own. `deadline` is the longest that a call may take, in seconds, and
    `parameters` are further fields of the request, such as `quality`. Raises ModelUnavailable where there
    is neither a key nor a base URL.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        key: str | None = None,
        api_key_env: str | None = None,
        deadline: float = 240.0,
        max_bytes: int = MAX_BYTES,
        parameters: Mapping[str, Any] | None = None,
        side: int = 1024,
        server: Service | None = None,
    ) -> None:
        self.model = model or DEFAULT_IMAGE_MODEL
        self.side = side
        self._server = server or Service(
            base_url=base_url, key=key, api_key_env=api_key_env, deadline=deadline, max_bytes=max_bytes
        )
        self._extra = extra_fields(parameters)
        self.fingerprint = self._server.fingerprint(self.model, side=side, parameters=parameters)

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Return a picture of the same size in which `mask`, shape (height, width), shows `prompt`.

        Raises ModelRefused, ModelTimeout or ModelFailed; ValueError where the mask has not the picture's
        shape.
        """
        part = excerpt(image, mask, side=self.side)
        if part is None:
            return image
        shown, hidden = _canvas(part, self.side)
        painting = self._server.edit_image(
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
        """Read the picture that came back, at the size that was asked for."""
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
                help="use a model that keeps to the size it is given, or another `side`",
            )
        scaled = painted.to_pil().resize((self.side, self.side), PILImage.Resampling.LANCZOS)
        return Image.from_pil(scaled)

    def __repr__(self) -> str:
        return f"OpenAIInpainter({self.fingerprint!r})"


def _prompt(prompt: str) -> str:
    wanted = sound(prompt).strip()
    return _REMOVE if asks_for_removal(wanted) else _REPLACE.replace("{}", wanted)


def _canvas(part: Excerpt, side: int) -> tuple[bytes, bytes]:
    """Return the part on a square as PNG, its edges repeated, and the mask: transparent where to paint."""
    beyond = ((0, side - part.image.height), (0, side - part.image.width))
    shown = np.pad(part.image.pixels, (*beyond, (0, 0)), mode="edge")
    kept = np.pad(~part.mask, beyond, constant_values=True)
    black = np.zeros((side, side, 4), dtype=np.uint8)  # a mask of few bytes, as services take 4 MB at most
    black[kept, 3] = 255
    return _png(shown), _png(black)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    PILImage.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
