"""Missing and damaged files of checkpoints, found without loading the weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from visprog.models.server_json import decoded, read_json

_SETTINGS = ("config.json", "model_index.json", "open_clip_config.json", "adapter_config.json")
"""Files that name the network of the weights. Every checkpoint has one of them."""

_INDEX = "*.safetensors.index.json"
"""The list that gives the file of each weight, if there are several files."""


def checkpoint_fault(folder: Path) -> str | None:
    """Return a sentence about a missing or damaged file; None if there is none."""
    try:
        return next(_faults(folder), None)
    except OSError as cause:
        return f"{cause.filename or folder} cannot be read: {cause.strerror or cause}"


def _faults(folder: Path) -> Iterator[str]:
    if not any((folder / name).is_file() for name in _SETTINGS):
        yield f"{folder} has no config.json"
    for path in sorted((*folder.glob("*.json"), *folder.glob("*/*.json"))):
        if path.is_file() and _content(path) is None:
            yield f"{path} is not JSON"
    for path in sorted(folder.rglob(_INDEX)):
        yield from _missing_weights(path)
    weights = sorted(path for path in folder.rglob("*.safetensors") if path.is_file())
    if not weights:
        yield f"{folder} has no weights in the safetensors format"
    for path in weights:
        fault = header_fault(path)
        if fault is not None:
            yield f"{path} {fault}"


def _missing_weights(index: Path) -> Iterator[str]:
    content = _content(index)
    places = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(places, dict):
        yield f"{index} does not list the files of the weights"
        return
    names = {str(name) for name in places.values()}
    absent = sorted(name for name in names if not (index.parent / name).is_file())
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        yield f"{index.parent / absent[0]}{more} of {len(names)} files of weights are missing"


def _content(path: Path) -> Any:
    return read_json(decoded(path.read_bytes()))


_LONGEST_HEADER = 2**25
"""Bytes of the header of a safetensors file. A network with 100,000 weights has a third of that."""


def header_fault(path: Path) -> str | None:
    """Return the fault of a safetensors file; None if its header describes the whole file.

    The weights themselves are not read.
    """
    from safetensors import SafetensorError, safe_open

    with path.open("rb") as file:
        start = file.read(8)
    if start == b"version ":
        return "is a pointer of Git LFS, not the file itself: run `git lfs pull` in its folder"
    length = int.from_bytes(start, "little")
    if length > _LONGEST_HEADER:
        return f"is not in the safetensors format: its header would have {length:,} bytes"
    try:
        with safe_open(path, "numpy"):
            return None
    except SafetensorError as cause:
        reason = str(cause).removeprefix("Error while deserializing header: ")
        return f"is damaged, or not in the safetensors format: {reason:.200}"
