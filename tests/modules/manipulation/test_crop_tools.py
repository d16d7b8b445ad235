from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.modules.manipulation.crop import (
    crop,
    crop_above,
    crop_ahead,
    crop_around,
    crop_behind,
    crop_below,
    crop_in_front,
    crop_left,
    crop_right,
)
from visprog.tools import Tool
from visprog.values import Image, Region, Regions

AROUND = (crop, crop_in_front, crop_behind, crop_ahead)
BEYOND = (crop_left, crop_right, crop_above, crop_below)


def numbered(width: int, height: int) -> Image:
    """A picture whose pixels tell their place: red is the column, green the row."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 0], pixels[..., 1] = np.arange(width), np.arange(height)[:, np.newaxis]
    return Image(pixels)


def place(part: Image) -> tuple[int, int, int, int]:
    first, last = part.pixels[0, 0], part.pixels[-1, -1]
    return int(first[0]), int(first[1]), int(last[0]) + 1, int(last[1]) + 1


@pytest.mark.parametrize(
    ("half", "part"),
    [
        ("LEFT", (0, 0, 20, 30)),
        ("RIGHT", (20, 0, 40, 30)),
        ("TOP", (0, 0, 40, 15)),
        ("BOTTOM", (0, 15, 40, 30)),
    ],
)
def test_a_half_of_the_picture_is_cut_out_as_it_is(half: str, part: tuple[int, int, int, int]) -> None:
    assert (
        place(crop(numbered(40, 30), Regions([Region(part, half)], size=(40, 30)), warn=pytest.fail)) == part
    )


sizes = st.tuples(st.integers(1, 60), st.integers(1, 60))
boxes = st.tuples(st.integers(-80, 80), st.integers(-80, 80), st.integers(1, 90), st.integers(1, 90)).map(
    lambda it: (it[0], it[1], it[0] + it[2], it[1] + it[3])
)


def one(box: tuple[int, int, int, int], size: tuple[int, int]) -> Regions:
    return Regions([Region(box)], size=size)


@pytest.mark.parametrize("tool", AROUND)
def test_the_best_region_is_cut_out_enlarged_and_clipped(tool: Tool) -> None:
    regions = Regions([Region((0, 0, 9, 9), "", 0.2), Region((40, 30, 60, 50), "", 0.9)], size=(70, 60))
    assert place(tool(numbered(70, 60), regions, warn=pytest.fail)) == (35, 25, 65, 55)


@pytest.mark.parametrize(
    ("tool", "part"),
    [
        (crop_left, (0, 0, 50, 60)),
        (crop_right, (50, 0, 70, 60)),
        (crop_above, (0, 0, 70, 40)),
        (crop_below, (0, 40, 70, 60)),
    ],
)
def test_the_part_beyond_the_centre_is_cut_out(tool: Tool, part: tuple[int, ...]) -> None:
    assert part == place(tool(numbered(70, 60), one((40, 30, 60, 50), (70, 60)), warn=pytest.fail))


@pytest.mark.parametrize(
    ("tool", "part"),
    [
        (crop, (0, 0, 70, 60)),
        (crop_around, (0, 0, 70, 60)),
        (crop_left, (0, 0, 35, 60)),
        (crop_right, (35, 0, 70, 60)),
        (crop_above, (0, 0, 70, 30)),
        (crop_below, (0, 30, 70, 60)),
    ],
)
def test_without_a_region_a_default_part_is_used_with_a_warning(tool: Tool, part: tuple[int, ...]) -> None:
    remarks: list[str] = []
    assert part == place(tool(numbered(70, 60), Regions(size=(70, 60)), warn=remarks.append))
    assert len(remarks) == 1


@pytest.mark.parametrize(
    ("box", "part"),
    [
        ((30, 30, 40, 50), (20, 20, 50, 60)),
        ((30, 30, 50, 40), (20, 20, 60, 50)),
        ((0, 0, 7, 9), (0, 0, 11, 13)),
    ],
)
def test_around_a_region_is_half_of_its_longer_side(
    box: tuple[int, int, int, int], part: tuple[int, ...]
) -> None:
    assert part == place(crop_around(numbered(70, 60), one(box, (70, 60)), warn=pytest.fail))


def test_around_a_half_of_the_picture_is_this_half() -> None:
    half = Regions([Region((0, 0, 20, 30), "LEFT")], size=(40, 30))
    assert place(crop_around(numbered(40, 30), half, warn=pytest.fail)) == (0, 0, 20, 30)


@given(sizes, boxes, st.sampled_from([*AROUND, *BEYOND, crop_around]))
def test_a_crop_is_a_part_of_the_picture_with_an_area(
    size: tuple[int, int], box: tuple[int, int, int, int], tool: Tool
) -> None:
    image = numbered(*size)
    part = tool(image, one(box, size), warn=lambda _: None)
    left, top, right, bottom = place(part)
    assert part == Image(image.pixels[top:bottom, left:right])
    assert part.width >= 1
    assert part.height >= 1


@given(sizes, boxes)
def test_opposite_crops_cover_the_picture_and_share_a_line_at_most(
    size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    image, regions = numbered(*size), one(box, size)
    left, right = (tool(image, regions, warn=pytest.fail).width for tool in (crop_left, crop_right))
    above, below = (tool(image, regions, warn=pytest.fail).height for tool in (crop_above, crop_below))
    assert 0 <= left + right - size[0] <= 1
    assert 0 <= above + below - size[1] <= 1


@given(sizes, boxes)
def test_a_crop_starts_at_the_regions_centre(size: tuple[int, int], box: tuple[int, int, int, int]) -> None:
    x = (box[0] + box[2]) / 2
    if 0 <= x < size[0]:
        assert place(crop_right(numbered(*size), one(box, size), warn=pytest.fail))[0] == math.floor(x)


def test_a_crop_shares_the_pixels_of_its_picture() -> None:
    image = numbered(70, 60)
    assert np.shares_memory(
        crop(image, one((40, 30, 60, 50), (70, 60)), warn=pytest.fail).pixels, image.pixels
    )
