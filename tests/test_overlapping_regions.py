"""Of regions that overlap, the best are kept."""

from __future__ import annotations

import pytest

from visprog.values import Region, Regions


def kept(most: float, *found: tuple[tuple[int, int, int, int], float]) -> list[tuple[int, int, int, int]]:
    regions = Regions((Region(box, score=score) for box, score in found), size=(20, 20))
    return [region.box for region in regions.distinct(most)]


WHOLE, HALF, BESIDE = (0, 0, 10, 10), (0, 0, 10, 5), (10, 0, 20, 10)


def test_a_box_that_overlaps_a_better_one_by_the_limit_is_kept() -> None:
    assert kept(0.5, (WHOLE, 0.9), (HALF, 0.8)) == [WHOLE, HALF]


def test_a_box_that_overlaps_a_better_one_by_more_than_the_limit_is_left_out() -> None:
    assert kept(0.499, (WHOLE, 0.9), (HALF, 0.8)) == [WHOLE]


def test_the_better_of_two_boxes_is_kept_whichever_is_larger() -> None:
    assert kept(0.4, (WHOLE, 0.8), (HALF, 0.9)) == [HALF]


def test_the_first_of_two_equal_boxes_is_kept() -> None:
    regions = Regions((Region(WHOLE, name, 0.5) for name in ("first", "second")), size=(20, 20))
    assert regions.distinct(0.5).labels == ("first",)


@pytest.mark.parametrize("other", [BESIDE, (0, 10, 10, 20), (10, 10, 20, 20)])
def test_boxes_that_only_touch_do_not_overlap(other: tuple[int, int, int, int]) -> None:
    assert kept(0.0, (WHOLE, 0.9), (other, 0.8)) == [WHOLE, other]
