"""A program's result, kept: as text for a terminal, or in a file of the kind that its name says."""

from __future__ import annotations

import json
from functools import singledispatch
from pathlib import Path
from typing import Any

from visprog.errors import OutputError, UsageError
from visprog.files import write_atomically
from visprog.images import PICTURE_ENDINGS, save_image
from visprog.language.checker import Checked
from visprog.language.types import Type
from visprog.printable import json_text
from visprog.trace.rendering import brief_repr
from visprog.trace.shortening import CutList, CutRegions, CutText, Limits, Shortener
from visprog.values import Image, Region, Regions

_ENDINGS = {
    Type.IMAGE: PICTURE_ENDINGS,
    Type.REGIONS: (".json",),
    Type.LIST: (".txt", ".json"),
}
LINE = Limits(text=20_000, items=1_000, value=100_000, total=200_000)
"""How much of its result, warnings and error a line of many results holds."""

_MOST = 4_000_000
"""Characters of JSON that such a result takes at most: every item of a list has more beside its text."""

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


def shortened_plain(value: Any, shortener: Shortener) -> Any:
    """Return as much of a value as `shortener` has room for, as JSON's own kinds.

    A long value of a type that the language does not know is there by its repr, shortened.
    """
    found = plain(shortener(value))
    try:
        fits = len(json.dumps(found, default=repr)) <= _MOST
    except (TypeError, ValueError, RecursionError):
        fits = False
    if fits:
        return found
    shortener.cut = True
    return brief_repr(value)


def save_result(value: Any, path: Path) -> None:
    """Write the whole result; no partial file is ever left. Raises OutputError."""
    if isinstance(value, Image):
        save_image(value, path)
    elif path.suffix.casefold() == ".json":
        write_atomically(path, json_text(plain(value)) + "\n")
    elif path.suffix.casefold() == ".txt":
        write_atomically(path, result_text(value) + "\n")
    else:
        raise OutputError(
            f"the result is {result_text(value)}, which {path.name} cannot hold", help="use .json"
        )


@singledispatch
def plain(value: Any) -> Any:
    """Return a value as JSON's own kinds."""
    return value


@plain.register
def _(value: CutText) -> str:
    return str(value)


@plain.register
def _(value: CutList) -> list[Any]:
    return [*map(plain, value.items), f"… {value.hidden:,} more"]


@plain.register
def _(value: CutRegions) -> list[Any]:
    return [*map(plain, value.regions), f"… {value.length - len(value.regions):,} more"]


@plain.register
def _(value: list) -> list[Any]:  # type: ignore[type-arg]
    return [plain(item) for item in value]


@plain.register
def _(value: Regions) -> list[Any]:
    return [plain(region) for region in value]


@plain.register
def _(value: Region) -> dict[str, Any]:
    area = None if value.mask is None else int(value.mask.sum())
    return {"label": value.label, "score": value.score, "box": list(value.box), "mask_area": area}


@plain.register
def _(value: Image) -> dict[str, Any]:
    return {"width": value.width, "height": value.height, "digest": value.digest}


@singledispatch
def result_text(value: Any) -> str:
    """Return a result as a terminal shows it."""
    return str(value)


@result_text.register
def _(value: Regions) -> str:
    lines = (f"{r.label or 'region'}\t{r.score:.3f}\t{' '.join(map(str, r.box))}" for r in value)
    return "\n".join(lines)


@result_text.register
def _(value: list) -> str:  # type: ignore[type-arg]
    return "\n".join(map(result_text, value))


@result_text.register
def _(value: Image) -> str:
    return f"a picture of {value.width}x{value.height}"
