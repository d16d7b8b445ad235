"""Tiles: parts of a picture in which a detector searches for small things."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.boxes import Box
from visprog.models.backends.transformers.tiles import cut, joined, tiles_of
from visprog.values import Image, Region, Regions

SIZE = (100, 200)
TILES = [(0, 0, 65, 130), (35, 0, 100, 130), (0, 70, 65, 200), (35, 70, 100, 200)]


def test_the_tiles_are_the_four_corners() -> None:
    assert list(tiles_of(SIZE)) == TILES


@given(st.integers(1, 400), st.integers(1, 400))
def test_the_tiles_cover_the_picture_and_are_hardly_thinner(width: int, height: int) -> None:
    covered = np.zeros((height, width), np.bool_)
    for left, top, right, bottom in tiles_of((width, height)):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        covered[top:bottom, left:right] = True
        longest = max(width, height) / min(width, height)
        assert max(right - left, bottom - top) <= max(1, np.ceil(longest)) * min(right - left, bottom - top)
    assert covered.all()


@given(st.integers(20, 400), st.integers(20, 400), st.data())
def test_a_small_thing_is_whole_in_one_of_the_tiles(width: int, height: int, data: st.DataObject) -> None:
    across, down = (data.draw(st.integers(1, max(1, int(0.28 * side)))) for side in (width, height))
    left, top = data.draw(st.integers(0, width - across)), data.draw(st.integers(0, height - down))
    assert any(
        tile[0] <= left and tile[1] <= top and left + across <= tile[2] and top + down <= tile[3]
        for tile in tiles_of((width, height))
    )


def test_a_picture_is_cut_into_itself_and_its_tiles() -> None:
    pixels = np.arange(200 * 100 * 3, dtype=np.uint32).astype(np.uint8).reshape(200, 100, 3)
    image = Image(pixels)
    assert [image, *(image.crop(tile) for tile in TILES)] == cut(image)


def found(*parts: list[tuple[Box, str, float]]) -> list[Regions]:
    sizes = [SIZE, *[(65, 130)] * 4]
    listed = [*parts, *[[]] * (5 - len(parts))]
    return [
        Regions((Region(*each) for each in part), size=size) for part, size in zip(listed, sizes, strict=True)
    ]


def summary(regions: Regions) -> list[tuple[Box, str, float]]:
    return [(region.box, region.label, region.score) for region in regions]


def test_regions_of_tiles_are_moved_into_the_picture() -> None:
    part = [((10, 20, 30, 40), "dog", 0.7)]
    regions = joined(found([], [], part, part, part), 0.3)
    assert [region.box for region in regions] == [(45, 20, 65, 40), (10, 90, 30, 110), (45, 90, 65, 110)]
    assert regions.size == SIZE


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ((0, 0, 20, 20), True),  # the edges of the picture cut nothing off
        ((40, 20, 64, 40), False),
        ((40, 20, 62, 40), True),
        ((20, 110, 40, 130), False),
    ],
)
def test_a_region_at_an_inner_edge_is_left_out(box: Box, kept: bool) -> None:
    assert kept is not joined(found([], [(box, "dog", 0.7)]), 0.3).empty


def test_the_best_of_several_regions_of_a_thing_is_kept() -> None:
    whole = [((40, 20, 60, 40), "dog", 0.7)]
    tile = [((6, 20, 26, 40), "dog", 0.9), ((6, 20, 26, 40), "cat", 0.8)]
    expected = [((41, 20, 61, 40), "dog", 0.9), ((41, 20, 61, 40), "cat", 0.8)]
    assert expected == summary(joined(found(whole, [], tile), 0.3))


def test_a_part_of_a_thing_that_a_tile_shows_does_not_count_again() -> None:
    whole, tile = [((20, 20, 60, 60), "dog", 0.9)], [((40, 30, 62, 50), "dog", 0.7)]
    assert summary(joined(found(whole, tile), 0.6)) == whole
    assert len(joined(found([*whole, *tile]), 0.6)) == 2  # the whole picture shows both
