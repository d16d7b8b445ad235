from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modules.regions.region_strategies import SIZE, at, mirrored, several
from visprog.errors import UsageError
from visprog.modules.regions.geometry import ORDERS
from visprog.modules.regions.order import pick, sort
from visprog.values import Region, Regions

BY = st.sampled_from(sorted(ORDERS))

FOUND = Regions(
    [
        Region((10, 10, 16, 13), "wide", 0.5),
        Region((0, 4, 2, 12), "tall", 0.9),
        Region((30, 20, 35, 25), "big", 0.2),
    ],
    size=SIZE,
)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("left", ["tall", "wide", "big"]),
        ("right", ["big", "wide", "tall"]),
        ("top", ["tall", "wide", "big"]),
        ("bottom", ["big", "wide", "tall"]),
        ("size", ["big", "wide", "tall"]),
        ("width", ["wide", "big", "tall"]),
        ("height", ["tall", "big", "wide"]),
        ("score", ["tall", "wide", "big"]),
    ],
)
def test_sort_puts_the_first_of_each_order_first(by: str, expected: list[str]) -> None:
    assert expected == list(sort(FOUND, by).labels)
    assert expected[::-1] == list(sort(FOUND, by, reverse=True).labels)
    assert expected[0] == pick(FOUND, by, warn=pytest.fail)[0].label


def test_the_leftmost_region_is_the_default() -> None:
    assert sort(FOUND) == sort(FOUND, "left")
    assert pick(FOUND, warn=pytest.fail).labels == ("tall",)


def test_sides_compare_the_centres() -> None:
    assert sort(at((0, 0, 30, 5), (2, 0, 8, 5)), "left").labels == ("B", "A")


def test_the_size_is_that_of_the_mask_if_there_is_one() -> None:
    mask = np.zeros((30, 40), dtype=np.bool_)
    mask[0, :5] = True
    found = Regions([Region((0, 0, 20, 20), "thin", mask=mask), Region((0, 0, 3, 3), "small")], size=SIZE)
    assert sort(found, "size").labels == ("small", "thin")


def test_on_a_tie_the_higher_score_comes_first_and_then_the_first() -> None:
    box = (0, 0, 4, 4)
    found = Regions([Region(box, "a", 0.5), Region(box, "b", 0.7), Region(box, "c", 0.5)], size=SIZE)
    assert sort(found, "left").labels == ("b", "a", "c")
    assert sort(found, "right").labels == ("b", "a", "c")


@pytest.mark.parametrize("place", [4, -4, 100])
def test_beyond_the_last_place_nothing_is_picked_and_a_warning_says_so(place: int) -> None:
    remarks: list[str] = []
    assert pick(FOUND, "left", place, warn=remarks.append) == FOUND[:0]
    assert remarks == [f"there are 3 regions, so the result for place {place} is empty"]


def test_picking_from_nothing_gives_nothing_and_a_warning() -> None:
    remarks: list[str] = []
    assert pick(FOUND[:0], warn=remarks.append).empty
    assert remarks == ["there are no regions, so the result for place 1 is empty"]


def test_place_0_is_an_error() -> None:
    with pytest.raises(UsageError, match="`place` is 0"):
        pick(FOUND, "left", 0, warn=pytest.fail)


@given(several, BY, st.booleans())
def test_sort_is_a_permutation(found: Regions, by: str, reverse: bool) -> None:
    def identities(regions: Regions) -> list[int]:
        return sorted(map(id, regions))

    assert identities(found) == identities(sort(found, by, reverse))


@given(several, BY)
def test_sorting_twice_changes_nothing(found: Regions, by: str) -> None:
    assert sort(found, by) == sort(sort(found, by), by)


@given(several, BY)
def test_each_place_is_that_of_sort(found: Regions, by: str) -> None:
    for place, region in enumerate(sort(found, by), start=1):
        assert list(pick(found, by, place, warn=pytest.fail)) == [region]
        assert list(pick(found, by, place - 1 - len(found), warn=pytest.fail)) == [region]


@given(several, BY)
def test_a_mirrored_picture_swaps_left_and_right_only(found: Regions, by: str) -> None:
    swapped = {"left": "right", "right": "left"}.get(by, by)
    assert mirrored(sort(found, by)) == sort(mirrored(found), swapped)
