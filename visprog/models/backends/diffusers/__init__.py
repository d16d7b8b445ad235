"""The backend `diffusers`: pipelines that paint, by name on the hub or by folder."""

from __future__ import annotations

from visprog.models.backend import Backend

BACKEND = Backend(
    name="diffusers",
    loader="visprog.models.backends.diffusers.inpainter:load",
    roles=("inpainter",),
    packages=("torch", "huggingface_hub", "diffusers"),
    distributions=("diffusers", "transformers", "torch"),
    placed=True,
    pulled=True,
)
