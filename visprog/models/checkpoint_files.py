"""The files of a checkpoint that are needed to load it, chosen by their names.

Only safetensors weights are read, because reading pickled weights can run code. A checkpoint is a model, with
its weights at the top level, or a pipeline of the diffusers library, with a folder for each part.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

_SETTINGS = ("*.json", "*.txt", "*.model", "*.jinja", "*.spm", "*.tiktoken")
"""Files that are needed besides weights: settings, vocabularies, templates."""

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")

_FOREIGN = ("onnx/*", "openvino/*", "coreml/*", "original/*", "flax/*", "safety_checker/*")
"""Folders of other formats, and a filter that pipelines do not need."""

_COPIES = ("consolidated*", "*.non_ema.*")
"""Copies of the weights, for other software or for training."""

_HALF = "*.fp16*.safetensors"
"""Copies of the weights in half precision."""


def files_to_fetch(names: Iterable[str]) -> list[str]:
    """Return the files to fetch from a repository with these file names.

    Pipelines are fetched in half precision if all their parts have it: that halves the download, and the
    pictures look the same. Models are fetched as they were published.
    """
    native = [name for name in sorted(names) if not _is(name, _FOREIGN)]
    return [name for name in native if _is(name, _SETTINGS)] + _weights(native)


def is_weights(name: str) -> bool:
    """Return whether a file of this name contains weights that can be read."""
    return name.endswith(".safetensors")


def folders_of_pickles(names: Iterable[str]) -> list[str]:
    """Return the folders with pickled weights only. The top level is the empty name."""
    native = [name for name in names if not _is(name, _FOREIGN)]
    pipeline = _is_pipeline(native)
    pickled = {_folder(name) for name in native if _is(name, _PICKLED) and ("/" in name) == pipeline}
    return sorted(pickled - {_folder(name) for name in _weights(native)})


def _weights(names: list[str]) -> list[str]:
    pipeline = _is_pipeline(names)
    found = [
        name for name in names if is_weights(name) and ("/" in name) == pipeline and not _is(name, _COPIES)
    ]
    half = [name for name in found if fnmatch(name, _HALF)]
    if pipeline and {_folder(name) for name in half} == {_folder(name) for name in found}:
        return half
    return [name for name in found if name not in half]


def _is_pipeline(names: list[str]) -> bool:
    return "model_index.json" in names


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _is(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
