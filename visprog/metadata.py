"""Removes the metadata from files of pictures, so that a file whose metadata is damaged can be read.

Pillow cannot do this: it raises an error for the damaged part, and does not tell where the part is.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from typing import BinaryIO

_PNG_START = 8
"""Bytes before the first chunk of a PNG."""

_PIXEL_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
"""The chunks of a PNG that define the pixels of its first frame."""

_METADATA_ITEM = re.compile(rb"(infe[\x02\x03].{3}(?:.{4}|.{6}))(?:Exif|mime)", re.DOTALL)
"""An entry for EXIF or XMP in an AVIF's list of items."""

_METADATA_TAGS = {269, 270, 271, 272, 282, 283, 285, 296, 297, 305, 306, 315, 316, 337}
"""Tags of a TIFF below 700 that do not define its pixels. No tag from 700 on defines them."""


def without_metadata(kind: str, file: BinaryIO) -> BinaryIO | None:
    """Return a copy of a file without its metadata; None if this is not needed for the format."""
    strip = _STRIPPERS.get(kind)
    if strip is None:
        return None
    file.seek(0)
    return io.BytesIO(strip(file.read()))


def _strip_png(data: bytes) -> bytes:
    parts, position = [data[:_PNG_START]], _PNG_START
    while position + 8 <= len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] in _PIXEL_CHUNKS:
            parts.append(data[position:end])
        position = end
    return b"".join(parts)


def _strip_avif(data: bytes) -> bytes:
    """Give metadata items a type that the decoder does not know and therefore ignores."""
    return _METADATA_ITEM.sub(rb"\1none", data)


def _strip_tiff(data: bytes) -> bytes:
    """Give metadata tags in the first directory a value of one byte, which is stored in the tag itself."""
    order = "<" if data[:2] == b"II" else ">"
    large = 43 in data[2:4]
    first, count, size, tag = ("Q", "Q", 20, "HHQ") if large else ("I", "H", 12, "HHI")
    stripped = bytearray(data)
    try:
        position = struct.unpack_from(f"{order}{first}", data, 8 if large else 4)[0]
        entries = struct.unpack_from(f"{order}{count}", data, position)[0]
        position += struct.calcsize(f"={count}")
        for start in range(position, min(position + size * entries, len(data) - size), size):
            number = struct.unpack_from(f"{order}H", data, start)[0]
            if number >= 700 or number in _METADATA_TAGS:
                struct.pack_into(f"{order}{tag}", stripped, start, number, 1, 1)
    except (struct.error, OverflowError):  # the directory itself is damaged
        return data
    return bytes(stripped)


_STRIPPERS: dict[str, Callable[[bytes], bytes]] = {
    "PNG": _strip_png,
    "AVIF": _strip_avif,
    "TIFF": _strip_tiff,
}
