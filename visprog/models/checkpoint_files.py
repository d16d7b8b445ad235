"""Which files of a checkpoint loading reads, by their names alone.

Weights are read as safetensors: reading pickled ones can run code. A checkpoint is a model, with its weights
at the top, or a pipeline of the diffusers library, with a folder for each part.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

_BESIDE = ("*.json", "*.txt", "*.model", "*.jinja", "*.spm", "*.tiktoken")
"""What is read beside weights: settings, vocabularies, templates."""

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")

_FOREIGN = ("onnx/*", "openvino/*", "coreml/*", "original/*", "flax/*", "safety_checker/*")
"""Folders of other formats, and a filter that pipelines do without."""

_TWIN = ("consolidated*", "*.non_ema.*")
"""Weights that are there a second time, for other software or for further training."""

_HALF = "*.fp16*.safetensors"
"""Weights in half precision, beside the same in full precision."""


def files_to_fetch(names: Iterable[str]) -> list[str]:
    """Return the files to fetch of a repository that holds `names`.

    A pipeline comes in half precision where all its parts do: half the download, for the same pictures to
    the eye. A model comes as it was published.
    """
    native = [name for name in sorted(names) if not _is(name, _FOREIGN)]
    return [name for name in native if _is(name, _BESIDE)] + _weights(native)


def is_weights(name: str) -> bool:
    """Whether a file of this name holds weights that are read."""
    return name.endswith(".safetensors")


def folders_of_pickles(names: Iterable[str]) -> list[str]:
    """Return the folders whose weights are there in pickled form only; the top is the empty name."""
    native = [name for name in names if not _is(name, _FOREIGN)]
    pipeline = _is_pipeline(native)
    pickled = {_folder(name) for name in native if _is(name, _PICKLED) and ("/" in name) == pipeline}
    return sorted(pickled - {_folder(name) for name in _weights(native)})


def _weights(names: list[str]) -> list[str]:
    pipeline = _is_pipeline(names)
    found = [
        name for name in names if is_weights(name) and ("/" in name) == pipeline and not _is(name, _TWIN)
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
