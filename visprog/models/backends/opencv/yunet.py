"""YuNet, a small neural face detector, by OpenCV's FaceDetectorYN.

W. Wu, H. Peng and S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research,
2023.
"""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, clip
from visprog.libraries import load_opencv
from visprog.models.backends.opencv.onnx_files import expecting_onnx, identity, read_onnx, with_input_size
from visprog.values import Image, Region, Regions

_SAME_FACE = 0.3
"""Intersection over union above which two detections are the same face."""

_SCORE = 14
"""The column of the score. A row is a detection: box (x, y, width, height), five points (x, y), score."""


class YuNetFaceDetector:
    """Finds faces of at least about 10 pixels, also in profile and tilted. Safe between threads.

    A picture is searched at a longer side of at most `side` pixels. Faces with a score of at least
    `threshold` are returned. The score is the geometric mean of the network's two confidences.
    """

    def __init__(self, path: str | Path, *, side: int = 1280, threshold: float = 0.7) -> None:
        self._cv2 = load_opencv()
        self._side = side
        content = read_onnx(Path(path))
        self.nbytes = len(content)
        self.fingerprint = (
            f"opencv:{identity(path, content)} {self._cv2.__version__} side={side} threshold={threshold}"
        )
        self._lock = threading.Lock()  # the network stores the size of its input
        with expecting_onnx(path, "YuNet's face detector"):
            self._network = self._cv2.FaceDetectorYN.create(
                "onnx",
                np.frombuffer(with_input_size(content, 320), dtype=np.uint8),
                np.zeros(0, dtype=np.uint8),
                (320, 320),
                threshold,
                _SAME_FACE,
            )
            self._search(np.zeros((64, 64, 3), dtype=np.uint8))

    def detect_faces(self, image: Image) -> Regions:
        """Return a tight box for each face, best first."""
        cv2 = self._cv2
        factor = min(1.0, self._side / max(image.size))
        width, height = (max(1, round(edge * factor)) for edge in image.size)
        small = cv2.resize(image.pixels, (width, height), interpolation=cv2.INTER_AREA)
        rows = self._search(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        scale = np.array([image.width / width, image.height / height] * 2)
        faces = []
        for row in rows[np.argsort(-rows[:, _SCORE], kind="stable")]:
            box = _box(row[:4] * scale, image.size)
            if box is not None:
                faces.append(Region(box, "face", float(min(max(row[_SCORE], 0.0), 1.0))))
        return Regions(faces, size=image.size)

    def _search(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the detections in a picture with channels in the order blue, green, red; shape (n, 15)."""
        with self._lock:
            self._network.setInputSize((pixels.shape[1], pixels.shape[0]))
            _, rows = self._network.detect(pixels)
        rows = np.zeros((0, 15)) if rows is None else np.asarray(rows, dtype=np.float64)
        return np.asarray(rows[np.isfinite(rows).all(axis=1)])


def _box(row: NDArray[np.float64], size: tuple[int, int]) -> Box | None:
    left, top, width, height = row.tolist()
    edges = (round(left), round(top), round(left + width), round(top + height))
    return clip(edges, size)
