"""Encodes cache entries: text, numbers, lists and regions as JSON, pictures and masks as PNG.

The PNG of a transparent picture contains its `pixels` and `alpha` unchanged, so viewers show light edges.

An entry is a JSON text and its parts, which are pictures and masks. A part is named by a hash of its content,
so that a part of several entries is written once. Reading an entry cannot run code, as reading a pickle
could.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.engine.cache.memory import CacheEntry
from visprog.frame import Frame
from visprog.transparency import rgba
from visprog.values import Image, Region, Regions

_DIGEST = re.compile("[0-9a-f]{32}")

_FAST = 1
"""Compression level of PNG: higher levels take longer than they save, as a part is read only a few times."""


class UnsupportedValue(Exception):  # noqa: N818 - nothing went wrong
    """Values of this type are not cached on disk."""


class PackedMask(NamedTuple):
    """A mask with eight pixels in a byte. Each row starts with a new byte."""

    size: tuple[int, int]
    bits: bytes


Part: TypeAlias = Image | PackedMask


class Encoded(NamedTuple):
    """An entry as JSON, with its pictures and masks by name."""

    text: str
    parts: Mapping[str, Part]


def encode(entry: CacheEntry) -> Encoded:
    """Return the entry's text and parts. Raises UnsupportedValue for a value of another type."""
    parts: dict[str, Part] = {}
    record = [_tree(entry.value, parts), entry.warnings, entry.models]
    return Encoded(json.dumps(record), parts)


def decode(text: str, part: Callable[[str], bytes]) -> CacheEntry:
    """Return the entry. `part` returns the bytes of a part by its name. A damaged entry raises any error."""
    tree, warnings, models = json.loads(text)
    return CacheEntry(_value(tree, part), _texts(warnings), _texts(models))


def to_png(part: Part) -> bytes:
    """Return a part as the bytes of a PNG file. A mask has one bit for each pixel."""
    if isinstance(part, PackedMask):
        picture = PILImage.frombytes("1", part.size, part.bits)
    else:
        picture = part.to_pil() if part.alpha is None else rgba(part.pixels, part.alpha)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=_FAST)
    return buffer.getvalue()


@singledispatch
def _tree(value: object, parts: dict[str, Part]) -> Any:  # noqa: ARG001 - other types have parts
    raise UnsupportedValue(type(value).__name__)


@_tree.register(str | int | float | None)
def _(value: Any, parts: dict[str, Part]) -> Any:  # noqa: ARG001
    return value


@_tree.register(list)
def _(value: list[Any], parts: dict[str, Part]) -> Any:
    return [_tree(item, parts) for item in value]


@_tree.register
def _(value: Image, parts: dict[str, Part]) -> Any:
    name = f"picture {value.digest}"
    parts[name] = value
    return {"picture": name, "digest": value.digest, "frame": value.frame}


@_tree.register
def _(value: Regions, parts: dict[str, Part]) -> Any:
    regions = [[each.box, each.label, each.score, _named_mask(each, parts)] for each in value]
    return {"regions": regions, "size": [int(side) for side in value.size], "frame": value.frame}


def _named_mask(region: Region, parts: dict[str, Part]) -> str | None:
    if region.mask is None:
        return None
    height, width = region.mask.shape
    bits = np.packbits(region.mask, axis=1).tobytes()
    name = f"mask {width}x{height} {hashlib.blake2b(bits, digest_size=16).hexdigest()}"
    parts[name] = PackedMask((width, height), bits)
    return name


def _value(tree: Any, part: Callable[[str], bytes]) -> Any:
    if isinstance(tree, list):
        return [_value(item, part) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {"picture", "digest", "frame"}:
        frame = _frame(tree["frame"])
        return _picture(_pixels(part(tree["picture"])), _digest(tree["digest"]), frame)
    if tree.keys() != {"regions", "size", "frame"}:
        raise ValueError("a value has an unknown type")
    masks = {name: _pixels(part(name)) for *_, name in tree["regions"] if name is not None}
    width, height = map(_whole, tree["size"])
    regions = (
        Region(_box(box), _text(label), score, None if name is None else masks[name])
        for box, label, score, name in tree["regions"]
    )
    return Regions(regions, size=(width, height), frame=_frame(tree["frame"]))


def _frame(found: Any) -> Frame | None:
    if found is None:
        return None
    root, left, top, (width, height) = found
    return Frame(_digest(root), _whole(left), _whole(top), (_whole(width), _whole(height)))


def _picture(planes: NDArray[Any], digest: str, frame: Frame | None) -> Image:
    if planes.ndim == 3 and planes.shape[2] == 4:
        return Image.restore(planes[..., :3], digest, planes[..., 3], frame)
    return Image.restore(planes, digest, frame=frame)


def _texts(found: Any) -> tuple[str, ...]:
    if not isinstance(found, list):
        raise TypeError("a list of texts is missing")
    return tuple(map(_text, found))


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise TypeError("a text is missing")
    return found


def _digest(found: Any) -> str:
    if not _DIGEST.fullmatch(_text(found)):
        raise ValueError("a picture's digest is malformed")
    return str(found)


def _box(found: Any) -> tuple[int, int, int, int]:
    left, top, right, bottom = map(_whole, found)
    return left, top, right, bottom


def _whole(found: Any) -> int:
    if not isinstance(found, int) or isinstance(found, bool):
        raise TypeError("a whole number is missing")
    return found


def _pixels(png: bytes) -> NDArray[Any]:
    with PILImage.open(io.BytesIO(png), formats=("PNG",)) as picture:
        return np.asarray(picture)
