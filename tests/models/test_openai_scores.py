"""Percentages in the shapes in which models write them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.openai_server import OpenAIServer, answers_json
from visprog.values import Image

PHOTO = Image(np.full((40, 60, 3), 120, dtype=np.uint8))


@pytest.mark.parametrize(
    "answer",
    [
        {"picture_1": {"text_1": 90, "text_2": 10}},
        {"text_1": 90, "text_2": 10},
        {"picture_1": [90, 10]},
        {"Picture 1": {"Text 1": "90%", "Text 2": "10%"}},
        {"scores": {"picture_1": {"text_1": 0.9, "text_2": 0.1}}},
        {"scores": {"text_1": 90, "text_2": 10}},
    ],
)
def test_percentages_are_read_in_one_request(answer: object) -> None:
    with OpenAIServer(answers_json(answer)) as server:
        logits = server.vision().score([PHOTO], ["a dog", "a cat"])
        assert len(server.received) == 1
    np.testing.assert_allclose(logits, np.log([[90.5, 10.5]]))
