"""YOLOX, a fast detector of a fixed list of classes, by OpenCV's own network code.

Z. Ge and others, "YOLOX: Exceeding YOLO Series in 2021", arXiv 2107.08430. Its ONNX files come as the
authors' tool exports them: boxes are not decoded yet.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ModelUnavailable
from visprog.files import Limit, read_text
from visprog.libraries import load_opencv
from visprog.models.backends.opencv.hypernyms import COCO_CLASSES, classes_named
from visprog.models.backends.opencv.onnx_files import (
    expecting_onnx,
    identity,
    input_shape,
    read_onnx,
    with_input_size,
)
from visprog.models.encodings import Encodings
from visprog.values import Box, Image, Region, Regions, clip

_STRIDES = (8, 16, 32)
_GREY = 114
_SAME_THING = 0.5


class YoloxDetector:
    """Finds things of the classes that it was trained on. May be shared by threads.

    `labels` is a file with the name of one class a line; without one, the classes are COCO's eighty. What a
    program asks for is matched to the classes as `hypernyms` beside this file says: `people` to person,
    `animals` to all animals; but a `woman` to person as well, men included. Finds with a confidence of
    `threshold` or more are returned; of those of one noun that overlap by more than half the best is kept.
    `side` is that of the network's input, in pixels, where its file leaves that open.
    """

    def __init__(
        self, path: str | Path, *, labels: str | Path | None = None, threshold: float = 0.3, side: int = 640
    ) -> None:
        self._cv2 = load_opencv()
        self._threshold = threshold
        self.classes = COCO_CLASSES if labels is None else _read_labels(Path(labels))
        content = read_onnx(Path(path))
        self.nbytes = len(content)
        self._name = Path(path).name
        self.fingerprint = (
            f"opencv:{identity(path, content)} {self._cv2.__version__} threshold={threshold} "
            f"side={side} classes={','.join(self.classes)}"
        )
        self._lock = threading.Lock()  # a network keeps its input
        self._kept = Encodings(self._look)  # a program asks for several things in one picture
        with expecting_onnx(path, "a YOLOX detector"):
            model = with_input_size(content, side)
            self._side = _square(input_shape(model))
            self._network = self._cv2.dnn.readNetFromONNX(np.frombuffer(model, dtype=np.uint8))
            shape = self._forward(np.full((self._side, self._side, 3), _GREY, dtype=np.uint8)).shape
        self._check(shape)
        self._cells, self._steps = _grid(self._side)

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        """Return the boxes of everything that one of `labels` names, labelled so, best first.

        Raises ModelError, with the classes, for a label that names none of them.
        """
        wanted = {label: classes_named(label, self.classes, self._name) for label in labels}
        finds = self._finds(image)
        found = [region for label in wanted for region in self._named(finds, label, wanted[label], image)]
        return Regions(sorted(found, key=lambda region: -region.score), size=image.size)

    def _finds(self, image: Image) -> NDArray[np.float32]:
        """Return what the network says of the picture: shape (cells, 5 + classes)."""
        with self._lock:
            return self._kept.of({image.digest: image})[image.digest]

    def _look(self, images: Sequence[Image]) -> Iterator[NDArray[np.float32]]:
        return (self._forward(self._letterboxed(image)) for image in images)

    def _letterboxed(self, image: Image) -> NDArray[np.uint8]:
        """Return the picture in the upper left corner of the network's square, its proportions kept."""
        width, height = self._fitted(image)
        square = np.full((self._side, self._side, 3), _GREY, dtype=np.uint8)
        square[:height, :width] = self._cv2.resize(image.pixels, (width, height))
        return square

    def _fitted(self, image: Image) -> tuple[int, int]:
        factor = self._side / max(image.size)
        width, height = (min(max(round(edge * factor), 1), self._side) for edge in image.size)
        return width, height

    def _forward(self, square: NDArray[np.uint8]) -> NDArray[np.float32]:
        self._network.setInput(self._cv2.dnn.blobFromImage(square, swapRB=True))  # blue, green, red; 0 to 255
        return np.asarray(self._network.forward()[0])

    def _named(
        self, finds: NDArray[np.float32], label: str, classes: Sequence[int], image: Image
    ) -> list[Region]:
        """Return the regions of one noun, which may stand for several classes."""
        scores = np.nan_to_num(finds[:, 4] * finds[:, 5:][:, list(classes)].max(axis=1)).clip(0.0, 1.0)
        likely = np.flatnonzero(scores >= self._threshold)
        boxes, scores = self._decoded(finds, likely, image), scores[likely]
        kept: Any = self._cv2.dnn.NMSBoxes(
            np.column_stack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).tolist(),
            scores.tolist(),
            0.0,
            _SAME_THING,
        )
        regions = []
        for index in np.ravel(kept).astype(int).tolist():
            box = _whole(boxes[index], image.size)
            if box is not None:
                regions.append(Region(box, label, float(scores[index])))
        return regions

    def _decoded(
        self, finds: NDArray[np.float32], chosen: NDArray[np.intp], image: Image
    ) -> NDArray[np.float64]:
        """Return boxes (left, top, right, bottom) in the picture's pixels, shape (chosen, 4)."""
        raw = finds[chosen, :4].astype(np.float64)
        steps = self._steps[chosen, np.newaxis]
        middles = (raw[:, :2] + self._cells[chosen]) * steps
        halves = np.exp(np.minimum(raw[:, 2:], 20.0)) * steps / 2
        width, height = self._fitted(image)
        scale = np.array([image.width / width, image.height / height] * 2)
        return np.asarray(np.nan_to_num(np.hstack([middles - halves, middles + halves])) * scale)

    def _check(self, shape: tuple[int, ...]) -> None:
        expected = (sum((self._side // step) ** 2 for step in _STRIDES), 5 + len(self.classes))
        if shape != expected:
            raise ModelUnavailable(
                f"{self._name} answers with an array of shape {shape}; YOLOX with {len(self.classes)} "
                f"classes at {self._side}x{self._side} pixels answers with {expected}",
                help="check that the option `labels` names the file with this network's classes, one a line",
            )


def _square(shape: tuple[int | None, ...]) -> int:
    height, width = shape[2:]
    if height is None or height != width or height % _STRIDES[-1]:
        raise ModelUnavailable(
            f"the network's input is {width}x{height} pixels; a square is expected, a multiple of 32",
            help="give a YOLOX file with a square input, or set the option `side`",
        )
    return height


def _grid(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each cell's column and row, shape (cells, 2), and the width of its cells in pixels."""
    cells, steps = [], []
    for step in _STRIDES:
        rows, columns = np.mgrid[: side // step, : side // step]
        cells.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        steps.append(np.full(columns.size, float(step)))
    return np.concatenate(cells).astype(np.float64), np.concatenate(steps)


def _whole(edges: NDArray[np.float64], size: tuple[int, int]) -> Box | None:
    limit = float(2 * max(size))
    left, top, right, bottom = (round(edge) for edge in edges.clip(-limit, limit).tolist())
    return clip((left, top, right, bottom), size)


def _read_labels(path: Path) -> tuple[str, ...]:
    advice = "the option `labels` names a text file with one class a line"
    lines = read_text(path.expanduser(), Limit(1_000_000, advice, ModelUnavailable)).splitlines()
    return tuple(line.strip() for line in lines if line.strip())
