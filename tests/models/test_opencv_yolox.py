from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.models import onnx_writer, shared_data
from visprog.boxes import Box
from visprog.errors import ModelError, ModelUnavailable, UsageError
from visprog.images import load_image
from visprog.models.backends.opencv import BACKEND
from visprog.models.backends.opencv.yolox import YoloxDetector
from visprog.models.zoo import Zoo
from visprog.values import Image

load = BACKEND.load

RED, GREEN, BLUE = (onnx_writer.COLORS[grid] for grid in (32, 16, 8))

needs_data = pytest.mark.skipif(not shared_data.YOLOX.is_file(), reason=shared_data.WHY)


def painted(size: tuple[int, int], *squares: tuple[Box, tuple[int, int, int]]) -> Image:
    pixels = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    for (left, top, right, bottom), color in squares:
        pixels[top:bottom, left:right] = color
    return Image(pixels)


def written(folder: Path, names: Sequence[str] = ("car", "dog", "cat"), side: int | str = 416) -> Path:
    (folder / "labels.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    path = folder / "squares.onnx"
    path.write_bytes(onnx_writer.yolox(side, len(names)))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("yolox")
    written(folder)
    return folder


@pytest.fixture(scope="module")
def detector(folder: Path) -> YoloxDetector:
    """Knows cars (red, of 32 pixels), dogs (green, of 16) and cats (blue, of 8)."""
    return YoloxDetector(folder / "squares.onnx", labels=folder / "labels.txt")


def test_boxes_are_exact_on_each_of_the_three_grids(detector: YoloxDetector) -> None:
    car, dog, cat = (64, 256, 96, 288), (304, 16, 320, 32), (8, 400, 16, 408)
    picture = painted((416, 416), (car, RED), (dog, GREEN), (cat, BLUE))
    for name, box in (("car", car), ("dog", dog), ("cat", cat)):
        (found,) = detector.detect(picture, [name])
        assert (found.box, found.label) == (box, name)
        assert found.score == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("size", "factor"),
    [((832, 416), 2), ((416, 832), 2), ((208, 416), 1), ((416, 96), 1), ((1664, 3328), 8), ((208, 104), 0.5)],
)
def test_boxes_are_in_the_pictures_pixels(
    detector: YoloxDetector, size: tuple[int, int], factor: float
) -> None:
    left, top, right, bottom = (round(edge * factor) for edge in (96, 32, 128, 64))
    (found,) = detector.detect(painted(size, ((left, top, right, bottom), RED)), ["car"])
    assert np.abs(np.array(found.box) - (left, top, right, bottom)).max() <= 1


def test_regions_have_the_labels_that_were_asked_for_best_first(detector: YoloxDetector) -> None:
    picture = painted(
        (416, 416), ((0, 0, 32, 32), (200, 0, 0)), ((64, 64, 80, 80), GREEN), ((200, 200, 208, 208), BLUE)
    )
    found = detector.detect(picture, ["Cars", "animals"])
    assert sorted(found.labels) == ["Cars", "animals", "animals"]
    assert list(found.scores) == sorted(found.scores, reverse=True)
    assert found.labels[-1] == "Cars"


def test_a_picture_is_encoded_once_for_several_labels(folder: Path) -> None:
    detector = YoloxDetector(folder / "squares.onnx", labels=folder / "labels.txt")
    passes = 0
    encode = detector.encodings.encode

    def counted(pictures: Sequence[Image]) -> Iterable[NDArray[np.float32]]:
        nonlocal passes
        passes += len(pictures)
        return encode(pictures)

    detector.encodings.encode = counted
    picture = painted((100, 80), ((0, 0, 24, 24), RED))
    for noun in ("car", "dog", "animals"):
        detector.detect(picture, [noun])
    assert passes == 1


def test_nothing_is_found_in_the_padding(detector: YoloxDetector) -> None:
    strip = painted((416, 20), ((0, 0, 416, 20), RED))
    for region in detector.detect(strip, ["car"]):
        assert region.box[3] <= 20


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (5000, 1), (4000, 3000)])
def test_pictures_of_any_size_are_searched(detector: YoloxDetector, size: tuple[int, int]) -> None:
    assert detector.detect(painted(size), ["car", "dog"]).empty


def test_regions_below_the_threshold_are_left_out(folder: Path) -> None:
    picture = painted((416, 416), ((32, 32, 64, 64), (140, 0, 0)))
    for threshold, count in ((0.5, 1), (0.6, 0)):
        detector = load(
            "detector",
            str(folder / "squares.onnx"),
            {"labels": str(folder / "labels.txt"), "threshold": threshold},
        )
        assert isinstance(detector, YoloxDetector)
        assert len(detector.detect(picture, ["car"])) == count


def test_threads_can_share_a_detector(detector: YoloxDetector) -> None:
    pictures = [painted((416, 416), ((32 * i, 0, 32 * i + 32, 32), RED)) for i in range(12)]
    alone = [detector.detect(picture, ["car"]) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert alone == list(pool.map(lambda picture: detector.detect(picture, ["car"]), pictures))


def test_the_option_sets_an_open_side(tmp_path: Path) -> None:
    path = written(tmp_path, side="side")
    detector = YoloxDetector(path, labels=tmp_path / "labels.txt", side=320)
    (found,) = detector.detect(painted((320, 160), ((64, 96, 96, 128), RED)), ["car"])
    assert found.box == (64, 96, 96, 128)


def test_an_unknown_label_is_an_error_that_lists_the_classes(detector: YoloxDetector) -> None:
    with pytest.raises(ModelError, match="kettle") as caught:
        detector.detect(painted((10, 10)), ["car", "kettle"])
    assert "car, dog, cat" in str(caught.value.help)


def test_labels_of_another_network_are_rejected_at_loading(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "labels.txt").write_text("car\ndog\n", encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="with 2 classes") as caught:
        YoloxDetector(path, labels=tmp_path / "labels.txt")
    assert "labels" in str(caught.value.help)


def test_without_labels_the_classes_are_cocos(tmp_path: Path) -> None:
    path = tmp_path / "coco.onnx"
    path.write_bytes(onnx_writer.yolox(416, 80))
    detector = YoloxDetector(path)
    (found,) = detector.detect(painted((416, 416), ((32, 64, 64, 96), RED)), ["women"])
    assert (found.box, found.label) == ((32, 64, 64, 96), "women")


@pytest.mark.parametrize("content", [b"", b"no network", bytes(range(256)), onnx_writer.yunet(64, 1)])
def test_a_file_that_is_not_a_yolox_is_rejected(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelUnavailable) as caught:
        YoloxDetector(path)
    assert "other.onnx" in str(caught.value)
    assert caught.value.help
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("missing", ["squares.onnx", "labels.txt"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    path = written(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ModelUnavailable, match=missing):
        YoloxDetector(path, labels=tmp_path / "labels.txt")


@pytest.mark.parametrize(
    "options",
    [{"thresh": 0.3}, {"threshold": 3}, {"threshold": "high"}, {"side": 0}, {"side": 3.5}, {"labels": 7}],
)
def test_wrong_options_are_rejected(folder: Path, options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        load("detector", str(folder / "squares.onnx"), options)


def test_content_and_options_change_the_fingerprint(folder: Path, tmp_path: Path) -> None:
    other = written(tmp_path, ("car", "dog", "bird"))
    labels = folder / "labels.txt"
    same = [YoloxDetector(folder / "squares.onnx", labels=labels).fingerprint for _ in range(2)]
    different = {
        *same,
        YoloxDetector(folder / "squares.onnx", labels=labels, threshold=0.5).fingerprint,
        YoloxDetector(other, labels=tmp_path / "labels.txt").fingerprint,
    }
    assert same[0] == same[1]
    assert len(different) == 3


def test_a_zoo_loads_it_by_its_path(folder: Path) -> None:
    path = folder / "squares.onnx"
    spec = {"model": f"opencv:{path}", "labels": str(folder / "labels.txt")}
    detector = Zoo(models={"detector": spec}).get("detector")
    assert isinstance(detector, YoloxDetector)
    assert detector.nbytes == path.stat().st_size


@needs_data
def test_a_trained_network_finds_dogs_people_and_kites() -> None:
    detector = YoloxDetector(shared_data.YOLOX, labels=shared_data.LABELS)
    dogs = detector.detect(load_image(shared_data.PHOTOS / "clean" / "two_dogs_on_grass.jpg"), ["dogs"])
    assert len(dogs) == 2
    assert dogs[0].box[0] < 150 < dogs[1].box[0]
    people = detector.detect(load_image(shared_data.PHOTOS / "clean" / "people_4_faces.jpg"), ["people"])
    assert len(people) == 4
    assert detector.detect(load_image(shared_data.PHOTOS / "clean" / "coffee.png"), ["animal"]).empty
