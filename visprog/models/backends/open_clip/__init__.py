"""The backend `open_clip`: CLIP and CoCa, by the names of OpenCLIP, by name on the hub, or by folder."""

from __future__ import annotations

from visprog.errors import ModelError
from visprog.models.backend import Backend
from visprog.models.options import PLACEMENT, REVISION, TEMPLATES, Option, whole_number


def _repository(identifier: str) -> str:
    from visprog.models.backends.open_clip.clip import repository

    try:
        return repository(identifier)
    except ModelError:  # the package, which knows the names, is not installed
        return identifier


BACKEND = Backend(
    name="open_clip",
    loader="visprog.models.backends.open_clip.clip:load",
    roles=("image_text_scorer", "captioner"),
    packages=("torch", "huggingface_hub", "open_clip"),
    distributions=("open-clip-torch", "torch", "torchvision"),
    placed=True,
    pulled=True,
    options=(
        REVISION,
        *PLACEMENT,
        Option("templates", TEMPLATES, "the sentences that a text is put into", "default: seven sentences"),
        Option("beams", whole_number("a whole number from 1"), "the width of the search for a caption", "3"),
    ),
    repository=_repository,
)
