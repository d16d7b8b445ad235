from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modules.regions.region_strategies import SIZE, at, mirrored, regions, several
from visprog.errors import UsageError
from visprog.modules.regions.geometry import EXTREMES, RELATIONS, is_same
from visprog.modules.regions.relate import relate
from visprog.values import Region, Regions

PAIRWISE = st.sampled_from(sorted(RELATIONS))
SIDES = ["left of", "right of", "above", "below"]
CONVERSE = [("inside", "contains"), ("contains", "inside"), ("near", "near"), ("overlapping", "overlapping")]


def related(found: Regions, relation: str, to: Regions) -> list[str]:
    return list(relate(found, relation, to, warn=lambda _: None).labels)


def one(region: Region) -> Regions:
    return Regions([region], size=SIZE)


def holds(region: Region, relation: str, other: Region) -> bool:
    return not relate(one(region), relation, one(other), warn=pytest.fail).empty


CENTER = Regions([Region((10, 10, 20, 20), "center")], size=SIZE)
"""A box with a box on each of its sides in `AROUND`, and one inside it."""
AROUND = Regions(
    [
        Region((0, 10, 8, 20), "west"),
        Region((22, 10, 30, 20), "east"),
        Region((10, 0, 20, 8), "north"),
        Region((10, 22, 20, 30), "south"),
        Region((12, 12, 18, 18), "within"),
    ],
    size=SIZE,
)


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        ("left of", ["west"]),
        ("right of", ["east"]),
        ("above", ["north"]),
        ("below", ["south"]),
        ("inside", ["within"]),
        ("contains", []),
        ("overlapping", ["within"]),
        ("near", ["west", "east", "north", "south", "within"]),
        ("nearest", ["within"]),
    ],
)
def test_each_relation_keeps_its_regions(relation: str, expected: list[str]) -> None:
    assert expected == related(AROUND, relation, CENTER)


@pytest.mark.parametrize(
    ("relation", "box", "expected"),
    [
        ("left of", (4, 10, 15, 20), ["A"]),  # its centre is at 9.5
        ("left of", (4, 10, 16, 20), []),  # at 10, on the edge
        ("right of", (15, 10, 26, 20), ["A"]),
        ("right of", (14, 10, 26, 20), []),
        ("above", (10, 4, 20, 15), ["A"]),
        ("above", (10, 4, 20, 16), []),
        ("below", (10, 15, 20, 26), ["A"]),
        ("below", (10, 14, 20, 26), []),
        ("inside", (11, 10, 21, 20), ["A"]),  # 90 of 100 pixels
        ("inside", (12, 10, 22, 20), []),
        ("contains", (0, 0, 19, 30), ["A"]),
        ("contains", (0, 0, 18, 30), []),
        ("near", (25, 10, 35, 20), ["A"]),  # a gap of 5
        ("near", (26, 10, 36, 20), []),
        ("near", (26, 10, 36, 22), ["A"]),  # a gap of 6, half of 12
        ("near", (23, 24, 33, 34), ["A"]),  # a gap of 3 and 4
        ("near", (24, 24, 34, 34), []),
        ("overlapping", (20, 10, 30, 20), []),  # they touch
        ("overlapping", (19, 10, 30, 20), ["A"]),
    ],
)
def test_each_relation_ends_where_it_says(
    relation: str, box: tuple[int, int, int, int], expected: list[str]
) -> None:
    assert expected == related(at(box), relation, CENTER)


def test_one_of_several_regions_to_relate_to_is_enough() -> None:
    found = at((0, 0, 4, 4), (14, 0, 18, 4), (30, 0, 34, 4))
    assert related(found, "left of", at((6, 0, 9, 4), (20, 0, 24, 4))) == ["A", "B"]


def test_nearest_and_farthest_choose_one_region_for_each() -> None:
    found = at((0, 0, 4, 4), (16, 0, 20, 4), (36, 0, 40, 4))
    assert related(found, "nearest", at((5, 0, 8, 4))) == ["A"]
    assert related(found, "farthest", at((5, 0, 8, 4))) == ["C"]
    assert related(found, "nearest", at((5, 0, 8, 4), (30, 0, 34, 4))) == ["A", "C"]


def test_between_regions_that_overlap_the_distance_of_the_centres_decides() -> None:
    found = at((0, 10, 12, 20), (12, 12, 18, 18))
    assert related(found, "nearest", CENTER) == ["B"]


def test_a_tie_goes_to_the_higher_score() -> None:
    found = Regions([Region((0, 10, 8, 20), "west", 0.4), Region((22, 10, 30, 20), "east", 0.6)], size=SIZE)
    assert related(found, "nearest", CENTER) == ["east"]
    assert related(found, "farthest", CENTER) == ["east"]


def test_a_region_is_not_related_to_itself_even_with_another_label() -> None:
    cat = Region((1, 1, 5, 5), "cat")
    assert related(one(cat), "near", one(Region(cat.box, "pet", 0.3))) == []
    assert related(one(cat), "nearest", one(cat)) == []


def test_the_regions_nearest_to_each_other_are_found_in_one_set() -> None:
    found = at((0, 0, 4, 4), (5, 0, 9, 4), (30, 0, 34, 4))
    assert related(found, "near", found) == ["A", "B"]


@pytest.mark.parametrize(
    ("found", "to", "which"), [(AROUND, AROUND[:0], "`to`"), (AROUND[:0], AROUND, "`object`")]
)
def test_nothing_to_relate_gives_nothing_and_a_warning(found: Regions, to: Regions, which: str) -> None:
    remarks: list[str] = []
    assert relate(found, "nearest", to, warn=remarks.append).empty
    (remark,) = remarks
    assert which in remark


def test_regions_of_pictures_of_different_sizes_are_an_error() -> None:
    with pytest.raises(UsageError, match="40x30 and 20x20"):
        related(AROUND, "near", at((0, 0, 4, 4), size=(20, 20)))


@given(several, st.sampled_from(sorted({*RELATIONS, *EXTREMES})), several)
def test_the_result_is_a_part_of_the_regions_in_order(found: Regions, relation: str, to: Regions) -> None:
    kept = iter(found)
    assert all(region in kept for region in relate(found, relation, to, warn=lambda _: None))


@given(regions, st.sampled_from(sorted({*RELATIONS, *EXTREMES})))
def test_no_region_is_related_to_itself(region: Region, relation: str) -> None:
    assert not holds(region, relation, region)


@given(regions, regions, st.sampled_from(SIDES))
def test_two_regions_are_never_each_on_the_same_side_of_the_other(
    first: Region, second: Region, side: str
) -> None:
    assert not (holds(first, side, second) and holds(second, side, first))


@given(regions, regions, st.sampled_from(CONVERSE))
def test_converse_relations_hold_in_the_other_direction(
    first: Region, second: Region, pair: tuple[str, str]
) -> None:
    relation, converse = pair
    assert holds(first, relation, second) == holds(second, converse, first)


@given(several, several, st.sampled_from(sorted({*RELATIONS, *EXTREMES})))
def test_a_mirrored_picture_swaps_left_and_right_only(found: Regions, to: Regions, relation: str) -> None:
    swapped = {"left of": "right of", "right of": "left of"}.get(relation, relation)
    kept = relate(found, relation, to, warn=lambda _: None)
    assert mirrored(kept) == relate(mirrored(found), swapped, mirrored(to), warn=lambda _: None)


@given(several, several)
def test_nearest_is_at_most_as_far_as_every_other_region(found: Regions, to: Regions) -> None:
    for other in to:
        nearest = relate(found, "nearest", one(other), warn=lambda _: None)
        others = [region for region in found if not is_same(region, other)]
        assert len(nearest) == min(len(others), 1)
        if any_touches(others, other):
            assert any_touches(nearest, other)


def any_touches(found: Regions | list[Region], other: Region) -> bool:
    """Return whether a region touches another one or overlaps it."""
    left, top, right, bottom = other.box
    return any(
        r.box[0] <= right and r.box[2] >= left and r.box[1] <= bottom and r.box[3] >= top for r in found
    )


@given(several, PAIRWISE, several)
def test_relating_to_more_regions_keeps_at_least_as_many(found: Regions, relation: str, to: Regions) -> None:
    part = relate(found, relation, to[:2], warn=lambda _: None)
    assert set(part) <= set(relate(found, relation, to, warn=lambda _: None))
