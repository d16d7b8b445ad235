"""Baselines: a single model answers the whole question, without a program."""

from __future__ import annotations

from typing import cast

import numpy as np

from visprog.evaluation.benchmark import Baseline, Sample
from visprog.evaluation.metrics import same_answer
from visprog.models.roles import ImageTextScorer, Models, VisualQA
from visprog.values import Image

_GAP = 4
"""Width of the white gap between two pictures side by side, in pixels."""


def _answers_question(sample: Sample, models: Models) -> bool:
    question = sample.questions[0]
    return _answers(models, sample.images["IMAGE"], question.instruction, question.answer)


def _judges_statement(sample: Sample, models: Models) -> bool:
    picture = side_by_side(sample.images["LEFT"], sample.images["RIGHT"])
    statement = sample.questions[0]
    words = f"Is it true that {_within_sentence(statement.instruction)}?"
    return _answers(models, picture, words, statement.answer)


def _answers(models: Models, picture: Image, question: str, right: str | bool | None) -> bool:
    model = cast(VisualQA, models.get("visual_qa"))
    return right is not None and same_answer(model.answer(picture, question), right)


def _prefers_true_caption(sample: Sample, models: Models) -> bool:
    """Return whether the true caption, which comes first, scores higher than the other."""
    scorer = cast(ImageTextScorer, models.get("image_text_scorer"))
    captions = [question.instruction for question in sample.questions]
    true, other = scorer.score([sample.images["IMAGE"]], captions)[0]
    return bool(true > other)


def _within_sentence(statement: str) -> str:
    return statement[:1].lower() + statement[1:].rstrip(". ")


def side_by_side(left: Image, right: Image) -> Image:
    """Return both pictures in one, on a white background."""
    height = max(left.height, right.height)
    pixels = np.full((height, left.width + _GAP + right.width, 3), 255, np.uint8)
    pixels[: left.height, : left.width] = left.pixels
    pixels[: right.height, left.width + _GAP :] = right.pixels
    return Image(pixels)


BASELINES = {
    "gqa": Baseline("VisualQA alone", _answers_question, 0.15),
    "nlvr": Baseline("VisualQA alone", _judges_statement, 0.15),
    "composition": Baseline("CLIP alone", _prefers_true_caption, 0.25),
}
"""The baselines by kind of task, with the gains that gold programs should reach."""
