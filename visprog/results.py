"""Result files: check that a file can store a program's result, and write it."""

from __future__ import annotations

import os
from pathlib import Path

from visprog.errors import OutputError, UsageError
from visprog.files import write_atomically
from visprog.images import PICTURE_ENDINGS, keeps_transparency, save_image
from visprog.language.checked import Checked
from visprog.language.types import Type
from visprog.numbered_pictures import is_folder, numbered_pictures
from visprog.printable import json_text
from visprog.trace.pictures import is_pictures
from visprog.trace.value_view import describe, whole
from visprog.values import Image

_ENDINGS = {
    Type.IMAGE: PICTURE_ENDINGS,
    Type.IMAGES: PICTURE_ENDINGS,
    Type.REGIONS: (".json",),
    Type.REGION_SETS: (".json",),
}
_TEXT = (".txt", ".json")
_NOUNS = {
    Type.IMAGE: "a picture",
    Type.IMAGES: "a list of pictures",
    Type.REGIONS: "regions",
    Type.REGION_SETS: "a list of sets of regions",
    Type.ANY: "a value",
}


def check_output(checked: Checked, output: Path | None, *, kept: bool) -> None:
    """Raise UsageError if `output` cannot store the program's result. Call it before the program runs.

    A result that consists of pictures needs a file or a folder, unless it is `kept` elsewhere.
    """
    kind = next((step.returns for step in checked.steps if step.name == checked.result), Type.ANY)
    if output is None:
        if not kept:
            _check_needs_no_file(kind)
        return
    if kind is not Type.IMAGES:
        _check_file(kind, output)
        return
    if not is_folder(output):
        _check_file(kind, output)
    numbered_pictures(output).check_new(UsageError)


def save_result(value: object, path: Path) -> list[Path]:
    """Write the whole result, completely or not at all, and return its files. Raises OutputError.

    A list of pictures is written to numbered files, an empty one to none.
    """
    ending = path.suffix.casefold()
    if is_pictures(value) and ending not in _TEXT:
        return numbered_pictures(path).save(value)
    if value == [] and (is_folder(path) or ending in PICTURE_ENDINGS):
        return []
    if os.path.isdir(path):  # noqa: PTH112 - `is_dir` raises errors for long names
        raise OutputError(
            f"{path} is a folder, and the result is {describe(value).summary}", help="give the name of a file"
        )
    if isinstance(value, Image):
        save_image(value, path)
    elif ending == ".json":
        write_atomically(path, json_text(whole(value).data(), default=repr) + "\n")
    elif ending == ".txt":
        write_atomically(path, whole(value).text() + "\n")
    else:
        raise OutputError(
            f"{path.name} cannot store the result, which is {describe(value).summary}",
            help="use a name that ends in .json",
        )
    return [path]


def _check_needs_no_file(kind: Type) -> None:
    if kind is Type.IMAGE:
        raise UsageError("the result is a picture and needs a file", help="add `-o FILE.png`")
    if kind is Type.IMAGES:
        raise UsageError(
            "the result is a list of pictures and needs files",
            help="add `-o FILE.png` for FILE-1.png, FILE-2.png and so on, or `-o FOLDER`",
        )


def _check_file(kind: Type, output: Path) -> None:
    endings = PICTURE_ENDINGS + _TEXT if kind is Type.ANY else _ENDINGS.get(kind, _TEXT)
    if output.is_dir():
        raise UsageError(f"{output} is a folder", help="give the name of a file")
    if output.suffix.casefold() not in endings:
        noun = _NOUNS.get(kind) or ("a list" if kind.is_list else "not a picture")
        folder = ", or the name of a folder" if kind is Type.IMAGES else ""
        raise UsageError(
            f"{output.name} cannot store the result, which is {noun}",
            help=f"use a name that ends in {' or '.join(endings)}{folder}",
        )


def loses_transparency(value: object, path: Path) -> bool:
    """Return whether the value has a transparent picture, which the file at `path` shows on white."""
    pictures = value if isinstance(value, list) else [value]
    is_transparent = any(isinstance(each, Image) and each.alpha is not None for each in pictures)
    return is_transparent and not keeps_transparency(path)
