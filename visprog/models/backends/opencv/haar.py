"""The embedded face detector: cascades of Haar features (Viola and Jones, 2001), which come with OpenCV."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, box_overlap
from visprog.errors import ModelUnavailable
from visprog.libraries import load_opencv
from visprog.values import Image, Region, Regions


class _Cascade(NamedTuple):
    """A cascade, and the range of its stage weights for faces in photographs."""

    name: str
    doubtful: float
    certain: float


_CASCADES = (
    _Cascade("haarcascade_frontalface_alt.xml", 106.0, 109.0),
    _Cascade("haarcascade_frontalface_alt2.xml", 54.0, 57.0),
)

_SCALE_STEP = 1.1
_NEIGHBORS = 2
_AGREEMENT = 0.4


class _Hit(NamedTuple):
    """A detection of one cascade: its box in the searched picture, shape (4,), and its score in [0, 1]."""

    box: NDArray[np.float64]
    score: float


class HaarFaceDetector:
    """Finds frontal, upright faces on which two differently trained cascades agree.

    A picture is searched at a longer side of at most `side` pixels, for faces of at least `smallest` pixels
    at that size. Faces in profile, or tilted by more than about 15 degrees, are missed. The score grows with
    the last stage weights of the cascades; it ranks faces and is not a probability. Safe between threads.
    """

    def __init__(self, *, side: int = 1280, smallest: int = 20) -> None:
        self._cv2 = load_opencv()
        self._side = side
        self._smallest = smallest
        self._classifiers = [self._load(cascade.name) for cascade in _CASCADES]
        # A classifier keeps state while it searches. One search at a time is fast enough, because OpenCV uses
        # all cores for it.
        self._lock = threading.Lock()
        self.fingerprint = f"opencv:haar {self._cv2.__version__} side={side} smallest={smallest}"

    def detect_faces(self, image: Image) -> Regions:
        """Return a tight box for each face, best first."""
        grey, scale = self._prepare(image)
        with self._lock:
            first = self._search(0, grey)
            second = self._search(1, grey) if first else []
        faces = [Region(_box(hit.box / scale), "face", hit.score) for hit in _agreed(first, second)]
        return Regions(faces, size=image.size).distinct(_AGREEMENT)

    def _load(self, name: str) -> Any:
        path = Path(self._cv2.data.haarcascades) / name
        classifier = self._cv2.CascadeClassifier(str(path)) if path.is_file() else None
        if classifier is None or classifier.empty():
            raise ModelUnavailable(
                f"the installed OpenCV {self._cv2.__version__} does not have the face cascade `{name}`",
                help='install a version that has it: `pip install "opencv-python>=4.10,<5"`',
            )
        return classifier

    def _prepare(self, image: Image) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Return the picture in the form that the cascades search, and its scale as (x, y, x, y)."""
        cv2 = self._cv2
        factor = min(1.0, self._side / max(image.size))
        width, height = (max(1, round(edge * factor)) for edge in image.size)
        small = cv2.resize(image.pixels, (width, height), interpolation=cv2.INTER_AREA)
        grey: NDArray[np.uint8] = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
        across, down = width / image.width, height / image.height
        return grey, np.array([across, down, across, down])

    def _search(self, index: int, grey: NDArray[np.uint8]) -> list[_Hit]:
        cascade = _CASCADES[index]
        boxes, _, weights = self._classifiers[index].detectMultiScale3(
            grey,
            scaleFactor=_SCALE_STEP,
            minNeighbors=_NEIGHBORS,
            minSize=(self._smallest, self._smallest),
            outputRejectLevels=True,
        )
        hits = []
        for (left, top, width, height), weight in zip(boxes, np.ravel(weights), strict=True):
            score = (float(weight) - cascade.doubtful) / (cascade.certain - cascade.doubtful)
            box = np.array([left, top, left + width, top + height], dtype=np.float64)
            hits.append(_Hit(box, min(max(score, 0.0), 1.0)))
        return hits


def haar(*, side: int = 1280, smallest: int = 20) -> HaarFaceDetector:
    """Return the embedded face detector."""
    return HaarFaceDetector(side=side, smallest=smallest)


def _agreed(first: list[_Hit], second: list[_Hit]) -> list[_Hit]:
    """Return the detections of both cascades, with the means of their boxes and scores."""
    return [
        _Hit((a.box + b.box) / 2, (a.score + b.score) / 2)
        for a in first
        for b in second
        if box_overlap(a.box, b.box) > _AGREEMENT
    ]


def _box(edges: NDArray[np.float64]) -> Box:
    left, top, right, bottom = (round(float(edge)) for edge in edges)
    return left, top, right, bottom
