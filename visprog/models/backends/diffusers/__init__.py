"""The backend `diffusers`: inpainting pipelines, by name on the hub or by folder."""

from __future__ import annotations

from visprog.models.backend import Backend
from visprog.models.options import PLACEMENT, REVISION, TEXT, Option, number, whole_number

BACKEND = Backend(
    name="diffusers",
    loader="visprog.models.backends.diffusers.inpainter:load",
    roles=("inpainter",),
    packages=("torch", "huggingface_hub", "diffusers"),
    distributions=("diffusers", "transformers", "torch"),
    placed=True,
    pulled=True,
    options=(
        REVISION,
        *PLACEMENT,
        Option(
            "seed",
            whole_number("a whole number from 0", 0, 2**63 - 1),
            "the seed of the random numbers",
            "0",
        ),
        Option(
            "steps",
            whole_number("a whole number from 1"),
            "the number of denoising steps",
            "the pipeline's",
        ),
        Option(
            "guidance",
            number("a number from 0", lambda value: value >= 0),
            "how closely the picture follows the prompt",
            "the pipeline's",
        ),
        Option(
            "negative_prompt", TEXT, "a description of things that the picture should not show", "nothing"
        ),
        Option(
            "strength",
            number("a number above 0, at most 1", lambda value: 0 < value <= 1),
            "how much of the old picture is replaced; 1 replaces all of it",
            "the pipeline's, or 1 if the pipeline would keep part of the old picture",
        ),
        Option(
            "side",
            whole_number("a number of pixels, 1 or more"),
            "the longer side, in pixels, of the picture that the model paints",
            "the size that the pipeline was trained on",
        ),
    ),
)
