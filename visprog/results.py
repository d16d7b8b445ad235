"""Result files: check that a file can store a program's result, and write it."""

from __future__ import annotations

from pathlib import Path

from visprog.errors import OutputError, UsageError
from visprog.files import write_atomically
from visprog.images import PICTURE_ENDINGS, keeps_transparency, save_image
from visprog.language.checked import Checked
from visprog.language.types import Type
from visprog.printable import json_text
from visprog.trace.value_view import describe, whole
from visprog.values import Image

_ENDINGS = {
    Type.IMAGE: PICTURE_ENDINGS,
    Type.REGIONS: (".json",),
}
_TEXT = (".txt", ".json")
_NOUNS = {Type.IMAGE: "a picture", Type.REGIONS: "regions", Type.ANY: "a value"}


def check_output(checked: Checked, output: Path | None, *, kept: bool) -> None:
    """Raise UsageError if `output` cannot store the program's result. Call it before the program runs.

    A result that is a picture needs a file, unless it is `kept` elsewhere.
    """
    kind = next((step.returns for step in checked.steps if step.name == checked.result), Type.ANY)
    if output is None:
        if kind is Type.IMAGE and not kept:
            raise UsageError("the result is a picture and needs a file", help="add `-o FILE.png`")
        return
    endings = PICTURE_ENDINGS + _TEXT if kind is Type.ANY else _ENDINGS.get(kind, _TEXT)
    if output.suffix.casefold() not in endings:
        noun = "a list" if kind.is_list else _NOUNS.get(kind, "not a picture")
        raise UsageError(
            f"{output.name} cannot store the result, which is {noun}",
            help=f"use a name that ends in {' or '.join(endings)}",
        )


def save_result(value: object, path: Path) -> None:
    """Write the whole result, completely or not at all. Raises OutputError."""
    if isinstance(value, Image):
        save_image(value, path)
    elif path.suffix.casefold() == ".json":
        write_atomically(path, json_text(whole(value).data(), default=repr) + "\n")
    elif path.suffix.casefold() == ".txt":
        write_atomically(path, whole(value).text() + "\n")
    else:
        raise OutputError(
            f"{path.name} cannot store the result, which is {describe(value).summary}",
            help="use a name that ends in .json",
        )


def loses_transparency(value: object, path: Path) -> bool:
    """Return whether the value is a transparent picture and the file at `path` shows it on white."""
    return isinstance(value, Image) and value.alpha is not None and not keeps_transparency(path)
