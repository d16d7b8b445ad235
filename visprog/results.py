"""A program's result, kept: as text for a terminal, or in a file of the kind that its name says."""

from __future__ import annotations

from pathlib import Path

from visprog.errors import OutputError, UsageError
from visprog.files import write_atomically
from visprog.images import PICTURE_ENDINGS, save_image
from visprog.language.checker import Checked
from visprog.language.types import Type
from visprog.printable import json_text
from visprog.trace.value_view import whole
from visprog.values import Image

_ENDINGS = {
    Type.IMAGE: PICTURE_ENDINGS,
    Type.REGIONS: (".json",),
    Type.LIST: (".txt", ".json"),
}
_TEXT = (".txt", ".json")
_NAMED = {Type.IMAGE: "a picture", Type.REGIONS: "regions", Type.LIST: "a list", Type.ANY: "a value"}


def check_output(checked: Checked, output: Path | None, *, kept: bool) -> None:
    """See before anything runs that the result can be kept where it should go. Raises UsageError.

    `kept` says that the result is kept elsewhere too, so that a picture needs no file of its own.
    """
    kind = next((step.returns for step in checked.steps if step.name == checked.result), Type.ANY)
    if output is None:
        if kind is Type.IMAGE and not kept:
            raise UsageError(
                "the result is a picture, and there is no place for it", help="add `-o FILE.png`"
            )
        return
    endings = PICTURE_ENDINGS + _TEXT if kind is Type.ANY else _ENDINGS.get(kind, _TEXT)
    if output.suffix.casefold() not in endings:
        what = _NAMED.get(kind, "no picture")
        raise UsageError(
            f"the result is {what}, which {output.name} cannot hold",
            help=f"end it with {' or '.join(endings)}",
        )


def save_result(value: object, path: Path) -> None:
    """Write the whole result; no partial file is ever left. Raises OutputError."""
    if isinstance(value, Image):
        save_image(value, path)
    elif path.suffix.casefold() == ".json":
        write_atomically(path, json_text(whole(value).data()) + "\n")
    elif path.suffix.casefold() == ".txt":
        write_atomically(path, whole(value).text() + "\n")
    else:
        raise OutputError(
            f"the result is {whole(value).text()}, which {path.name} cannot hold", help="use .json"
        )
