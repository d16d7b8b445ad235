"""The backend opencv, and its embedded face detector: cascades of Haar features (Viola and Jones, 2001).

The cascades come with OpenCV: there is nothing to fetch.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ModelUnavailable, UsageError
from visprog.libraries import explain, importing
from visprog.values import Box, Image, Region, Regions, box_overlap


def load_opencv() -> ModuleType:
    """Return the module cv2. Raises ModelUnavailable where it is missing or lacks a system library."""
    try:
        with importing("cv2"):
            import cv2
    except ImportError as cause:
        if isinstance(cause, ModuleNotFoundError):
            message, advice = explain(cause, "cv2")
            raise ModelUnavailable(message, help=advice) from cause
        raise ModelUnavailable(
            f"OpenCV is installed but cannot be loaded: {cause}",
            help="a system library is missing; on Debian or Ubuntu `apt-get install libgl1 libglib2.0-0` "
            "brings it, on Fedora `dnf install mesa-libGL glib2`",
        ) from cause
    return cv2


class _Cascade(NamedTuple):
    """A cascade, and the range over which its stage weights for faces lie in photographs."""

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
    """One cascade's find: its box in the searched picture, shape (4,), and its score in [0, 1]."""

    box: NDArray[np.float64]
    score: float


class HaarFaceDetector:
    """Finds frontal, upright faces: those on which two cascades of different training agree.

    A picture is searched at `side` pixels along its longer side at most, for faces of at least `smallest`
    pixels there. Faces in profile or tilted by more than some 15 degrees are missed. The score grows with
    the cascades' last stage weights; it ranks faces and is no probability. May be shared by threads.
    """

    def __init__(self, *, side: int = 1280, smallest: int = 20) -> None:
        self._cv2 = load_opencv()
        self._side = side
        self._smallest = smallest
        self._classifiers = [self._load(cascade.name) for cascade in _CASCADES]
        # A classifier keeps state while it searches. One search at a time loses nothing: OpenCV spreads it
        # over all cores by itself.
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
                f"the installed OpenCV {self._cv2.__version__} comes without its face cascade `{name}`",
                help='install one that has it: `pip install "opencv-python>=4.10,<5"`',
            )
        return classifier

    def _prepare(self, image: Image) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Return the picture as the cascades want it, and its scale as (x, y, x, y)."""
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


def load(role: str, identifier: str, options: Mapping[str, Any]) -> object:
    """Return the model that a profile names, for the role that it fills.

    `haar`, or the path of a YuNet .onnx file, fills face_detector; the path of a YOLOX .onnx file fills
    detector; `inpaint` fills inpainter, for removal alone. Raises UsageError for an option that the model
    does not take, and ModelUnavailable for a role or a name that it does not know, or a file of no use.
    """
    if (role, identifier) == ("face_detector", "haar"):
        return haar(**_checked(options, "opencv:haar", {"side": int, "smallest": int}))
    if (role, identifier) == ("inpainter", "inpaint"):
        from visprog.models.removal import OpenCvRemover

        return OpenCvRemover(**_checked(options, "opencv:inpaint", {"radius": int}))
    if role == "face_detector" and identifier.endswith(".onnx"):
        from visprog.models.yunet import YuNetFaceDetector

        known = {"side": int, "threshold": float}
        return YuNetFaceDetector(identifier, **_checked(options, "a face detector of OpenCV", known))
    if role == "detector" and identifier.endswith(".onnx"):
        from visprog.models.yolox import YoloxDetector

        known = {"labels": str, "threshold": float, "side": int}
        return YoloxDetector(identifier, **_checked(options, "a detector of OpenCV", known))
    raise ModelUnavailable(
        f"the backend opencv has no {identifier!r} for the role {role}",
        help="it has `opencv:haar` and `opencv:PATH.onnx` (YuNet) for face_detector, "
        "`opencv:PATH.onnx` (YOLOX) for detector, and `opencv:inpaint` for inpainter",
    )


_EXPECTED = {
    int: "a whole number of pixels, 1 or more",
    float: "a number between 0 and 1",
    str: "the path of a file",
}


def _checked(options: Mapping[str, Any], what: str, known: Mapping[str, type]) -> Mapping[str, Any]:
    """Return the options. Raises UsageError for one that is not known, or not of the known type."""
    for name, value in options.items():
        kind = known.get(name)
        if kind is None:
            raise UsageError(f"{what} takes no option `{name}`", help=f"its options are {', '.join(known)}")
        fits = {
            int: type(value) is int and value >= 1,
            float: type(value) in (int, float) and 0 <= value <= 1,
            str: type(value) is str,
        }
        if not fits[kind]:
            raise UsageError(f"the option `{name}` of {what} is {_EXPECTED[kind]}; found {value!r}")
    return options


def _agreed(first: list[_Hit], second: list[_Hit]) -> list[_Hit]:
    """Return what both cascades found, box and score halfway between theirs."""
    return [
        _Hit((a.box + b.box) / 2, (a.score + b.score) / 2)
        for a in first
        for b in second
        if box_overlap(a.box, b.box) > _AGREEMENT
    ]


def _box(edges: NDArray[np.float64]) -> Box:
    left, top, right, bottom = (round(float(edge)) for edge in edges)
    return left, top, right, bottom
