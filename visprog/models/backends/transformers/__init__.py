"""The backend `transformers`: checkpoints of known architectures, by name on the hub or by folder.

Importing this module imports neither torch nor transformers: the file of a role is imported when a model is
loaded.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from visprog.models.backend import Backend
from visprog.models.options import (
    FLAG,
    FRACTION,
    PLACEMENT,
    REVISION,
    TEMPLATES,
    TEXT,
    TEXTS,
    Option,
    number,
    text,
    whole_number,
)

_LOADERS = {
    "detector": "detector:load_detector",
    "face_detector": "detector:load_detector",
    "segmenter": "segmenter:load_segmenter",
    "masker": "sam:load_sam",
    "image_text_scorer": "scorer:load_scorer",
    "visual_qa": "answers:load_answers",
    "captioner": "answers:load_answers",
    "language_model": "language:load_language_model",
    "transcriber": "speech:load_transcriber",
}
"""The file and the function that load each role's models. The functions have the signature of `load`."""


def load(role: str, identifier: str, options: Mapping[str, Any]) -> object:
    """Return the model that fills the role. Raises ModelUnavailable, and UsageError for a wrong option."""
    file, _, function = _LOADERS[role].partition(":")
    loader = getattr(importlib.import_module(f"{__name__}.{file}"), function)
    model: object = loader(role, identifier, options)
    return model


_FINDERS = ("detector", "face_detector")
_MASKERS = ("segmenter", "masker")
_PICTURE_READERS = ("visual_qa", "captioner", "language_model")
_TOKENS = whole_number("a number of tokens, 1 or more")
_WITH_PLACE = text("a text with {} where the label goes", lambda value: "{}" in value)


_OPTIONS = (
    REVISION,
    *PLACEMENT,
    Option(
        "threshold",
        FRACTION,
        "the lowest score of a region",
        "0.1 for OWL-ViT and OWLv2, 0.25 for Grounding DINO",
        _FINDERS,
    ),
    Option("nms", FRACTION, "the overlap above which two regions count as one", "0.5", _FINDERS),
    Option(
        "template",
        _WITH_PLACE,
        "the sentence that a label is put into",
        "`a photo of {}` for OWL-ViT and OWLv2, `{}` for Grounding DINO",
        _FINDERS,
    ),
    Option(
        "tiles",
        FLAG,
        "whether four parts of the picture are searched too, for small things; not of Grounding DINO",
        "false",
        _FINDERS,
    ),
    Option("face", TEXT, "the label that finds faces", "face", _FINDERS),
    Option(
        "threshold",
        FRACTION,
        "the lowest score of a region; not of SAM",
        "the library's for the architecture",
        ("segmenter",),
    ),
    Option("mask", FRACTION, "the lowest score of a pixel of a mask; not of SAM", "0.5", ("segmenter",)),
    Option(
        "overlap",
        FRACTION,
        "the share of a mask that must remain outside better masks; not of SAM",
        "0.8",
        ("segmenter",),
    ),
    Option(
        "stuff",
        TEXTS,
        "the labels that have one region for each picture, such as sky; not of SAM",
        "the checkpoint's, or those of COCO",
        ("segmenter",),
    ),
    Option(
        "points",
        whole_number("a number of points per side, 1 to 256", 1, 256),
        "the number of points on each side of SAM's grid",
        "32",
        _MASKERS,
    ),
    Option("quality", FRACTION, "the lowest quality that SAM expects of a mask", "0.88", _MASKERS),
    Option("stability", FRACTION, "the lowest stability of a mask of SAM", "0.95", _MASKERS),
    Option("nms", FRACTION, "the overlap above which SAM drops the worse mask", "0.7", _MASKERS),
    Option(
        "zoom",
        number("a number above 1, such as 2", lambda value: value > 1),
        "the size of the part of the picture that SAM sees, as a multiple of the box",
        "SAM sees the whole picture",
        _MASKERS,
    ),
    Option(
        "templates",
        TEMPLATES,
        "the sentences that a noun is put into",
        "default: seven sentences such as `a photo of a {}.`",
        ("image_text_scorer",),
    ),
    Option("max_new_tokens", _TOKENS, "the longest answer, in tokens", "1024", _PICTURE_READERS),
    Option("context", _TOKENS, "the longest conversation, in tokens", "the checkpoint's", _PICTURE_READERS),
    Option("thinking", FLAG, "whether the model thinks before it answers", "false", _PICTURE_READERS),
    Option(
        "side",
        whole_number("a number of pixels, 1 or more"),
        "the longer side, in pixels, of pictures for a chat model",
        "1280",
        _PICTURE_READERS,
    ),
    Option(
        "language",
        text("a language's name or code"),
        "the spoken language",
        "Whisper recognises it",
        ("transcriber",),
    ),
)

BACKEND = Backend(
    name="transformers",
    loader=f"{__name__}:load",
    roles=tuple(_LOADERS),
    packages=("torch", "huggingface_hub", "tokenizers", "transformers"),
    distributions=("transformers", "torch", "torchvision"),
    placed=True,
    pulled=True,
    options=_OPTIONS,
)
