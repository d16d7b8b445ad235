"""Where trained weights go, and in which form: half precision, in safetensors, with all that loads them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import visprog.models

MINI = Path(visprog.models.__file__).parent / "mini"
"""The models that the profile `mini` uses today, one folder each. Training starts from its CLIP."""


def save(model: Any, *processors: Any, folder: Path) -> None:
    """Write a model in half precision, and what prepares its inputs, in place of what is in `folder`.

    `model` is left as it is, but for its values: they are rounded to half precision.
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
        path.chmod(0o644)  # the library leaves weights readable by their owner alone
    making.rename(folder)
