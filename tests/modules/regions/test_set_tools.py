from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given

from tests.modules.regions.region_strategies import SIZE, at, several
from visprog.errors import UsageError
from visprog.modules.regions.geometry import SAME_OBJECT, overlap_share
from visprog.modules.regions.sets import both, without
from visprog.values import Region, Regions

FOUND = at((0, 0, 10, 10), (20, 0, 30, 10), (0, 20, 10, 30))


def test_without_removes_the_same_regions() -> None:
    assert without(FOUND, FOUND[[1]]).labels == ("A", "C")


def test_both_has_the_regions_of_each() -> None:
    assert both(FOUND[[2, 0]], FOUND[[1]]).labels == ("C", "A", "B")


def test_a_box_that_is_slightly_different_shows_the_same_object() -> None:
    close = Regions([Region((0, 0, 10, 9), "cat")], size=SIZE)
    assert without(FOUND, close).labels == ("B", "C")
    assert both(FOUND, close) == FOUND


def test_boxes_that_overlap_by_half_or_less_show_different_objects() -> None:
    half = Regions([Region((0, 0, 10, 5), "cat")], size=SIZE)
    assert without(FOUND, half) == FOUND
    assert len(both(FOUND, half)) == 4


def test_the_same_region_alone_is_removed_even_if_another_overlaps_it() -> None:
    crowd = at((0, 0, 10, 10), (0, 0, 10, 9))
    assert without(crowd, crowd[[1]]).labels == ("A",)


def masked(rows: slice, label: str) -> Region:
    mask = np.zeros((30, 40), dtype=np.bool_)
    mask[rows, :10] = True
    return Region((0, 0, 10, 10), label, mask=mask)


def test_equal_boxes_with_other_masks_show_different_objects() -> None:
    sky, sea = masked(slice(0, 5), "sky"), masked(slice(5, 10), "sea")
    found = Regions([sky, sea], size=SIZE)
    assert without(found, found[[0]]).labels == ("sea",)
    assert len(both(found[[0]], found[[1]])) == 2


def test_a_mask_does_not_change_which_region_it_is() -> None:
    bare = Regions([Region((0, 0, 10, 10), "sky")], size=SIZE)
    assert without(bare, Regions([masked(slice(0, 5), "sky")], size=SIZE)).empty


@pytest.mark.parametrize("combine", [without, both])
def test_regions_of_pictures_of_different_sizes_are_an_error(
    combine: Callable[[Regions, Regions], Regions],
) -> None:
    with pytest.raises(UsageError, match="40x30 and 20x20"):
        combine(FOUND, at((0, 0, 4, 4), size=(20, 20)))


def test_nothing_can_be_combined_with_regions_of_any_picture() -> None:
    nothing = Regions(size=(20, 20))
    assert without(FOUND, nothing) == FOUND
    assert without(nothing, FOUND) == nothing
    assert both(FOUND, nothing) == both(nothing, FOUND) == FOUND


@given(several)
def test_each_set_is_its_own_union_and_leaves_nothing_without_itself(found: Regions) -> None:
    assert both(found, found) == found
    assert without(found, found).empty


@given(several, several)
def test_both_begins_with_the_first_and_has_only_regions_of_the_two(first: Regions, second: Regions) -> None:
    joined = both(first, second)
    assert joined[: len(first)] == first
    assert set(joined) <= {*first, *second}
    for region in second:
        assert region in joined or any(overlap_share(region, other) > SAME_OBJECT for other in first)


@given(several, several)
def test_without_keeps_a_part_in_order(first: Regions, second: Regions) -> None:
    rest = iter(first)
    assert all(region in rest for region in without(first, second))
