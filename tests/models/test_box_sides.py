"""Sides of boxes become pixels of the picture exactly, and no box is empty."""

from __future__ import annotations

import json
from typing import Any

import pytest

from visprog.boxes import Box
from visprog.models.backends.openai.boxes import Canvas, read_boxes

TALL = Canvas((600, 400), (600, 400), (60_000, 80_000))
"""A picture so large that one part in a thousand is many pixels."""


def box(answer: Any, canvas: Canvas) -> Box:
    (found,) = read_boxes(json.dumps(answer), {"dog": "dog"}, canvas)
    return found.box


def test_sides_in_thousandths_are_of_a_thousand() -> None:
    found = box([{"bbox_2d": [100, 250, 400, 500], "label": "dog"}], TALL)
    assert found == (6_000, 20_000, 24_000, 40_000)
    found = box([{"box_2d": [250, 100, 500, 400], "label": "dog"}], TALL)
    assert found == (6_000, 20_000, 24_000, 40_000)


def test_percentages_are_of_a_hundred() -> None:
    sides = {"left": "10%", "top": "25%", "right": "40%", "bottom": "50%"}
    assert box([{"label": "dog", **sides}], TALL) == (6_000, 20_000, 24_000, 40_000)


@pytest.mark.parametrize(
    ("first", "last", "sides"),
    [
        (100.1, 100.2, (100, 101)),
        (100.6, 100.7, (100, 101)),
        (599.6, 599.7, (599, 600)),
        (0.1, 0.2, (0, 1)),
        (1.2, 3, (1, 3)),
    ],
)
def test_a_box_is_at_least_one_pixel_wide_and_high(first: float, last: float, sides: tuple[int, int]) -> None:
    canvas = Canvas((600, 600), (600, 600), (600, 600))
    wide = {"label": "dog", "left": first, "top": 2, "right": last, "bottom": 9}
    high = {"label": "dog", "left": 2, "top": first, "right": 9, "bottom": last}
    assert box([wide], canvas)[::2] == sides
    assert box([high], canvas)[1::2] == sides


def test_a_box_is_clipped_to_the_picture() -> None:
    canvas = Canvas((600, 600), (600, 600), (1200, 1200))
    outside = {"label": "dog", "left": -50, "top": 10, "right": 900, "bottom": 20}
    assert box([outside], canvas) == (0, 20, 1200, 40)
