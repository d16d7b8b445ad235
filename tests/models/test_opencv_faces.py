from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFilter

from visprog.boxes import Box, clip
from visprog.errors import ModelUnavailable, UsageError
from visprog.libraries import load_opencv
from visprog.models.backends.opencv import BACKEND
from visprog.models.backends.opencv.haar import HaarFaceDetector, haar
from visprog.values import Image

load = BACKEND.load

BACKGROUND = (120, 140, 150)
FEATURES = (
    ((35, 5, 165, 150), (60, 40, 30)),  # hair
    ((45, 20, 155, 190), (224, 180, 150)),
    ((56, 68, 92, 82), (120, 80, 60)),
    ((108, 68, 144, 82), (120, 80, 60)),
    ((60, 82, 88, 100), (240, 235, 230)),
    ((112, 82, 140, 100), (240, 235, 230)),
    ((68, 82, 80, 100), (40, 25, 20)),
    ((120, 82, 132, 100), (40, 25, 20)),
    ((90, 95, 110, 128), (205, 160, 132)),
    ((88, 118, 112, 130), (170, 120, 100)),
    ((74, 142, 126, 160), (150, 60, 60)),
)


def drawn_face(side: int) -> PILImage.Image:
    face = PILImage.new("RGB", (side, side), BACKGROUND)
    draw = ImageDraw.Draw(face)
    for ellipse, color in FEATURES:
        draw.ellipse([edge * side / 200 for edge in ellipse], fill=color)
    return face.filter(ImageFilter.GaussianBlur(side / 100))


def two_faces(scale: int = 1) -> Image:
    picture = PILImage.new("RGB", (640, 420), BACKGROUND)
    picture.paste(drawn_face(200), (100, 80))
    picture.paste(drawn_face(120), (420, 150))
    return Image.from_pil(picture.resize((640 * scale, 420 * scale)))


@pytest.fixture(scope="module")
def detector() -> HaarFaceDetector:
    return haar()


def lies_inside(box: Box, outer: Box) -> bool:
    return clip(box, (10_000, 10_000)) == (
        max(box[0], outer[0]), max(box[1], outer[1]), min(box[2], outer[2]), min(box[3], outer[3])
    )  # fmt: skip


def test_faces_are_found_best_first(detector: HaarFaceDetector) -> None:
    faces = detector.detect_faces(two_faces())
    assert len(faces) == 2
    assert sorted(faces.scores, reverse=True) == list(faces.scores)
    left, right = sorted(faces, key=lambda face: face.box)
    assert lies_inside(left.box, (100, 80, 300, 280))
    assert lies_inside(right.box, (420, 150, 540, 270))


def test_faces_in_a_large_picture_are_in_its_pixels(detector: HaarFaceDetector) -> None:
    small, large = detector.detect_faces(two_faces()), detector.detect_faces(two_faces(4))
    assert len(large) == len(small)
    assert (
        np.abs(large.boxes[large.boxes[:, 0].argsort()] / 4 - small.boxes[small.boxes[:, 0].argsort()]).max()
        < 20
    )


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3000, 2), (19, 19)])
def test_pictures_too_small_for_a_face_have_none(detector: HaarFaceDetector, size: tuple[int, int]) -> None:
    assert detector.detect_faces(Image(np.full((*size, 3), 90, dtype=np.uint8))).empty


def test_noise_has_no_faces(detector: HaarFaceDetector) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    assert detector.detect_faces(Image(noise)).empty


def test_threads_can_share_a_detector(detector: HaarFaceDetector) -> None:
    pictures = [two_faces(), Image(np.zeros((50, 50, 3), dtype=np.uint8))] * 4
    alone = [detector.detect_faces(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert alone == list(pool.map(detector.detect_faces, pictures))


def test_options_change_the_fingerprint() -> None:
    assert haar().fingerprint == haar().fingerprint
    assert haar().fingerprint != haar(side=640).fingerprint
    assert haar().fingerprint.startswith(f"opencv:haar {load_opencv().__version__}")


def test_a_profile_can_set_its_options() -> None:
    loaded = load("face_detector", "haar", {"side": 640})
    assert isinstance(loaded, HaarFaceDetector)
    assert loaded.fingerprint == haar(side=640).fingerprint


@pytest.mark.parametrize(("role", "identifier"), [("detector", "haar"), ("face_detector", "yunet")])
def test_an_unknown_identifier_is_reported(role: str, identifier: str) -> None:
    with pytest.raises(ModelUnavailable, match="opencv has no"):
        load(role, identifier, {})


@pytest.mark.parametrize("options", [{"sides": 640}, {"side": "640"}, {"side": 0}, {"smallest": True}])
def test_wrong_options_are_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        load("face_detector", "haar", options)


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ("raise ImportError('libGL.so.1: cannot open shared object file')", "libgl1 libglib2.0-0"),
        ("import not_there", "pip install 'not_there'"),
    ],
)
def test_an_opencv_that_does_not_load_is_reported_with_the_command_that_repairs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, advice: str
) -> None:
    (tmp_path / "cv2.py").write_text(source)
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailable) as caught:
        haar()
    assert advice in str(caught.value.help)


def test_a_missing_opencv_is_reported_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ModelUnavailable, match="cv2 is not installed") as caught:
        haar()
    assert "pip install 'opencv-python>=4.10,<5'" in str(caught.value.help)
