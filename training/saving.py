"""Saves trained models: half precision, safetensors, with their configuration and processors."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import visprog.models

MINI = Path(visprog.models.__file__).parent / "mini"
"""The models of the profile `mini`, one folder each. Other trainings start from its CLIP."""


def save(model: Any, *processors: Any, folder: Path) -> None:
    """Write a model in half precision and its processors into `folder`, and replace what is there.

    The values of `model` are rounded to half precision.
    """
    making = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    dtype = next(model.parameters()).dtype
    model.half().save_pretrained(making)
    model.to(dtype)
    for processor in processors:
        processor.save_pretrained(making)
    shutil.rmtree(folder, ignore_errors=True)
    for path in making.iterdir():
        path.chmod(0o644)  # the library makes weights readable by their owner only
    making.rename(folder)
