"""Every example of the banks runs, with fake models that find something for each label."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from visprog import Image, Region, VisProg
from visprog.boxes import Box
from visprog.models import fake
from visprog.planner.bank import Example, read_bank
from visprog.prompts import BANKS, bank_text

HEIGHT, WIDTH = 360, 480
PLACES = ((20, 30, 100, 120), (150, 40, 260, 200), (300, 100, 420, 300))
"""Three boxes, which are found for every label, and inside of each other picture too."""

EXAMPLES = [
    pytest.param(task, example, id=f"{task}: {example.instruction}")
    for task in BANKS
    for example in read_bank(bank_text(task), task).examples
]


def boxes(image: Image) -> list[Box]:
    """Return the boxes of PLACES that lie in the image, scaled to its size."""
    across, down = image.width / WIDTH, image.height / HEIGHT
    return [
        (round(left * across), round(top * down), round(right * across), round(bottom * down))
        for left, top, right, bottom in PLACES
    ]


def answer(_image: Image, question: str) -> str:
    if question.startswith("How many"):
        return "2"
    return "red" if question.startswith(("What", "Which", "Who")) else "yes"


@cache
def session() -> VisProg:
    labels = ("tool", "roof", "garage")
    return VisProg(
        planner="examples",
        models={
            "detector": fake.FakeDetector(lambda image, _label: boxes(image)),
            "face_detector": fake.FakeFaceDetector(boxes),
            "segmenter": fake.FakeSegmenter(
                lambda image: [Region(box, label) for box, label in zip(boxes(image), labels, strict=True)]
            ),
            "masker": fake.FakeMasker(),
            "image_text_scorer": fake.FakeImageTextScorer(lambda image, text: image.width / len(text)),
            "visual_qa": fake.FakeVisualQA(answer),
            "captioner": fake.FakeCaptioner("a picture"),
            "inpainter": fake.FakeInpainter(),
            "language_model": fake.FakeLanguageModel(lambda _messages: "Ada, Bea, Cleo"),
        },
    )


def picture(seed: int) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    return Image(np.kron(pixels, np.ones((8, 8, 1), dtype=np.uint8)))


@pytest.mark.parametrize(("task", "example"), EXAMPLES)
def test_every_example_of_a_bank_runs(task: str, example: Example) -> None:
    pictures = {name: picture(number) for number, name in enumerate(example.pictures)}
    run = session().execute(str(example.program), pictures)
    assert [(step.name, step.error) for step in run.steps if step.error is not None] == []
    match task:
        case "imgedit" | "knowtag":
            assert isinstance(run.result, Image)
        case "nlvr":
            assert isinstance(run.result, bool)
        case _:
            assert isinstance(run.result, str | int | list)
