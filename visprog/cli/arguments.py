"""Reads instructions and pictures from the words of the command line. Raises UsageError."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from visprog.errors import UsageError
from visprog.files import is_address
from visprog.inputs import named_images

if TYPE_CHECKING:
    from visprog.images import Source


def split_instruction(words: list[str], *, optional: bool) -> tuple[str, list[Path]]:
    """Split `INSTRUCTION IMAGE...`. If it is `optional`, a first word that is a file is a picture."""
    if optional and (not words or is_address(words[0]) or Path(words[0]).is_file()):
        return "", [Path(word) for word in words]
    if not words:
        raise UsageError("the instruction is missing", help='write `visprog run "INSTRUCTION" IMAGE...`')
    return words[0], [Path(word) for word in words[1:]]


def read_pictures(images: list[Path] | None, named: list[str] | None) -> dict[str, Source]:
    """Return the pictures under the names that programs use for them."""
    pictures = named_images(list(images)) if images else {}
    for each in named or ():
        name, equals, path = each.partition("=")
        if not equals or not path:
            raise UsageError(f"`--image {each}` has no path after a `=`", help="write `--image NAME=PATH`")
        if name in pictures:
            raise UsageError(f"two pictures are called {name}", help="give each picture a different name")
        pictures |= named_images({name: Path(path)})
    return pictures
