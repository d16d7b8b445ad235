from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visprog.models.inpainting import asks_for_removal, excerpt, paste, surroundings
from visprog.values import Image

Mask = NDArray[np.bool_]


def smooth(width: int, height: int) -> Image:
    """Return a picture whose red grows to the right and whose green grows downwards."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width).astype(np.uint8)
    pixels[..., 1] = np.linspace(0, 255, height).astype(np.uint8)[:, None]
    return Image(pixels)


def boxed(width: int, height: int, box: tuple[int, int, int, int]) -> Mask:
    left, top, right, bottom = box
    mask = np.zeros((height, width), dtype=np.bool_)
    mask[top:bottom, left:right] = True
    return mask


@st.composite
def masked_pictures(draw: st.DrawFn) -> tuple[Image, Mask]:
    width, height = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
    seed = draw(st.integers(0, 9))
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image(noise), boxed(width, height, (left, top, right, bottom))


@given(masked_pictures(), st.sampled_from([8, 64, 100]), st.sampled_from([1, 8, 16]))
@settings(deadline=None)
def test_every_pixel_outside_the_mask_is_unchanged(case: tuple[Image, Mask], side: int, grid: int) -> None:
    image, mask = case
    part = excerpt(image, mask, side=side, grid=grid)
    assert part is not None
    black = Image(np.zeros_like(part.image.pixels))
    done = paste(image, mask, part, black)
    assert np.array_equal(image.pixels[~mask], done.pixels[~mask])
    assert not done.pixels[mask].any()


@given(masked_pictures(), st.sampled_from([32, 100]), st.sampled_from([1, 8, 16]))
@settings(deadline=None)
def test_the_model_sees_the_whole_mask_at_a_size_that_it_can_take(
    case: tuple[Image, Mask], side: int, grid: int
) -> None:
    image, mask = case
    part = excerpt(image, mask, side=side, grid=grid)
    assert part is not None
    left, top, right, bottom = part.place
    assert mask[top:bottom, left:right].sum() == mask.sum()
    assert part.image.width % grid == 0
    assert part.image.height % grid == 0
    assert max(part.image.size) <= side
    assert part.mask.shape == part.image.pixels.shape[:2]
    across, down = part.scaled[0] / (right - left), part.scaled[1] / (bottom - top)
    for y, x in np.argwhere(mask)[:: max(1, int(mask.sum()) // 20)]:
        row, column = (int((y - top + 0.5) * down), int((x - left + 0.5) * across))
        assert part.mask[min(row, part.scaled[1] - 1), min(column, part.scaled[0] - 1)]


def test_the_place_is_a_square_twice_as_large_around_the_middle_of_the_mask() -> None:
    assert surroundings(boxed(1000, 800, (400, 300, 500, 380))) == (350, 240, 550, 440)


def test_a_place_at_the_edge_is_moved_into_the_picture() -> None:
    assert surroundings(boxed(1000, 800, (0, 740, 100, 800))) == (0, 600, 200, 800)


def test_a_place_is_no_larger_than_the_picture() -> None:
    assert surroundings(boxed(90, 40, (10, 10, 60, 30))) == (0, 0, 90, 40)


def test_a_small_mask_is_enlarged_four_times_at_most() -> None:
    part = excerpt(smooth(2000, 1500), boxed(2000, 1500, (1000, 700, 1004, 704)), side=512)
    assert part is not None
    assert part.place == (938, 638, 1066, 766)
    assert part.image.size == (512, 512)


def test_of_a_huge_picture_only_the_surroundings_are_seen() -> None:
    image = Image(np.full((5000, 8000, 3), 7, dtype=np.uint8))
    part = excerpt(image, boxed(8000, 5000, (4000, 2000, 4200, 2100)), side=512)
    assert part is not None
    assert part.place == (3900, 1850, 4300, 2250)
    assert part.image.size == (512, 512)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1000, 500), (512, 256)),
        ((500, 1000), (256, 512)),
        ((300, 300), (512, 512)),
        ((1500, 1000), (512, 344)),
    ],
)
def test_a_picture_keeps_its_proportions(size: tuple[int, int], expected: tuple[int, int]) -> None:
    part = excerpt(smooth(*size), np.ones(size[::-1], dtype=np.bool_), side=512)
    assert part is not None
    assert part.image.size == expected
    assert abs(part.scaled[0] / part.scaled[1] - size[0] / size[1]) < 0.01


def test_what_is_added_to_a_thin_picture_repeats_its_edge() -> None:
    image, mask = smooth(200, 3), boxed(200, 3, (50, 2, 60, 3))
    part = excerpt(image, mask, side=64, context=4)
    assert part is not None
    assert part.image.size == (64, 16)
    last = part.scaled[1] - 1
    assert np.array_equal(
        part.image.pixels[last:], np.broadcast_to(part.image.pixels[last], (16 - last, 64, 3))
    )
    assert part.mask[-1].any(), "if the mask reaches the edge, the pixels beyond may be painted"


def test_the_way_there_and_back_leaves_a_smooth_picture_as_it_is() -> None:
    for size in ((640, 360), (360, 640), (37, 91)):
        image, mask = smooth(*size), boxed(*size, (10, 8, 35, 36))
        part = excerpt(image, mask, side=256)
        assert part is not None
        back = paste(image, mask, part, part.image).pixels.astype(int)
        assert np.abs(back - image.pixels).max() <= 4


def test_what_is_painted_lands_where_it_was_painted() -> None:
    image, mask = smooth(400, 300), boxed(400, 300, (100, 100, 300, 200))
    part = excerpt(image, mask, side=200, context=1)
    assert part is not None
    assert part.place == (100, 50, 300, 250)
    assert part.scaled == (200, 200)
    pixels = np.zeros((200, 200, 3), dtype=np.uint8)
    pixels[50:60, 30:70] = 255
    done = paste(image, mask, part, Image(pixels))
    white = (done.pixels == 255).all(axis=-1) & mask
    assert np.array_equal(boxed(400, 300, (130, 100, 170, 110)), white)


def test_a_service_may_answer_at_another_size() -> None:
    image, mask = smooth(100, 100), boxed(100, 100, (40, 40, 60, 60))
    part = excerpt(image, mask, side=64)
    assert part is not None
    larger = Image(np.full((1024, 1024, 3), 9, dtype=np.uint8))
    assert (paste(image, mask, part, larger).pixels[mask] == 9).all()


def test_a_line_too_thin_to_be_seen_at_the_models_size_is_still_in_its_mask() -> None:
    part = excerpt(smooth(4000, 3000), boxed(4000, 3000, (0, 1500, 4000, 1501)), side=512)
    assert part is not None
    assert part.mask.any(axis=0).all()
    assert part.mask.any(axis=1).sum() == 8


def test_an_empty_mask_has_no_excerpt() -> None:
    assert excerpt(smooth(20, 20), np.zeros((20, 20), dtype=np.bool_), side=64) is None
    assert surroundings(np.zeros((20, 20), dtype=np.bool_)) is None


@pytest.mark.parametrize("mask", [np.ones((20, 10), dtype=np.bool_), np.ones((10, 20), dtype=np.uint8)])
def test_a_mask_of_another_shape_is_rejected(mask: Mask) -> None:
    with pytest.raises(ValueError, match="the mask is"):
        excerpt(smooth(20, 10), mask, side=64)


@pytest.mark.parametrize(
    "prompt",
    [
        "", " ", ".", "nothing", "Nothing.", "'nothing'", "None", "background", "The background!",
        "empty background", "an empty background", "- remove", "Remove the dog.",
        "remove the man with the hat", "erase it", "delete...",
    ],
)  # fmt: skip
def test_a_prompt_may_ask_for_removal(prompt: str) -> None:
    assert asks_for_removal(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "grass", "nothing but grass", "background of stars", "a removed wall", "\N{BALLOON}", "remover",
        "remove the dog and put a cat there", "Remove it, fill with snow", "the background of a beach",
    ],
)  # fmt: skip
def test_a_prompt_that_names_something_to_paint_does_not_ask_for_removal(prompt: str) -> None:
    assert not asks_for_removal(prompt)
