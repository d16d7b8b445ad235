"""The inputs of a program: its text from a file, and pictures by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from visprog.errors import UsageError
from visprog.files import Limit, read_text

if TYPE_CHECKING:
    from visprog.images import Images, Source

PROGRAM = Limit(1_000_000, "give a program, or a bank of examples", UsageError)
"""Maximum size of a program's file."""


def read_program(file: Path) -> str:
    """Return the text of a program's file. Raises UsageError."""
    return read_text(file, PROGRAM)


def named_images(images: Images) -> dict[str, Source]:
    """Return the pictures by the names that programs use for them. Raises UsageError for an invalid name."""
    if isinstance(images, Mapping):
        for name in images:
            if not name.isidentifier():
                raise UsageError(
                    f"`{name}` is not a valid name for a picture",
                    help="use letters, digits and `_`, and start with a letter",
                )
        return dict(images)
    listed: list[Source] = list(images) if isinstance(images, list | tuple) else [images]  # type: ignore[list-item]
    return dict(zip(input_names(images), listed, strict=True))


def input_names(images: Images) -> tuple[str, ...]:
    """Return the names that programs use for the pictures."""
    if isinstance(images, Mapping):
        return tuple(images)
    count = len(images) if isinstance(images, list | tuple) else 1
    if count == 1:
        return ("IMAGE",)
    if count == 2:
        return "LEFT", "RIGHT"
    return tuple(f"IMAGE{number}" for number in range(1, count + 1))
