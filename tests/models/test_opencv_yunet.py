from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.models import onnx_writer, shared_data
from visprog.boxes import Box
from visprog.errors import ModelUnavailable, UsageError
from visprog.images import load_image
from visprog.models.backends.opencv import BACKEND
from visprog.models.backends.opencv.yunet import YuNetFaceDetector
from visprog.models.zoo import Zoo
from visprog.values import Image

load = BACKEND.load

needs_data = pytest.mark.skipif(not shared_data.YUNET.is_file(), reason=shared_data.WHY)


def painted(size: tuple[int, int], *squares: tuple[Box, int]) -> Image:
    pixels = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    for (left, top, right, bottom), grid in squares:
        pixels[top:bottom, left:right] = onnx_writer.COLORS[grid]
    return Image(pixels)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("yunet") / "squares.onnx"
    path.write_bytes(onnx_writer.yunet())
    return path


@pytest.fixture(scope="module")
def detector(path: Path) -> YuNetFaceDetector:
    """Takes squares for faces: red ones of 32 pixels, green ones of 16, blue ones of 8."""
    return YuNetFaceDetector(path)


@pytest.mark.parametrize("size", [(320, 320), (640, 200), (150, 400), (97, 131)])
def test_boxes_are_exact_on_each_of_the_three_grids(
    detector: YuNetFaceDetector, size: tuple[int, int]
) -> None:
    boxes = {32: (32, 96, 64, 128), 16: (80, 16, 96, 32), 8: (8, 40, 16, 48)}
    found = detector.detect_faces(painted(size, *((box, grid) for grid, box in boxes.items())))
    assert {face.box for face in found} == set(boxes.values())
    assert set(found.labels) == {"face"}
    assert all(score == pytest.approx(1.0, abs=1e-3) for score in found.scores)


def test_boxes_in_a_large_picture_are_in_its_pixels(detector: YuNetFaceDetector) -> None:
    (found,) = detector.detect_faces(painted((5120, 2560), ((128, 512, 256, 640), 32)))
    assert found.box == (128, 512, 256, 640)


def test_the_side_at_which_a_picture_is_searched_can_be_chosen(path: Path) -> None:
    detector = load("face_detector", str(path), {"side": 320})
    assert isinstance(detector, YuNetFaceDetector)
    (found,) = detector.detect_faces(painted((640, 320), ((64, 192, 128, 256), 32)))
    assert found.box == (64, 192, 128, 256)


def test_the_best_face_comes_first_and_unlikely_ones_are_left_out(path: Path) -> None:
    image = painted((160, 96))
    pixels = image.pixels.copy()
    for place, level in ((0, 130), (64, 200), (128, 250)):
        pixels[32:64, place : place + 32] = (level, 0, 0)
    found = YuNetFaceDetector(path, threshold=0.7).detect_faces(Image(pixels))
    assert [face.box[0] for face in found] == [128, 64]


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (9000, 1)])
def test_pictures_of_any_size_are_searched(detector: YuNetFaceDetector, size: tuple[int, int]) -> None:
    assert detector.detect_faces(painted(size)).empty


def test_threads_can_share_a_detector(detector: YuNetFaceDetector) -> None:
    pictures = [painted((64 + 32 * i, 96), ((32 * i, 32, 32 * i + 32, 64), 32)) for i in range(8)]
    alone = [detector.detect_faces(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert alone == list(pool.map(detector.detect_faces, pictures))


@pytest.mark.parametrize("content", [b"", b"no network", onnx_writer.yolox(64)])
def test_a_file_that_is_not_a_yunet_is_rejected(tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(content)
    with pytest.raises(ModelUnavailable, match="YuNet") as caught:
        YuNetFaceDetector(other)
    assert caught.value.help


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"absent\.onnx"):
        YuNetFaceDetector(tmp_path / "absent.onnx")


@pytest.mark.parametrize("options", [{"smallest": 20}, {"threshold": 1.5}, {"side": True}])
def test_wrong_options_are_rejected(path: Path, options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        load("face_detector", str(path), options)


def test_a_zoo_loads_it_by_its_path(path: Path) -> None:
    detector = Zoo(models={"face_detector": f"opencv:{path}"}).get("face_detector")
    assert isinstance(detector, YuNetFaceDetector)
    assert detector.nbytes == path.stat().st_size


@needs_data
@pytest.mark.parametrize(
    ("name", "count"),
    [("people_4_faces.jpg", 4), ("grace_hopper.png", 1), ("astronaut.png", 1), ("two_dogs_on_grass.jpg", 0)],
)
def test_a_trained_network_finds_the_faces_of_photographs(name: str, count: int) -> None:
    detector = YuNetFaceDetector(shared_data.YUNET)
    assert len(detector.detect_faces(load_image(shared_data.PHOTOS / "clean" / name))) == count
