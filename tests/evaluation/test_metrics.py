from __future__ import annotations

import numpy as np
import pytest

from visprog.boxes import box_overlap
from visprog.evaluation.metrics import mask_overlap, matches, same_answer
from visprog.values import Image


@pytest.mark.parametrize(
    ("given", "gold"), [("Yes.", "yes"), (True, "yes"), ("no", False), ("two", "2"), (2, "2"), ("Red", "red")]
)
def test_answers_with_the_same_meaning_are_equal(given: object, gold: str | bool) -> None:
    assert same_answer(given, gold)


@pytest.mark.parametrize(
    ("given", "gold"),
    [("no", "yes"), (False, "yes"), ("3", "2"), (Image(np.zeros((1, 1, 3), np.uint8)), "yes")],
)
def test_answers_that_differ_are_wrong(given: object, gold: str | bool) -> None:
    assert not same_answer(given, gold)


def test_overlaps_are_intersection_over_union() -> None:
    assert box_overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert box_overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0
    one, other = np.zeros((4, 4), np.bool_), np.zeros((4, 4), np.bool_)
    assert mask_overlap(one, other) == 1
    one[:2], other[1:3] = True, True
    assert mask_overlap(one, other) == pytest.approx(1 / 3)


def test_each_row_and_column_is_matched_at_most_once() -> None:
    assert matches(np.array([[0.9, 0.6], [0.8, 0.1]])) == 1
    assert matches(np.array([[0.6, 0.9], [0.8, 0.1]])) == 2
    assert matches(np.zeros((0, 3))) == 0
