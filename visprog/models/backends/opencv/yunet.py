"""YuNet, a small neural face detector, by OpenCV's FaceDetectorYN.

W. Wu, H. Peng and S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research,
2023.
"""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visprog.libraries import load_opencv
from visprog.models.backends.opencv.onnx_files import expecting_onnx, identity, read_onnx, with_input_size
from visprog.values import Box, Image, Region, Regions, clip

_SAME_FACE = 0.3
"""Intersection over union from which two finds are the same face."""

_SCORE = 14
"""A find is a row: box (x, y, width, height), five points (x, y), score."""


class YuNetFaceDetector:
    """Finds faces from about 10 pixels on, in profile and tilted too. May be shared by threads.

    A picture is searched at `side` pixels along its longer side at most. Faces with a score of `threshold`
    or more are returned; the score is the geometric mean of the network's two confidences.
    """

    def __init__(self, path: str | Path, *, side: int = 1280, threshold: float = 0.7) -> None:
        self._cv2 = load_opencv()
        self._side = side
        content = read_onnx(Path(path))
        self.nbytes = len(content)
        self.fingerprint = (
            f"opencv:{identity(path, content)} {self._cv2.__version__} side={side} threshold={threshold}"
        )
        self._lock = threading.Lock()  # the network keeps its input's size
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
        finds = self._search(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        scale = np.array([image.width / width, image.height / height] * 2)
        faces = []
        for find in finds[np.argsort(-finds[:, _SCORE], kind="stable")]:
            box = _box(find[:4] * scale, image.size)
            if box is not None:
                faces.append(Region(box, "face", float(min(max(find[_SCORE], 0.0), 1.0))))
        return Regions(faces, size=image.size)

    def _search(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the finds in a picture with its channels in the order blue, green, red; shape (n, 15)."""
        with self._lock:
            self._network.setInputSize((pixels.shape[1], pixels.shape[0]))
            _, finds = self._network.detect(pixels)
        finds = np.zeros((0, 15)) if finds is None else np.asarray(finds, dtype=np.float64)
        return np.asarray(finds[np.isfinite(finds).all(axis=1)])


def _box(find: NDArray[np.float64], size: tuple[int, int]) -> Box | None:
    left, top, width, height = find.tolist()
    edges = (round(left), round(top), round(left + width), round(top + height))
    return clip(edges, size)
