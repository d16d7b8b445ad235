"""Boxes between words, in the notation that some models were trained on."""

from __future__ import annotations

import pytest

from visprog.models.backends.openai.boxes import Canvas, read_boxes

CANVAS = Canvas((1000, 1000), (600, 400), (1024, 1000))


def boxes(text: str) -> list[tuple[str, tuple[int, int, int, int]]]:
    return [(each.label, each.box) for each in read_boxes(text, {"dog": "dog", "cat": "cat"}, CANVAS)]


@pytest.mark.parametrize(
    "text",
    [
        "<ref>dog</ref><box>[[250, 125, 500, 375]]</box>",
        "A <ref>dog</ref><box>(250,125),(500,375)</box> sleeps.",
        "<|object_ref_start|>dog<|object_ref_end|><|box_start|>(250,125),(500,375)<|box_end|><|im_end|>",
        "dog<loc_250><loc_125><loc_500><loc_375>",
        "<loc0128><loc0256><loc0384><loc0512> dog",
        "<think><ref>cat</ref><box>[[1,2,3,4]]</box></think><ref>dog</ref><box>[[250,125,500,375]]</box>",
    ],
)
def test_a_marked_box_is_read(text: str) -> None:
    assert boxes(text) == [("dog", (256, 125, 512, 375))]


def test_several_marked_boxes_are_read() -> None:
    both = [("dog", (256, 125, 512, 375)), ("cat", (0, 0, 512, 500))]
    assert (
        boxes("<loc0128><loc0256><loc0384><loc0512> dog ; <loc0000><loc0000><loc0512><loc0512> cat") == both
    )
    assert boxes("dog<loc_250><loc_125><loc_500><loc_375>cat<loc_0><loc_0><loc_500><loc_500>") == both
    twice = boxes("<ref>dog</ref><box>[[250, 125, 500, 375], [0, 0, 500, 500]]</box>")
    assert twice == [("dog", (256, 125, 512, 375)), ("dog", (0, 0, 512, 500))]


@pytest.mark.parametrize(
    "text",
    ["There is no dog in the picture.", "No objects detected.", "None", "null", '{"boxes": null}'],
)
def test_a_model_may_answer_that_there_is_nothing(text: str) -> None:
    assert boxes(text) == []


@pytest.mark.parametrize("text", ["A dog sleeps.", "No. 5: a dog", "none but {a dog}", "I cannot tell."])
def test_other_sentences_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        boxes(text)
