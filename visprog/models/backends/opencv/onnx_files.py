"""ONNX files for OpenCV: the input's shape, which it does not tell, and open sides, which it cannot read.

An ONNX file is a protocol buffer. Only the path to the sides of the first input is followed here:
model.graph (7), graph.input (11), value.type (2), type.tensor_type (1), tensor.shape (2), shape.dim (1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from visprog.errors import ModelUnavailable, VisProgError
from visprog.files import Limit, read_file
from visprog.libraries import load_opencv

_TO_SHAPE = (2, 1, 2)
_NUMBER, _NAME = 1, 2
"""A side is either a number or the name of one that is left open."""


class _Field(NamedTuple):
    """A field of a message: its number, and where its content starts and ends; a number's value."""

    number: int
    start: int
    end: int
    value: int


_FILE = Limit(2_000_000_000, "give a model in ONNX; larger ones cannot be in one file", ModelUnavailable)


def read_onnx(path: Path) -> bytes:
    """Return a file's content. Raises ModelUnavailable where it cannot be read."""
    return read_file(path.expanduser(), _FILE)


def identity(path: str | Path, content: bytes) -> str:
    """Return the file's name and a hash of its content."""
    return f"{Path(path).name} {hashlib.blake2b(content, digest_size=8).hexdigest()}"


@contextmanager
def expecting_onnx(path: str | Path, what: str) -> Iterator[None]:
    """Turn whatever is raised over a file that is not `what` into ModelUnavailable in words."""
    try:
        with _quiet():
            yield
    except VisProgError:
        raise
    except Exception as cause:  # OpenCV raises its own error for a file of any other kind
        raise ModelUnavailable(
            f"{path} is not {what}, or OpenCV cannot read it", help="the file may be damaged; fetch it again"
        ) from cause


_LOGGING = Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what OpenCV writes to the terminal besides raising it. Its level is the process's."""
    logging = load_opencv().utils.logging
    with _LOGGING:
        level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
        try:
            yield
        finally:
            logging.setLogLevel(level)


def settled(content: bytes, side: int) -> bytes:
    """Return the model with an open batch set to 1, and open width and height to `side`.

    Raises ValueError where the content is no ONNX model of pictures.
    """
    shape = input_shape(content)
    if len(shape) != 4:
        raise ValueError(f"the input of a network for pictures has four sides; this one has {len(shape)}")
    return with_input_shape(content, (1, 3, side, side))


def input_shape(content: bytes) -> tuple[int | None, ...]:
    """Return the sides of the first input, None for one that is left open.

    Raises ValueError where the content is no ONNX model.
    """
    return tuple(_sides(content))


def with_input_shape(content: bytes, shape: tuple[int, ...]) -> bytes:
    """Return the model with the open sides of its first input set to those of `shape`.

    The number is written into the room that the side's name took, so that no length changes. Raises
    ValueError where the content is no ONNX model, or a side has no name or one too short for its number.
    """
    settled = bytearray(content)
    for side, number in zip(_side_fields(content), shape, strict=True):
        if _number(content, side) is not None:
            continue
        room = side.end - side.start - 1
        if room < 1 or number >> (7 * room):
            raise ValueError(f"a side that is left open has no room for {number}")
        settled[side.start] = _NUMBER << 3
        settled[side.start + 1 : side.end] = _padded(number, room)
    return bytes(settled)


def _sides(content: bytes) -> Iterator[int | None]:
    for side in _side_fields(content):
        yield _number(content, side)


def _number(content: bytes, side: _Field) -> int | None:
    numbers = [each.value for each in _fields(content, side.start, side.end) if each.number == _NUMBER]
    return numbers[0] if numbers and numbers[0] > 0 else None


def _side_fields(content: bytes) -> list[_Field]:
    graph = _first(content, _Field(0, 0, len(content), 0), 7)
    shape = _first(content, graph, 11)
    for number in _TO_SHAPE:
        shape = _first(content, shape, number)
    return [each for each in _fields(content, shape.start, shape.end) if each.number == 1]


def _first(content: bytes, inside: _Field, number: int) -> _Field:
    for each in _fields(content, inside.start, inside.end):
        if each.number == number:
            return each
    raise ValueError("this is no ONNX model with an input")


def _fields(content: bytes, start: int, end: int) -> Iterator[_Field]:
    """Yield the fields of the message between `start` and `end`."""
    while start < end:
        key, start = _varint(content, start, end)
        kind, value = key & 7, 0
        begin = start
        if kind == 0:
            value, start = _varint(content, start, end)
        elif kind == 2:
            length, begin = _varint(content, start, end)
            start = begin + length
        elif kind in (1, 5):
            start += 8 if kind == 1 else 4
        else:
            raise ValueError("this is no ONNX model")
        if start > end:
            raise ValueError("this ONNX model is cut off")
        yield _Field(key >> 3, begin, start, value)


def _varint(content: bytes, start: int, end: int) -> tuple[int, int]:
    value = 0
    for index in range(start, min(start + 10, end)):
        value |= (content[index] & 127) << (7 * (index - start))
        if content[index] < 128:
            return value, index + 1
    raise ValueError("this is no ONNX model")


def _padded(number: int, length: int) -> bytes:
    """Write a number in exactly `length` bytes: leading zeros are lawful in a protocol buffer."""
    groups = [(number >> (7 * i)) & 127 for i in range(length)]
    return bytes([*(group | 128 for group in groups[:-1]), groups[-1]])
