"""The backend `transformers`: checkpoints of known architectures, by name on the hub or by folder.

Importing this module loads nothing: each role's file, and torch with it, is imported when a model is loaded.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from visprog.errors import ModelUnavailable
from visprog.models.backend import Backend

_LOADERS = {
    "detector": "detector:load_detector",
    "face_detector": "detector:load_detector",
    "segmenter": "segmenter:load_segmenter",
    "masker": "sam:load_sam",
    "image_text_scorer": "scorer:load_scorer",
    "visual_qa": "answers:load_answers",
    "captioner": "answers:load_answers",
    "language_model": "language_loading:load_language_model",
    "transcriber": "speech:load_transcriber",
}
"""Where each role's models are loaded: a file here, and a function in it that takes what `load` takes."""


def load(role: str, identifier: str, options: Mapping[str, Any]) -> object:
    """Return the model that fills the role. Raises ModelUnavailable, and UsageError for a faulty option."""
    if role not in _LOADERS:
        raise ModelUnavailable(
            f"the backend transformers has no models for the role {role}",
            help=f"its roles are {', '.join(_LOADERS)}",
        )
    file, _, function = _LOADERS[role].partition(":")
    loader = getattr(importlib.import_module(f"{__name__}.{file}"), function)
    model: object = loader(role, identifier, options)
    return model


BACKEND = Backend(
    name="transformers",
    loader=f"{__name__}:load",
    roles=tuple(_LOADERS),
    packages=("torch", "huggingface_hub", "tokenizers", "transformers"),
    distributions=("transformers", "torch", "torchvision"),
    placed=True,
    pulled=True,
)
