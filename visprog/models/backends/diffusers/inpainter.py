"""Inpainting by diffusion: Stable Diffusion 1.5, 2, XL and newer, through the diffusers library."""

from __future__ import annotations

import inspect
import json
import logging
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.errors import ModelFailed, UsageError
from visprog.libraries import needs
from visprog.models import fingerprints
from visprog.models.backends.transformers.pretrained import quiet
from visprog.models.checkpoints import find_checkpoint, loading, place
from visprog.models.inpainting import Excerpt, asks_for_removal, excerpt, paste
from visprog.models.locks import ModelLock
from visprog.models.profile import Spec
from visprog.models.progress import report
from visprog.values import Image

_ARGUMENTS = {
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "negative_prompt": "negative_prompt",
    "strength": "strength",
}
"""The options, and their names in the library's pipelines."""

_FULL_STRENGTH = 0.99
"""The strength from which a pipeline replaces the whole content of the mask."""


class DiffusionInpainter:
    """Repaints a part of a picture (Inpainter).

    `pipeline` is one of the library's inpainting pipelines. It sees the mask and its surroundings at a longer
    side of `side` pixels. All pictures use the same `seed`, so the same call gives the same picture.
    `settings` are arguments for the pipeline. Its steps are reported as progress. Safe between threads.
    """

    def __init__(
        self,
        pipeline: Any,
        *,
        side: int | None = None,
        seed: int = 0,
        settings: Mapping[str, Any] | None = None,
        fingerprint: str = "",
    ) -> None:
        self.pipeline = pipeline
        self._side = side or _native_side(pipeline)
        self._seed = seed
        self._taken = _arguments_of(pipeline)
        self._settings = {**_strength(self._taken), **(settings or {})}
        self._lock = ModelLock()
        self.fingerprint = fingerprint
        parts = [part for part in pipeline.components.values() if hasattr(part, "parameters")]
        self.nbytes = sum(w.numel() * w.element_size() for part in parts for w in part.parameters())
        pipeline.set_progress_bar_config(disable=True)

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Return the picture with `prompt` painted into `mask`, shape (height, width); the rest is unchanged.

        A prompt that asks for removal is replaced by an empty one. The painting then follows the
        surroundings, while the model would paint a word such as "nothing" as a thing.

        Raises ModelFailed if the checkpoint's safety checker withholds the painting.
        """
        part = excerpt(image, mask, side=self._side, grid=_grid(self.pipeline))
        if part is None:
            return image
        with self._lock, _quiet():
            painted = self._paint(part, "" if asks_for_removal(prompt) else prompt)
        return paste(image, mask, part, painted)

    def _paint(self, part: Excerpt, prompt: str) -> Image:
        import torch

        arguments = {
            "width": part.image.width,
            "height": part.image.height,
            "callback_on_step_end": self._report,
        }
        output = self.pipeline(
            prompt=prompt,
            image=part.image.to_pil(),
            mask_image=PILImage.fromarray(part.mask.astype(np.uint8) * 255),
            generator=torch.Generator("cpu").manual_seed(self._seed),
            **{name: value for name, value in arguments.items() if name in self._taken},
            **self._settings,
        )
        if any(getattr(output, "nsfw_content_detected", None) or ()):
            raise ModelFailed(
                "the checkpoint's safety checker withheld the painting",
                help="word the prompt differently, or set another `seed`",
            )
        return Image.from_pil(output.images[0])

    def _report(self, pipeline: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        report(step + 1, int(pipeline.num_timesteps))
        return tensors


def load(role: str, identifier: str, options: Mapping[str, Any]) -> DiffusionInpainter:
    """Load a pipeline from its repository on the hub or its folder. Text-to-image pipelines can inpaint too.

    The record of the backend describes the options. Missing options keep the pipeline's defaults, except a
    `strength` that would keep part of the old content. Raises ModelUnavailable, and UsageError for an option
    that this pipeline does not have.
    """
    name = f"diffusers:{identifier}"
    del role  # it is always inpainter
    folder = find_checkpoint(identifier, options.get("revision"))
    device, dtype = place(options)
    with needs("diffusers"), _warnings_ignored():
        from diffusers import AutoPipelineForInpainting
    with loading(identifier), _quiet():
        pipeline = AutoPipelineForInpainting.from_pretrained(
            folder, dtype=dtype, local_files_only=True, use_safetensors=True, **_loading_arguments(folder)
        ).to(device)
    settings = {_ARGUMENTS[option]: options[option] for option in _ARGUMENTS if option in options}
    for argument in settings.keys() - _arguments_of(pipeline):
        option = next(option for option in _ARGUMENTS if _ARGUMENTS[option] == argument)
        raise UsageError(f"{type(pipeline).__name__} of {name} has no `{option}`", help="leave it out")
    return DiffusionInpainter(
        pipeline,
        side=options.get("side"),
        seed=options.get("seed", 0),
        settings=settings,
        fingerprint=fingerprints.fingerprint(Spec("diffusers", identifier, options)),
    )


def _arguments_of(pipeline: Any) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(type(pipeline).__call__).parameters


def _strength(taken: Mapping[str, inspect.Parameter]) -> dict[str, float]:
    own = taken["strength"].default if "strength" in taken else None
    return {"strength": 1.0} if isinstance(own, float) and own < _FULL_STRENGTH else {}


def _native_side(pipeline: Any) -> int:
    """Return the side of the square pictures that the pipeline was trained on, in pixels."""
    network = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    edge = getattr(getattr(network, "config", None), "sample_size", None)
    own: int = edge if isinstance(edge, int) else getattr(pipeline, "default_sample_size", 64)
    return own * int(getattr(pipeline, "vae_scale_factor", 8))


def _grid(pipeline: Any) -> int:
    """Return the number that sizes must be multiples of. Transformers read pairs of latent pixels."""
    pairs = 2 if getattr(pipeline, "transformer", None) is not None else 1
    return int(getattr(pipeline, "vae_scale_factor", 32)) * pairs


def _loading_arguments(folder: Path) -> dict[str, Any]:
    """Return the arguments for loading the files in a folder.

    Half-precision files are used if there are no others. Missing optional parts, such as a safety checker,
    are left out.
    """
    index = json.loads((folder / "model_index.json").read_text("utf-8"))
    arguments: dict[str, Any] = {part: None for part, kind in index.items() if kind == [None, None]}
    if "safety_checker" in index and not (folder / "safety_checker").is_dir():
        arguments |= {"safety_checker": None, "requires_safety_checker": False}
    for part in ("unet", "transformer"):
        names = [path.name for path in (folder / part).glob("*.safetensors")]
        if names and all(".fp16" in name for name in names):
            arguments["variant"] = "fp16"
    return arguments


@contextmanager
def _quiet() -> Iterator[None]:
    """Switch off the libraries' progress bars and logs inside the block. Errors are still raised."""
    from diffusers.utils import logging as library

    with _QUIETING, quiet():
        before, bars = library.get_verbosity(), library.is_progress_bar_enabled()
        library.set_verbosity(logging.CRITICAL)
        library.disable_progress_bar()
        try:
            yield
        finally:
            library.set_verbosity(before)
            if bars:
                library.enable_progress_bar()


_QUIETING = threading.Lock()
"""Only one pipeline paints at a time, because the library's log is global."""


@contextmanager
def _warnings_ignored() -> Iterator[None]:
    """Ignore the library's warnings about its own use of torch, which it raises on import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
