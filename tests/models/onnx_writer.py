"""Writes small ONNX networks by hand: detectors that look for squares of one colour.

A cell of the grid of 8, 16 or 32 pixels that is filled with the colour of that grid is a find, whose box is
the cell: red for 32, green for 16, blue for 8. Where the answer is known in this way, a swapped axis, a wrong
scale or a box that is off by one pixel shows.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

COLORS = {32: (255, 0, 0), 16: (0, 255, 0), 8: (0, 0, 255)}
"""What each grid looks for, as (red, green, blue)."""

_BGR = {32: (-1.0, -1.0, 1.0), 16: (-1.0, 1.0, -1.0), 8: (1.0, -1.0, -1.0)}
_INT, _INTS, _FLOAT32, _INT64 = 2, 7, 1, 7

Side = int | str


def yolox(side: Side, classes: int = 3, batch: Side = 1) -> bytes:
    """Return a YOLOX with `side` pixels of input. Class 0 is red, 1 green, 2 blue, others never."""
    nodes, constants = [], []
    for grid, place in ((8, 2), (16, 1), (32, 0)):
        rows = [[0.0] * 3 for _ in range(5 + classes)]
        rows[5 + place] = [weight / 255 for weight in _BGR[grid]]
        bias = [0.5, 0.5, 0.0, 0.0, 1.0, *[0.0] * classes]
        nodes += _look(f"s{grid}", grid)
        constants += _weights(f"s{grid}", rows, bias)
        nodes.append(_node("Reshape", [f"s{grid}_seen", "flat"], f"s{grid}_flat"))
    constants.append(_tensor("flat", [3], _INT64, struct.pack("<3q", 1, 5 + classes, -1)))
    nodes.append(_node("Concat", ["s8_flat", "s16_flat", "s32_flat"], "all", _int("axis", 2)))
    nodes.append(_node("Transpose", ["all"], "output", _ints("perm", (0, 2, 1))))
    return _model(nodes, constants, ["output"], (batch, 3, side, side))


def yunet(side: Side = "side", batch: Side = "batch") -> bytes:
    """Return a YuNet to which every square in one of the colours is a face."""
    nodes, constants, outputs = [], [], []
    for grid in (8, 16, 32):
        seen, nothing = [weight / 255 for weight in _BGR[grid]], [0.0, 0.0, 0.0]
        for name, rows, bias in (
            ("cls", [seen], [0.0]),
            ("obj", [seen], [0.0]),
            ("bbox", [nothing] * 4, [0.5, 0.5, 0.0, 0.0]),
            ("kps", [nothing] * 10, [0.5] * 10),
        ):
            own = f"{name}_{grid}"
            nodes += _look(own, grid)
            constants += _weights(own, rows, bias)
            constants.append(_tensor(f"{own}_shape", [3], _INT64, struct.pack("<3q", 1, -1, len(rows))))
            nodes.append(_node("Transpose", [f"{own}_seen"], f"{own}_last", _ints("perm", (0, 2, 3, 1))))
            nodes.append(_node("Reshape", [f"{own}_last", f"{own}_shape"], own))
            outputs.append(own)
    return _model(nodes, constants, outputs, (batch, 3, side, side))


def _look(name: str, grid: int) -> list[bytes]:
    """Average each cell and weigh its channels."""
    size = _ints("kernel_shape", (grid, grid)) + _ints("strides", (grid, grid))
    return [
        _node("AveragePool", ["images"], f"{name}_cells", size),
        _node(
            "Conv",
            [f"{name}_cells", f"{name}_weight", f"{name}_bias"],
            f"{name}_seen",
            _ints("kernel_shape", (1, 1)),
        ),
    ]


def _weights(name: str, rows: Sequence[Sequence[float]], bias: Sequence[float]) -> list[bytes]:
    flat = [weight for row in rows for weight in row]
    return [
        _tensor(f"{name}_weight", [len(rows), 3, 1, 1], _FLOAT32, struct.pack(f"<{len(flat)}f", *flat)),
        _tensor(f"{name}_bias", [len(bias)], _FLOAT32, struct.pack(f"<{len(bias)}f", *bias)),
    ]


def _model(
    nodes: Sequence[bytes], constants: Sequence[bytes], outputs: Sequence[str], shape: Sequence[Side]
) -> bytes:
    sides = b"".join(
        _bytes(1, _number(1, side) if isinstance(side, int) else _text(2, side)) for side in shape
    )
    graph = b"".join(_bytes(1, node) for node in nodes) + _text(2, "squares")
    graph += b"".join(_bytes(5, constant) for constant in constants)
    graph += _bytes(11, _value("images", _bytes(2, sides)))
    graph += b"".join(_bytes(12, _value(name, _bytes(2, b""))) for name in outputs)
    return _number(1, 7) + _bytes(7, graph) + _bytes(8, _text(1, "") + _number(2, 11))


def _value(name: str, shape: bytes) -> bytes:
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, _FLOAT32) + shape))


def _node(kind: str, inputs: Sequence[str], output: str, attributes: bytes = b"") -> bytes:
    named = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(3, f"make_{output}")
    return named + _text(4, kind) + attributes


def _int(name: str, value: int) -> bytes:
    return _bytes(5, _text(1, name) + _number(3, value) + _number(20, _INT))


def _ints(name: str, values: Sequence[int]) -> bytes:
    return _bytes(5, _text(1, name) + b"".join(_number(8, value) for value in values) + _number(20, _INTS))


def _tensor(name: str, sides: Sequence[int], kind: int, content: bytes) -> bytes:
    shape = b"".join(_number(1, side) for side in sides)
    return shape + _number(2, kind) + _text(8, name) + _bytes(9, content)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])
