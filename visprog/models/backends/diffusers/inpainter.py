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
"""Options, and what the library's pipelines call them."""

_ANEW = 0.99
"""Pipelines that keep part of what was there unless told otherwise paint anew at this strength."""


class DiffusionInpainter:
    """Paints a part of a picture anew (Inpainter).

    `pipeline` is one of the library's inpainting pipelines. It sees the mask and its surroundings at `side`
    pixels along the longer side, and every picture is painted from the same `seed`: the same call gives the
    same picture. `settings` are arguments for the pipeline, whose steps are reported as progress. May be
    shared by threads.
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
        self._pipeline = pipeline
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
        """Return the picture with `mask`, shape (height, width), showing `prompt`; the rest is untouched.

        A prompt that asks for removal is left empty: what is painted then follows the surroundings alone,
        where a word for nothing would be painted as a thing.

        Raises ModelFailed where the checkpoint's own safety checker withholds what was painted.
        """
        part = excerpt(image, mask, side=self._side, grid=_grid(self._pipeline))
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
        output = self._pipeline(
            prompt=prompt,
            image=part.image.to_pil(),
            mask_image=PILImage.fromarray(part.mask.astype(np.uint8) * 255),
            generator=torch.Generator("cpu").manual_seed(self._seed),
            **{name: value for name, value in arguments.items() if name in self._taken},
            **self._settings,
        )
        if any(getattr(output, "nsfw_content_detected", None) or ()):
            raise ModelFailed(
                "the checkpoint's safety checker withheld what was painted",
                help="word the prompt differently, or set another `seed`",
            )
        return Image.from_pil(output.images[0])

    def _report(self, pipeline: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        report(step + 1, int(pipeline.num_timesteps))
        return tensors


def load(role: str, identifier: str, options: Mapping[str, Any]) -> DiffusionInpainter:
    """Load a pipeline by its repository on the hub or its folder; one for text to image inpaints as well.

    Options: `seed`, `steps`, `guidance`, `negative_prompt`, `strength` (in (0, 1]), and `side`, the pixels
    along the longer side at which is painted. What is not given is the pipeline's own choice, but for a
    strength that would keep part of what was there. Raises ModelUnavailable, and UsageError for wrong
    options.
    """
    name = f"diffusers:{identifier}"
    del role  # only inpainter
    folder = find_checkpoint(identifier, options.get("revision"))
    device, dtype = place(options)
    with needs("diffusers"), _warnings_ignored():
        from diffusers import AutoPipelineForInpainting
    with loading(identifier), _quiet():
        pipeline = AutoPipelineForInpainting.from_pretrained(
            folder, dtype=dtype, local_files_only=True, use_safetensors=True, **_special(folder)
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
    return {"strength": 1.0} if isinstance(own, float) and own < _ANEW else {}


def _native_side(pipeline: Any) -> int:
    """Return the side of the square pictures that the pipeline was trained on, in pixels."""
    network = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    edge = getattr(getattr(network, "config", None), "sample_size", None)
    own: int = edge if isinstance(edge, int) else getattr(pipeline, "default_sample_size", 64)
    return own * int(getattr(pipeline, "vae_scale_factor", 8))


def _grid(pipeline: Any) -> int:
    """Return what sizes must be multiples of: transformers see pairs of latent pixels."""
    pairs = 2 if getattr(pipeline, "transformer", None) is not None else 1
    return int(getattr(pipeline, "vae_scale_factor", 32)) * pairs


def _special(folder: Path) -> dict[str, Any]:
    """Return arguments that suit what is in the folder.

    Half-precision files are taken where there are no others, and parts that are optional, a safety checker
    among them, are done without where there are none.
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
    """Keep progress bars and advice of the libraries from people; what goes wrong is raised all the same."""
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
"""The library's logging belongs to the whole process: one pipeline paints at a time."""


@contextmanager
def _warnings_ignored() -> Iterator[None]:
    """Keep warnings from people: on import the library warns of what it does itself with torch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
