"""A fake for every role, made from plain data or a function, for tests without weights.

    VisProg(models={"visual_qa": FakeVisualQA({"How many boats are in the image?": "2"})})

Each fake counts its calls in `calls`. If the data has no entry for a call, the fake raises LookupError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box
from visprog.models.roles import Completion, Message
from visprog.values import Image, Region, Regions


class FakeDetector:
    """Finds the boxes of a mapping from label to boxes, or of a function of image and label."""

    def __init__(self, found: Mapping[str, Sequence[Box]] | Callable[[Image, str], Sequence[Box]]) -> None:
        self._found = found
        self.calls = 0

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        """Return the boxes for each label; a label without an entry has no boxes."""
        self.calls += 1
        found = self._found
        boxes = {name: found(image, name) if callable(found) else found.get(name, ()) for name in labels}
        regions = [Region(box, name) for name in labels for box in boxes[name]]
        return Regions(regions, size=image.size)


class FakeFaceDetector:
    """Finds the same faces in every picture, or the boxes of a function of the image."""

    def __init__(self, boxes: Sequence[Box] | Callable[[Image], Sequence[Box]]) -> None:
        self._boxes = boxes
        self.calls = 0

    def detect_faces(self, image: Image) -> Regions:
        """Return the boxes, labelled 'face'."""
        self.calls += 1
        boxes = self._boxes(image) if callable(self._boxes) else self._boxes
        return Regions((Region(box, "face") for box in boxes), size=image.size)


class FakeSegmenter:
    """Returns the given regions, or the result of a function of the image."""

    def __init__(self, regions: Sequence[Region] | Callable[[Image], Sequence[Region]]) -> None:
        self._regions = regions
        self.calls = 0

    def segment(self, image: Image) -> Regions:
        """Return the regions."""
        self.calls += 1
        regions = self._regions(image) if callable(self._regions) else self._regions
        return Regions(regions, size=image.size)


class FakeMasker:
    """Masks each box with its ellipse, or with the result of a function of image and region."""

    def __init__(self, mask: Callable[[Image, Region], NDArray[np.bool_]] | None = None) -> None:
        self._mask = mask or _ellipse
        self.calls = 0

    def mask(self, image: Image, regions: Regions) -> Regions:
        """Return the regions with masks."""
        self.calls += 1
        masked = (Region(r.box, r.label, r.score, self._mask(image, r)) for r in regions)
        return Regions(masked, size=image.size)


def _ellipse(image: Image, region: Region) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[: image.height, : image.width]
    x, y = region.center
    across, down = (columns + 0.5 - x) / (region.width / 2), (rows + 0.5 - y) / (region.height / 2)
    return np.asarray(across**2 + down**2 <= 1)


class FakeImageTextScorer:
    """Scores a picture and a text with a function of both."""

    def __init__(self, score: Callable[[Image, str], float]) -> None:
        self._score = score
        self.calls = 0

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        """Return the scores, shape (images, texts)."""
        self.calls += 1
        rows = [[self._score(image, text) for text in texts] for image in images]
        return np.array(rows, dtype=np.float64).reshape(len(images), len(texts))


class FakeVisualQA:
    """Answers from a mapping of questions to answers, or with a function of image and question."""

    def __init__(self, answers: Mapping[str, str] | Callable[[Image, str], str]) -> None:
        self._answers = answers
        self.calls = 0

    def answer(self, image: Image, question: str) -> str:
        """Return the answer."""
        self.calls += 1
        return self._answers(image, question) if callable(self._answers) else self._answers[question]


class FakeCaptioner:
    """Returns the given sentence for every picture, or the result of a function of the image."""

    def __init__(self, caption: str | Callable[[Image], str]) -> None:
        self._caption = caption
        self.calls = 0

    def caption(self, image: Image) -> str:
        """Return the sentence."""
        self.calls += 1
        return self._caption(image) if callable(self._caption) else self._caption


class FakeTranscriber:
    """Returns the given text for every recording, or the result of a function of the samples."""

    def __init__(self, text: str | Callable[[NDArray[np.float32]], str]) -> None:
        self._text = text
        self.calls = 0

    def transcribe(self, samples: NDArray[np.float32]) -> str:
        """Return the text."""
        self.calls += 1
        return self._text(samples) if callable(self._text) else self._text


class FakeInpainter:
    """Fills the mask with one colour (red, green, blue)."""

    def __init__(self, color: tuple[int, int, int] = (60, 160, 60)) -> None:
        self._color = color
        self.prompts: list[str] = []

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Return the painted picture. Adds the prompt to `prompts`."""
        self.prompts.append(prompt)
        pixels = image.pixels.copy()
        pixels[mask] = self._color
        return Image(pixels)


class FakeLanguageModel:
    """Answers with the given texts, one after the other, or with a function of the messages."""

    def __init__(self, answers: Sequence[str] | Callable[[Sequence[Message]], str]) -> None:
        self._answers = answers
        self.conversations: list[tuple[Message, ...]] = []

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:  # noqa: ARG002
        """Return the next answer. Adds the messages to `conversations`."""
        self.conversations.append(tuple(messages))
        if callable(self._answers):
            return Completion(self._answers(messages), "fake")
        turn = len(self.conversations) - 1
        if turn >= len(self._answers):
            raise LookupError(
                f"the fake language model has only {len(self._answers)} answers, and was asked for one more"
            )
        return Completion(self._answers[turn], "fake")
