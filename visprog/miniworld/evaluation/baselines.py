"""What there is without programs: one model that is asked everything at once."""

from __future__ import annotations

from typing import cast

import numpy as np

from visprog.errors import ModelError
from visprog.miniworld.evaluation.scoring import same_answer
from visprog.miniworld.evaluation.trials import Case
from visprog.models.roles import ImageTextScorer, Models, VisualQA
from visprog.values import Image

NAMES = {"gqa": "VisualQA alone", "nlvr": "VisualQA alone", "composition": "CLIP alone"}
"""The baselines, by the kind of task that has one."""

ROLES = {"gqa": "visual_qa", "nlvr": "visual_qa", "composition": "image_text_scorer"}
"""The role that each of them needs."""

_GAP = 4
"""White pixels between two pictures side by side."""


def alone(case: Case, models: Models) -> bool:
    """Whether the one model is right about a case; a model that fails is not."""
    try:
        return _is_right(case, models)
    except ModelError:
        return False


def _is_right(case: Case, models: Models) -> bool:
    if case.task.kind == "composition":
        return _prefers(case, cast(ImageTextScorer, models.get("image_text_scorer")))
    model = cast(VisualQA, models.get("visual_qa"))
    if case.task.kind == "nlvr":
        picture = side_by_side(case.images["LEFT"], case.images["RIGHT"])
        question = f"Is it true that {_continued(case.task.instruction)}?"
    else:
        picture, question = case.images["IMAGE"], case.task.instruction
    assert case.task.answer is not None, "a question has an answer"  # noqa: S101
    return same_answer(model.answer(picture, question), case.task.answer)


def _prefers(case: Case, scorer: ImageTextScorer) -> bool:
    """Whether the true caption scores higher than the other."""
    true, other = scorer.score([case.images["IMAGE"]], [asked.instruction for asked in case.questions])[0]
    return bool(true > other)


def _continued(statement: str) -> str:
    """Return a statement as the end of a sentence."""
    return statement[:1].lower() + statement[1:].rstrip(". ")


def side_by_side(left: Image, right: Image) -> Image:
    """Return both pictures in one, the lower one on white."""
    height = max(left.height, right.height)
    pixels = np.full((height, left.width + _GAP + right.width, 3), 255, np.uint8)
    pixels[: left.height, : left.width] = left.pixels
    pixels[: right.height, left.width + _GAP :] = right.pixels
    return Image(pixels)
