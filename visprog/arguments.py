"""What the words of the command line mean: pictures, places, programs and models. Raises UsageError."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from visprog.errors import UsageError

if TYPE_CHECKING:
    from visprog.images import Source
    from visprog.models.zoo import Zoo


def split_words(words: list[str], *, optional: bool) -> tuple[str, list[Path]]:
    """Split `INSTRUCTION IMAGE...`; where it is `optional`, a first word that is a file is no instruction."""
    if optional and (not words or Path(words[0]).is_file()):
        return "", [Path(word) for word in words]
    if not words:
        raise UsageError("there is no instruction", help='write `visprog run "INSTRUCTION" IMAGE...`')
    return words[0], [Path(word) for word in words[1:]]


def named_pictures(images: list[Path] | None, named: list[str] | None) -> dict[str, Source]:
    """Return the pictures by the names that programs know them by."""
    from visprog.session import named_images

    pictures = named_images(list(images)) if images else {}
    for each in named or ():
        name, equals, path = each.partition("=")
        if not equals or not path:
            raise UsageError(f"`--image {each}` names no picture", help="write `--image NAME=PATH`")
        if not name.isidentifier():
            raise UsageError(f"`{name}` cannot name a picture", help="use letters, digits and `_`")
        if name in pictures:
            raise UsageError(f"two pictures are called {name}", help="give each a name of its own")
        pictures[name] = Path(path)
    return pictures


def check_places(pictures: dict[str, Source], output: Path | None, trace: Path | None) -> None:
    """See beforehand that what is computed can be kept, and that no picture is written over."""
    for name, path in pictures.items():
        if isinstance(path, Path) and not path.is_file():
            what = f"{path} is a folder" if path.is_dir() else f"there is no file {path}"
            raise UsageError(f"{name}: {what}", help="give the path of a picture")
    for place in (output, trace):
        if place is not None:
            _check_place(place, [path for path in pictures.values() if isinstance(path, Path)])
    if trace is not None and trace.suffix.casefold() not in (".html", ".htm", ".json"):
        raise UsageError(
            f"a trace is written as .html or .json, not as {trace.name}", help="change the ending"
        )
    if output is not None and trace is not None and output.absolute() == trace.absolute():
        raise UsageError("the result and the trace cannot be the same file", help="give each its own")


def _check_place(place: Path, pictures: list[Path]) -> None:
    try:
        if place.is_dir():
            raise UsageError(f"{place} is a folder", help="give a file's name")
        if not place.parent.is_dir():
            raise UsageError(f"there is no folder {place.parent}", help="make it, or choose another place")
        if not os.access(place.parent, os.W_OK):
            raise UsageError(f"nothing can be written in {place.parent}", help="choose another place")
        if place.exists() and any(place.samefile(path) for path in pictures):
            raise UsageError(f"{place} is one of the given pictures", help="write to another file")
    except OSError as cause:
        raise UsageError(f"{place} cannot be a file: {cause.strerror}", help="choose another name") from cause


def read_program(file: Path) -> tuple[str, str]:
    """Return a program's name and text; `-` is standard input."""
    if str(file) == "-":
        return "standard input", sys.stdin.read()
    try:
        return str(file), file.read_text("utf-8")
    except UnicodeDecodeError as cause:
        raise UsageError(f"{file} is not text in UTF-8", help="give a program as text") from cause
    except OSError as cause:
        raise UsageError(f"{file} cannot be read: {cause.strerror}", help="check the path") from cause


def make_zoo(models: str, filled: list[str] | None = None, device: str = "auto") -> Zoo:
    """Return the models of a profile, with `filled` roles (`ROLE=MODEL`) otherwise."""
    from visprog.models.zoo import Zoo

    roles: dict[str, object] = {}
    for each in filled or ():
        role, equals, model = each.partition("=")
        if not equals or not model:
            raise UsageError(
                f"`--model {each}` names no model", help="write `--model ROLE=BACKEND:IDENTIFIER`"
            )
        roles[role] = model
    return Zoo(models, roles, device=device)
