"""Functions that damage pictures: at random positions, in the parts of a format, or only in metadata."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.campaigns.picture_seeds import EXIF_TEXT, SIZE

Damage = Callable[[bytes, bytes, random.Random], bytes]
"""Damages the first file. Parts may be taken from the second one, which often has the same format."""

_NUMBERS = (0, 1, 2, 3, 9, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_SIDES = (0, 1, 36, 38, 1_000, 6_000, 13_000, 14_143, 16_383, 20_000, 65_500, 65_535, 10**6, 2**31 - 1)


class Part(NamedTuple):
    """A chunk, segment, box or entry of a file, with its header. Its content starts at `body`."""

    kind: bytes
    start: int
    body: int
    end: int


def flip(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Change one bit."""
    position = chance.randrange(len(data))
    return _overwrite(data, position, bytes([data[position] ^ 1 << chance.randrange(8)]))


def flips(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Change several bits."""
    for _ in range(chance.randrange(2, 30)):
        data = flip(data, other, chance)
    return data


def cut(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Cut off the end."""
    return data[: chance.randrange(1, len(data))]


def remove(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Remove some bytes."""
    start = chance.randrange(1, len(data))
    return data[:start] + data[start + chance.choice([1, 2, 4, 50]) :]


def double(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Repeat some bytes, sometimes many times."""
    start = chance.randrange(1, len(data))
    piece = data[start : start + chance.choice([1, 4, 40, 400])]
    return data[:start] + piece * chance.choice([2, 2, 300]) + data[start + len(piece) :]


def insert(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Insert random bytes."""
    position = chance.randrange(1, len(data))
    return data[:position] + chance.randbytes(chance.randrange(1, 60)) + data[position:]


def splice(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Join the beginning of this file and the end of the other."""
    return data[: chance.randrange(1, len(data))] + other[chance.randrange(len(other)) :]


def number(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Write an extreme number near the beginning or anywhere."""
    position = chance.randrange(min(len(data), chance.choice([40, 200, 10**9])))
    width, order = chance.choice(["B", "H", "I"]), chance.choice("<>")
    mask = (1 << 8 * struct.calcsize(width)) - 1
    return _overwrite(data, position, struct.pack(order + width, chance.choice(_NUMBERS) & mask))


def side(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Replace the width, the height or both, in each place that declares them."""
    declared = [chance.choice(_SIDES)] * 2 if chance.random() < 0.5 else [chance.choice(_SIDES) for _ in SIZE]
    for true, side in zip(SIZE, declared, strict=True):
        if chance.random() < 0.8:
            for width in ("I", "H"):
                mask = (1 << 8 * struct.calcsize(width)) - 1
                for order in "<>":
                    old, new = (struct.pack(order + width, value & mask) for value in (true, side))
                    data = data[:8] + data[8:].replace(old, new, chance.choice([1, 1, 2]))
    return _with_checksums(data)


def drop_part(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Remove a part."""
    part = chance.choice(parts(data) or [Part(b"", 1, 1, 2)])
    return data[: part.start] + data[part.end :]


def double_part(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Repeat a part, sometimes many times."""
    part = chance.choice(parts(data) or [Part(b"", 1, 1, 2)])
    return data[: part.end] + data[part.start : part.end] * chance.choice([1, 1, 500]) + data[part.end :]


def swap_parts(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Exchange two parts."""
    found = parts(data)
    if len(found) < 2:
        return flip(data, other, chance)
    first, second = sorted(chance.sample(found, 2), key=lambda part: part.start)
    middle = data[first.end : second.start]
    return (data[: first.start] + data[second.start : second.end] + middle
            + data[first.start : first.end] + data[second.end :])  # fmt: skip


def foreign_part(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Insert a part of the other file."""
    found, theirs = parts(data), parts(other)
    if not found or not theirs:
        return splice(data, other, chance)
    position, part = chance.choice(found).start, chance.choice(theirs)
    return data[:position] + other[part.start : part.end] + data[position:]


def noisy_part(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Damage the content of a part, and correct its checksum."""
    found = [part for part in parts(data) if part.body < part.end]
    return (
        _with_checksums(_damage_content(data, chance.choice(found), chance))
        if found
        else flips(data, other, chance)
    )


DAMAGES: tuple[Damage, ...] = (
    flip, flips, cut, remove, double, insert, splice, number, number, side, side,
    drop_part, double_part, swap_parts, foreign_part, noisy_part, noisy_part,
)  # fmt: skip


def metadata(data: bytes, other: bytes, chance: random.Random) -> bytes | None:
    """Damage a part that does not define the pixels. Return None if the file has no such part."""
    found = [part for part in parts(data) if _is_metadata(data, part)]
    position = data.find(EXIF_TEXT.encode())
    if position >= 0 and data[4:8] == b"ftyp":
        found.append(Part(b"Exif", position - 60, position - 60, position + len(EXIF_TEXT)))
    if not found:
        return None
    damaged = _damage_content(data, chance.choice(found), chance)
    return _with_checksums(damaged) if chance.random() < 0.7 else damaged


def _is_metadata(data: bytes, part: Part) -> bool:
    if part.body >= part.end:
        return False
    if data[:4] == b"\x89PNG":
        return part.kind[0] >= 97 and part.kind not in (b"tRNS", b"acTL", b"fcTL", b"fdAT")
    if data[:4] == b"RIFF":
        return part.kind in (b"EXIF", b"XMP ", b"ICCP")
    if data[:2] == b"\xff\xd8":
        return part.kind in (b"\xe1", b"\xe2", b"\xfe")
    if data[:4] in (b"II*\0", b"MM\0*"):
        return int.from_bytes(part.kind, "little") in (270, 282, 283, 305, 306, 315, 34_665, 34_853, 34_675)
    return part.kind == b"comment"


def parts(data: bytes) -> list[Part]:
    """Return the parts of a file, as far as they can be found."""
    if data[:4] == b"\x89PNG":
        return list(_chunks(data, 8, ">", 12))
    if data[:4] == b"RIFF":
        return list(_chunks(data, 12, "<", 8))
    if data[:2] == b"\xff\xd8":
        return list(_segments(data))
    if data[4:8] == b"ftyp":
        return list(_boxes(data, 0, len(data)))
    if data[:4] in (b"II*\0", b"MM\0*"):
        return list(_entries(data))
    position = data.find(b"!\xfe")
    return (
        [Part(b"comment", position, position + 3, position + 3 + data[position + 2])] if position > 0 else []
    )


def _chunks(data: bytes, position: int, order: str, overhead: int) -> Iterator[Part]:
    while position + 8 <= len(data):
        size_first = order == ">"
        size = struct.unpack_from(f"{order}I", data, position + (0 if size_first else 4))[0]
        kind = data[position + 4 : position + 8] if size_first else data[position : position + 4]
        end = position + overhead + size + (0 if size_first else size % 2)
        yield Part(kind, position, position + 8, min(position + 8 + size, len(data)))
        position = end


def _segments(data: bytes) -> Iterator[Part]:
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != 0xDA:
        end = position + 2 + struct.unpack_from(">H", data, position + 2)[0]
        yield Part(data[position + 1 : position + 2], position, position + 4, min(end, len(data)))
        position = end


def _boxes(data: bytes, position: int, end: int) -> Iterator[Part]:
    while position + 8 <= end:
        size = max(8, struct.unpack_from(">I", data, position)[0])
        kind = data[position + 4 : position + 8]
        yield Part(kind, position, position + 8, min(position + size, end))
        inner = {b"meta": 12, b"iprp": 8, b"ipco": 8, b"moov": 8, b"trak": 8}.get(kind)
        if inner:
            yield from _boxes(data, position + inner, min(position + size, end))
        position += size


def _entries(data: bytes) -> Iterator[Part]:
    order = "<" if data[:1] == b"I" else ">"
    position = struct.unpack_from(f"{order}I", data, 4)[0]
    if position + 2 > len(data):
        return
    for index in range(struct.unpack_from(f"{order}H", data, position)[0]):
        start = position + 2 + 12 * index
        if start + 12 > len(data):
            return
        tag = struct.unpack_from(f"{order}H", data, start)[0]
        yield Part(tag.to_bytes(2, "little"), start, start + 2, start + 12)


def _damage_content(data: bytes, part: Part, chance: random.Random) -> bytes:
    size = part.end - part.body
    for _ in range(chance.choice([1, 1, 3, min(size, 500)])):
        position = part.body + chance.randrange(size)
        data = _overwrite(data, position, bytes([chance.choice([0, 1, 0x7F, 0xFF, chance.randrange(256)])]))
    return data


def _with_checksums(data: bytes) -> bytes:
    """Correct the checksums of a PNG."""
    if data[:4] != b"\x89PNG":
        return data
    repaired = bytearray(data)
    for part in parts(data):
        if part.end + 4 <= len(data):
            repaired[part.end : part.end + 4] = zlib.crc32(data[part.start + 4 : part.end]).to_bytes(4, "big")
    return bytes(repaired)


def _overwrite(data: bytes, position: int, piece: bytes) -> bytes:
    return (data[:position] + piece + data[position + len(piece) :])[: max(len(data), 1)]
