"""Boxes in the forms that models are trained on: read where the numbers leave no doubt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from visprog.models.backends.openai.boxes import Canvas, read_boxes
from visprog.models.backends.openai.form import as_fractions, read_share

SIZE = (1200, 800)
THOUSANDTHS = Canvas((1000, 1000), (600, 400), SIZE)
PIXELS = Canvas((600, 400), (600, 400), SIZE)
BOX = (120, 200, 480, 400)
"""10 % to 40 % of the width, 25 % to 50 % of the height."""
DOG = {"label": "dog", "left": 100, "top": 250, "right": 400, "bottom": 500, "confidence": 80}


def read(answer: object, canvas: Canvas = THOUSANDTHS, *labels: str) -> list[tuple[Any, ...]]:
    wanted = {label: label for label in labels or ("dog",)}
    return [(each.box, each.label, each.score) for each in read_boxes(json.dumps(answer), wanted, canvas)]


FORMS: dict[str, object] = {
    "as asked": {"boxes": [DOG]},
    "a bare list": [DOG],
    "another name of the list": {"detections": [DOG]},
    "one box by itself": DOG,
    "other names of the sides": [{"label": "dog", "xmin": 100, "ymin": 250, "xmax": 400, "ymax": 500}],
    "a box in a box": [{"label": "dog", "bbox": {"x1": 100, "y1": 250, "x2": 400, "y2": 500}}],
    "width and height": [{"label": "dog", "x": 100, "y": 250, "width": 300, "height": 250}],
    "numbers as text": [{"label": "dog", "left": "100", "top": "250", "right": "400.0", "bottom": "500"}],
    "Gemini": [{"box_2d": [250, 100, 500, 400], "label": "dog"}],
    "Gemini in fractions": [{"box_2d": [0.25, 0.1, 0.5, 0.4], "label": "dog"}],
    "beyond the picture in pixels": [{"bbox_2d": [100, 250, 400, 500], "label": "dog"}],
    "fractions": [{"bbox": [0.1, 0.25, 0.4, 0.5], "label": "dog"}],
    "fractions under the names asked for": [DOG | {"left": 0.1, "top": 0.25, "right": 0.4, "bottom": 0.5}],
    "percentages": [{"label": "dog", "left": "10%", "top": "25%", "right": "40%", "bottom": "50 %"}],
    "by label": {"dog": [[0.1, 0.25, 0.4, 0.5]]},
    "another name of the label": [{"name": "dog", "bbox": [0.1, 0.25, 0.4, 0.5]}],
    "one box by label": {"dog": {"left": 100, "top": 250, "right": 400, "bottom": 500}},
    "numbers by label": {"dog": [0.1, 0.25, 0.4, 0.5]},
    "only numbers": [[0.1, 0.25, 0.4, 0.5]],
    "four numbers": [0.1, 0.25, 0.4, 0.5],
    "an object in an object": {"result": {"boxes": [DOG]}},
    "one box instead of a list": {"boxes": DOG},
    "two points": [{"label": "dog", "bbox": [[0.1, 0.25], [0.4, 0.5]]}],
    "a box as text": [{"label": "dog", "bbox": "[0.1, 0.25, 0.4, 0.5]"}],
    "sides from 0": [{"label": "dog", "x0": 0.1, "y0": 0.25, "x1": 0.4, "y1": 0.5}],
    "names with capitals": [{"Label": "dog", "Left": 100, "Top": 250, "Right": 400, "Bottom": 500}],
    "camel case": {"boundingBoxes": [{"label": "dog", "boundingBox": [0.1, 0.25, 0.4, 0.5]}]},
    "no label where one was asked for": [{"bbox": [0.1, 0.25, 0.4, 0.5]}],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_box_is_read_in_forms_that_leave_no_doubt(form: str) -> None:
    assert [(box, label) for box, label, _ in read(FORMS[form])] == [(BOX, "dog")]


@pytest.mark.parametrize("name", ["bbox_2d", "bbox", "box", "bounding_box"])
def test_four_numbers_are_pixels_where_pixels_were_asked_for(name: str) -> None:
    assert read([{name: [60, 100, 240, 200], "label": "dog"}], PIXELS)[0][0] == BOX


@pytest.mark.parametrize("canvas", [THOUSANDTHS, PIXELS])
def test_four_numbers_beyond_the_picture_are_thousandths(canvas: Canvas) -> None:
    assert read([{"bbox_2d": [100, 250, 400, 500], "label": "dog"}], canvas)[0][0] == BOX


def test_four_numbers_above_a_thousand_are_pixels_of_the_picture_as_sent() -> None:
    canvas = Canvas((1000, 1000), (2000, 1600), SIZE)
    near, far = {"bbox_2d": [200, 400, 800, 800]}, {"bbox_2d": [1500, 400, 1900, 800]}
    assert [box for box, *_ in read([near, far], canvas)] == [BOX, (900, 200, 1140, 400)]


def test_four_numbers_that_may_be_either_are_complained_of() -> None:
    with pytest.raises(ValueError, match="does not say which scale its boxes are on: give each as `left`"):
        read([{"bbox_2d": [10, 20, 100, 200], "label": "dog"}])


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({"boxes": 5}, "`boxes` is not a list of boxes"),
        ([[1, 2, 3, 4]], "it does not say which scale"),
        ([DOG | {"left": "far"}], "`left` is far instead of a number"),
        ([{"label": "dog", "bbox_2d": [1, 2, 3]}], "`left` is missing"),
        ([{"label": "dog", "bbox_2d": [1, 2, 3, None]}], r"`bbox_2d\[3\]` is None instead of a number"),
        ([DOG | {"confidence": "high"}], "`confidence` is high instead of a number"),
        ([DOG | {"confidence": "120%"}], "`confidence` is 120 instead of a percentage"),
    ],
)
def test_what_cannot_be_read_is_complained_of(answer: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read(answer)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("Dog", "dog"),
        ("dogs", "dog"),
        ("a dog", "dog"),
        ("The Dogs", "dog"),
        ("dog 2", "dog"),
        ("dog_2", "dog"),
        ("dog #2", "dog"),
        ("fire-hydrant", "fire hydrant"),
        ("Fire_Hydrants", "fire hydrant"),
        ("person", "people"),
    ],
)
def test_a_label_is_recognised_in_another_spelling(written: str, label: str) -> None:
    found = read([DOG | {"label": written}], THOUSANDTHS, "dog", "fire hydrant", "people")
    assert [name for _, name, _ in found] == [label]


@pytest.mark.parametrize("written", ["wolf", "hot dog", "", 7, None, ["dog"]])
def test_another_label_is_complained_of(written: object) -> None:
    with pytest.raises(ValueError, match="is not one of the given labels"):
        read([DOG | {"label": written}], THOUSANDTHS, "dog", "cat")


@pytest.mark.parametrize(
    ("written", "scores"),
    [
        ([0.93], [0.93]),
        ([93], [0.93]),
        (["93"], [0.93]),
        (["93%"], [0.93]),
        (["0.93"], [0.93]),
        ([100, 0], [1.0, 0.0]),
        ([1.0, 0.5], [1.0, 0.5]),
        ([1.0], [1.0]),
        ([1], [0.01]),
        ([0.5, 90], [0.005, 0.9]),
        ([0.5, "90%"], [0.5, 0.9]),
        ([None, 90], [1.0, 0.9]),
        (["0.5%", "90%"], [0.005, 0.9]),
    ],
)
def test_the_scale_of_confidence_is_decided_for_the_whole_answer(
    written: list[Any], scores: list[float]
) -> None:
    found = [score for *_, score in read([DOG | {"confidence": each} for each in written])]
    assert found == pytest.approx(scores)


def test_a_box_without_confidence_counts_as_certain() -> None:
    assert read([{key: value for key, value in DOG.items() if key != "confidence"}])[0][2] == 1.0


@pytest.mark.parametrize("value", [-1, 101, "101%", 1e300, True, None, "nan", "1_0", "", [], "9" * 50])
def test_no_percentage_is_read_from_anything_else(value: object) -> None:
    entry: Mapping[str, Any] = {"text_1": value}
    with pytest.raises(ValueError, match="`text_1` is"):
        as_fractions([read_share(entry, "text_1")])
