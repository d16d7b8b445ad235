"""Values are checked when they are made, and never change afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog import Image, Region, Regions
from visprog.boxes import box_overlap, clip, enlarge

boxes = st.tuples(*[st.integers(-50, 50)] * 2, *[st.integers(1, 60)] * 2).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
sizes = st.tuples(st.integers(1, 60), st.integers(1, 60))


def gradient(width: int = 8, height: int = 6) -> Image:
    values = np.arange(width * height * 3) % 256
    return Image(values.astype(np.uint8).reshape(height, width, 3))


def test_an_image_copies_its_pixels_and_locks_them() -> None:
    pixels = np.zeros((2, 3, 3), dtype=np.uint8)
    image = Image(pixels)
    pixels[:] = 9
    assert image.pixels.max() == 0
    with pytest.raises(ValueError, match="read-only"):
        image.pixels[0, 0] = 1


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (0, 3, 3), (2, 0, 3)])
def test_an_array_of_another_shape_is_rejected(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="of shape"):
        Image(np.zeros(shape, dtype=np.uint8))


def test_equal_pixels_are_equal_images() -> None:
    assert gradient() == gradient()
    assert hash(gradient()) == hash(gradient())
    assert gradient() != gradient(6, 8)
    assert gradient().digest == gradient().digest
    assert gradient().digest != gradient(6, 8).digest


def test_a_crop_shares_pixels_and_has_its_own_digest() -> None:
    image = gradient()
    part = image.crop((2, 1, 5, 4))
    assert part.size == (3, 3)
    assert np.shares_memory(part.pixels, image.pixels)
    assert part.digest == gradient().crop((2, 1, 5, 4)).digest
    assert part.digest != image.crop((2, 1, 5, 5)).digest


def test_a_crop_outside_the_picture_is_rejected() -> None:
    with pytest.raises(ValueError, match="outside the picture of 8x6"):
        gradient().crop((8, 0, 9, 1))


def test_pictures_are_unchanged_after_conversion_to_pil_and_back() -> None:
    assert Image.from_pil(gradient().to_pil()) == gradient()


@pytest.mark.parametrize("box", [(1, 1, 1, 5), (5, 1, 2, 4)])
def test_a_box_without_area_is_rejected(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="with an area"):
        Region(box)


def test_a_score_above_one_is_rejected() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Region((0, 0, 1, 1), score=1.5)


def test_a_mask_of_another_shape_is_reported_with_both_shapes() -> None:
    mask = np.zeros((6, 9), dtype=np.bool_)
    with pytest.raises(ValueError, match=r"shape \(6, 9\).*\(6, 8\)"):
        Regions([Region((0, 0, 1, 1), "dog", mask=mask)], size=(8, 6))


def test_a_mask_is_copied_and_locked() -> None:
    mask = np.zeros((6, 8), dtype=np.bool_)
    region = Region((0, 0, 1, 1), mask=mask)
    mask[:] = True
    assert region.mask is not None
    assert not region.mask.any()
    assert not region.mask.flags.writeable


def test_regions_are_indexed_like_arrays() -> None:
    found = Regions([Region((i, 0, i + 1, 1), str(i), i / 4) for i in range(4)], size=(8, 6))
    assert found[1].label == "1"
    assert found[1:3].labels == ("1", "2")
    assert found[[3, 0]].labels == ("3", "0")
    assert found[found.scores > 0.3].labels == ("2", "3")
    assert found[[]].empty
    with pytest.raises(IndexError, match="expected a boolean index of length"):
        found[[True, False]]


def test_the_best_region_is_the_first_of_the_highest_score() -> None:
    scored = {"a": 0.2, "b": 0.9, "c": 0.9}
    found = Regions([Region((0, 0, 1, 1), label, score) for label, score in scored.items()], size=(8, 6))
    assert found.best is not None
    assert found.best.label == "b"
    assert Regions(size=(8, 6)).best is None


@given(st.lists(st.tuples(boxes, st.floats(0, 1)), max_size=8), st.floats(0, 1))
def test_distinct_regions_are_the_best_of_those_that_overlap(
    found: list[tuple[tuple[int, int, int, int], float]], most: float
) -> None:
    regions = Regions((Region(box, score=score) for box, score in found), size=(60, 60))
    kept = regions.distinct(most)
    assert [*kept.scores] == sorted(kept.scores, reverse=True)
    for number, region in enumerate(kept):
        assert all(box_overlap(region.box, other.box) <= most for other in kept[:number])
    for region in regions:
        betters = (other for other in kept if other.score >= region.score)
        assert region in kept or any(box_overlap(region.box, other.box) > most for other in betters)


def test_labels_are_compared_without_case() -> None:
    found = Regions([Region((0, 0, 1, 1), "Dog"), Region((1, 0, 2, 1), "cat")], size=(8, 6))
    assert found.with_label("dog").labels == ("Dog",)


@given(st.lists(boxes, max_size=5), sizes)
def test_the_union_covers_every_box_and_nothing_else(
    found: list[tuple[int, int, int, int]], size: tuple[int, int]
) -> None:
    union = Regions([Region(box) for box in found], size=size).union_mask()
    assert union.shape == (size[1], size[0])
    for x in range(size[0]):
        for y in (0, size[1] - 1):
            inside = any(left <= x < right and top <= y < bottom for left, top, right, bottom in found)
            assert union[y, x] == inside


@given(boxes, sizes)
def test_a_clipped_box_is_inside_the_picture(box: tuple[int, int, int, int], size: tuple[int, int]) -> None:
    clipped = clip(box, size)
    if clipped is None:
        assert box[0] >= size[0] or box[1] >= size[1] or box[2] <= 0 or box[3] <= 0
    else:
        left, top, right, bottom = clipped
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
        assert clip(clipped, size) == clipped


@given(boxes, sizes)
def test_an_enlarged_box_contains_the_box(box: tuple[int, int, int, int], size: tuple[int, int]) -> None:
    before, after = clip(box, size), enlarge(box, 1.5, size)
    if before is not None:
        assert after is not None
        assert after[0] <= before[0]
        assert after[1] <= before[1]
        assert after[2] >= before[2]
        assert after[3] >= before[3]
