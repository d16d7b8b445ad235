"""YOLOX, a fast detector with a fixed list of classes, run by OpenCV.

Z. Ge and others, "YOLOX: Exceeding YOLO Series in 2021", arXiv 2107.08430. The ONNX files are those that the
authors' tool exports, without the decoding of boxes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, clip
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
from visprog.values import Image, Region, Regions

_STRIDES = (8, 16, 32)
_GREY = 114
_SAME_THING = 0.5


class YoloxDetector:
    """Finds things of the classes that it was trained on. Safe between threads.

    `labels` is a file with the name of one class on each line; the default is COCO's eighty classes. The
    module `hypernyms` maps the labels of a program to classes: `people` to person, `animals` to all animals,
    and `woman` to person, which includes men. Regions with a confidence of at least `threshold` are returned.
    Of regions of one label that overlap by more than half, only the best is kept. `side` is the side of the
    network's input, in pixels, if the file leaves it open.
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
        self._lock = threading.Lock()  # a network stores its input
        self.encodings = Encodings(self._encode)  # programs ask for several labels in one picture
        with expecting_onnx(path, "a YOLOX detector"):
            model = with_input_size(content, side)
            self._side = _square(input_shape(model))
            self._network = self._cv2.dnn.readNetFromONNX(np.frombuffer(model, dtype=np.uint8))
            shape = self._forward(np.full((self._side, self._side, 3), _GREY, dtype=np.uint8)).shape
        self._check(shape)
        self._cells, self._steps = _grid(self._side)

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        """Return the boxes of everything that one of `labels` names, with that label, best first.

        Raises ModelError, which lists the classes, for a label that means none of them.
        """
        wanted = {label: classes_named(label, self.classes, self._name) for label in labels}
        output = self._output(image)
        found = [region for label in wanted for region in self._named(output, label, wanted[label], image)]
        return Regions(sorted(found, key=lambda region: -region.score), size=image.size)

    def _output(self, image: Image) -> NDArray[np.float32]:
        """Return the network's output for the picture, shape (cells, 5 + classes)."""
        with self._lock:
            return self.encodings.of({image.digest: image})[image.digest]

    def _encode(self, images: Sequence[Image]) -> Iterator[NDArray[np.float32]]:
        return (self._forward(self._letterboxed(image)) for image in images)

    def _letterboxed(self, image: Image) -> NDArray[np.uint8]:
        """Return the picture in its proportions, in the upper left corner of the network's square."""
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
        self, output: NDArray[np.float32], label: str, classes: Sequence[int], image: Image
    ) -> list[Region]:
        """Return the regions of one label, which may mean several classes."""
        scores = np.nan_to_num(output[:, 4] * output[:, 5:][:, list(classes)].max(axis=1)).clip(0.0, 1.0)
        likely = np.flatnonzero(scores >= self._threshold)
        boxes, scores = self._decoded(output, likely, image), scores[likely]
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
        self, output: NDArray[np.float32], chosen: NDArray[np.intp], image: Image
    ) -> NDArray[np.float64]:
        """Return boxes (left, top, right, bottom) in the picture's pixels, shape (chosen, 4)."""
        raw = output[chosen, :4].astype(np.float64)
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
                f"{self._name} returns an array of shape {shape}; expected {expected} from YOLOX with "
                f"{len(self.classes)} classes at {self._side}x{self._side} pixels",
                help="check that the option `labels` names the file with this network's classes, one a line",
            )


def _square(shape: tuple[int | None, ...]) -> int:
    height, width = shape[2:]
    if height is None or height != width or height % _STRIDES[-1]:
        raise ModelUnavailable(
            f"the network's input is {width}x{height} pixels; expected a square, a multiple of 32",
            help="give a YOLOX file with a square input, or set the option `side`",
        )
    return height


def _grid(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each cell's column and row, shape (cells, 2), and its width in pixels."""
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
