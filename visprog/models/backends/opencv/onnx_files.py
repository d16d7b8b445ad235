"""Reading ONNX files for OpenCV.

OpenCV does not report the shape of a network's input, and some of its releases cannot read an input with open
sides. So this file reads and sets that shape itself. An ONNX file is a protocol buffer. The messages declared
here have only the fields on the way to the shape; the library keeps the rest of the model unread. External
data is never opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from visprog.errors import ModelUnavailable, VisProgError
from visprog.files import Limit, read_file
from visprog.libraries import load_opencv, needs

_FILE = Limit(2_000_000_000, "give a model in ONNX; larger ones cannot be in one file", ModelUnavailable)


def read_onnx(path: Path) -> bytes:
    """Return a file's content. Raises ModelUnavailable if it cannot be read."""
    return read_file(path.expanduser(), _FILE)


def identity(path: str | Path, content: bytes) -> str:
    """Return the file's name and a hash of its content."""
    return f"{Path(path).name} {hashlib.blake2b(content, digest_size=8).hexdigest()}"


@contextmanager
def expecting_onnx(path: str | Path, what: str) -> Iterator[None]:
    """Raise ModelUnavailable, with a readable message, if the block fails because the file is not `what`."""
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
    """Switch off OpenCV's log, which repeats on the terminal what is raised. Its level is global."""
    logging = load_opencv().utils.logging
    with _LOGGING:
        level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
        try:
            yield
        finally:
            logging.setLogLevel(level)


def input_shape(content: bytes) -> tuple[int | None, ...]:
    """Return the sides of the model's first input, None for an open side.

    Raises ValueError if the content is not an ONNX model.
    """
    return tuple(_length(side) for side in _sides(_parsed(content)))


def with_input_size(content: bytes, side: int) -> bytes:
    """Return the model with an open batch size set to 1, and an open width or height set to `side`.

    Raises ValueError if the content is not an ONNX model that reads pictures.
    """
    model = _parsed(content)
    sides = _sides(model)
    if len(sides) != 4:
        raise ValueError(f"a network that reads pictures has an input with four sides; found {len(sides)}")
    open_sides = [
        (each, length) for each, length in zip(sides, (1, 3, side, side), strict=True) if not _length(each)
    ]
    for each, length in open_sides:
        each.Clear()
        each.dim_value = length
    return bytes(model.SerializeToString()) if open_sides else content


def _length(side: Any) -> int | None:
    return int(side.dim_value) if side.dim_value > 0 else None


def _sides(model: Any) -> Any:
    if not model.graph.input:
        raise ValueError("this ONNX model has no input")
    return model.graph.input[0].type.tensor_type.shape.dim


def _parsed(content: bytes) -> Any:
    with needs("google.protobuf.message"):
        from google.protobuf.message import DecodeError
    try:
        return _model_class().FromString(content)
    except DecodeError as cause:
        raise ValueError(f"this is not an ONNX model: {cause}") from cause


_MESSAGES = {
    "Model": (("graph", 7, "Graph"),),
    "Graph": (("input", 11, "Value"),),
    "Value": (("type", 2, "Type"),),
    "Type": (("tensor_type", 1, "Tensor"),),
    "Tensor": (("shape", 2, "Shape"),),
    "Shape": (("dim", 1, "Dimension"),),
    "Dimension": (("dim_value", 1, ""),),
}
"""For each message of onnx.proto: its fields as (name, number, type); without a type, a whole number."""

_REPEATED = ("input", "dim")


@cache
def _model_class() -> Any:
    """Return a class for the message ModelProto of onnx.proto, reduced to the fields above."""
    with needs("google.protobuf.message_factory"):
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    proto = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="visprog_onnx.proto", package="visprog_onnx")
    for message, fields in _MESSAGES.items():
        declared = file.message_type.add(name=message)
        for name, number, type_name in fields:
            declared.field.add(
                name=name,
                number=number,
                label=proto.LABEL_REPEATED if name in _REPEATED else proto.LABEL_OPTIONAL,
                type=proto.TYPE_MESSAGE if type_name else proto.TYPE_INT64,
                type_name=f".visprog_onnx.{type_name}" if type_name else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("visprog_onnx.Model"))
