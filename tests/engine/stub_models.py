"""Models whose results depend only on the pixels and the text: the same in every process and order."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog import Image, Region, Regions
from visprog.errors import ModelFailed

ANSWERS = ("yes", "no", "two", "red", "7", "a brown dog", "black, white", "LEFT", "None", "")


def number(image: Image, text: str) -> int:
    """Return a number that depends on the pixels and the text."""
    return zlib.crc32(text.encode(), zlib.crc32(np.ascontiguousarray(image.pixels).tobytes()))


class Counted:
    """Counts the calls of each pass. About one call in `faults` fails; 0 means none."""

    def __init__(self, *, faults: int = 0, most: int = 32) -> None:
        self.fingerprint = f"{type(self).__name__} {faults}"
        self.batch_size = most
        self.calls = 0
        self.passes: list[int] = []
        self._faults = faults
        self._lock = threading.Lock()

    def _count(self, calls: int) -> None:
        with self._lock:
            self.calls += calls
            self.passes.append(calls)

    def _check(self, image: Image, text: str) -> None:
        if self._faults and number(image, f"fault {text}") % self._faults == 0:
            raise ModelFailed(f"no result for {text!r} and {image.width}x{image.height}")


class StubDetector(Counted):
    """Finds up to three boxes, some with masks."""

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        self._count(1)
        return self._found(image, labels)

    def detect_batch(self, calls: Sequence[tuple[Image, Sequence[str]]]) -> list[Regions]:
        self._count(len(calls))
        return [self._found(*call) for call in calls]

    def _found(self, image: Image, labels: Sequence[str]) -> Regions:
        found = []
        for label in labels:
            self._check(image, label)
            rng = np.random.default_rng(number(image, label))
            found += [_region(image, label, rng) for _ in range(int(rng.integers(0, 4)))]
        return Regions(sorted(found, key=lambda region: -region.score), size=image.size)


def _region(image: Image, label: str, rng: np.random.Generator) -> Region:
    left, top = int(rng.integers(0, image.width)), int(rng.integers(0, image.height))
    right = int(rng.integers(left + 1, image.width + 1))
    bottom = int(rng.integers(top + 1, image.height + 1))
    score = float(rng.integers(1, 100)) / 100
    if rng.integers(0, 2):
        return Region((left, top, right, bottom), label, score)
    mask: NDArray[np.bool_] = np.zeros((image.height, image.width), dtype=np.bool_)
    mask[top:bottom, left:right] = rng.integers(0, 2, (bottom - top, right - left)) == 1
    mask[top, left] = True
    return Region((left, top, right, bottom), label, score, mask)


class StubQA(Counted):
    """Answers with one of `ANSWERS`."""

    def answer(self, image: Image, question: str) -> str:
        self._count(1)
        return self._answer(image, question)

    def answer_batch(self, calls: Sequence[tuple[Image, str]]) -> list[str]:
        self._count(len(calls))
        return [self._answer(*call) for call in calls]

    def _answer(self, image: Image, question: str) -> str:
        self._check(image, question)
        return ANSWERS[number(image, question) % len(ANSWERS)]


class StubScorer(Counted):
    """Scores each picture and text from 0 to 4."""

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        self._count(1)
        rows = [[float(number(image, text) % 5) for text in texts] for image in images]
        return np.array(rows, dtype=np.float64).reshape(len(images), len(texts))


def stub_models(*, faults: int = 0, most: int = 32) -> dict[str, Any]:
    """Return a stub for each role that the random programs need."""
    return {
        "detector": StubDetector(faults=faults, most=most),
        "visual_qa": StubQA(faults=faults, most=most),
        "image_text_scorer": StubScorer(),
    }


def noise(seed: int, width: int = 24, height: int = 20) -> Image:
    """Return a picture of random pixels."""
    return Image(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))
