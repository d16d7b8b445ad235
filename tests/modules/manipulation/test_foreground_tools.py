from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visprog.errors import ModelFailed, UsageError
from visprog.models.fake import FakeInpainter, FakeMasker
from visprog.modules.manipulation.background import bg_blur
from visprog.modules.manipulation.color_pop import color_pop
from visprog.modules.manipulation.foreground import foreground
from visprog.modules.manipulation.replace import replace
from visprog.tools import Tool
from visprog.values import Image, Region, Regions

SIZE = (160, 120)
DISC = np.hypot(np.arange(160) - 80, (np.arange(120) - 60)[:, np.newaxis]) < 35


def scene() -> Image:
    """An orange disc before a bluish, slightly uneven wall."""
    random = np.random.default_rng(1)
    pixels = random.integers(-12, 13, (120, 160, 3)) + np.array([70, 110, 150])
    pixels[DISC] = random.integers(-12, 13, (int(DISC.sum()), 3)) + np.array([220, 120, 30])
    return Image(pixels.astype(np.uint8))


BOX = (42, 22, 118, 98)
BOXED = Regions([Region(BOX, "disc")], size=SIZE)
MASKED = Regions([Region(BOX, "disc", 1.0, DISC)], size=SIZE)


def agreement(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def saturation(image: Image) -> NDArray[np.int64]:
    return np.asarray(np.ptp(image.pixels.astype(int), axis=2))


def test_a_box_without_a_mask_is_cut_out() -> None:
    assert agreement(foreground(scene(), BOXED, None), DISC) > 0.95


@pytest.mark.parametrize("masker", [None, FakeMasker(lambda *_: np.zeros((120, 160), dtype=np.bool_))])
def test_a_half_of_the_picture_is_used_whole(masker: FakeMasker | None) -> None:
    half = Regions([Region((0, 0, 80, 120), "LEFT")], size=SIZE)
    assert np.array_equal(foreground(scene(), half, masker), np.indices((120, 160))[1] < 80)
    popped = color_pop(scene(), half, masker=masker, warn=pytest.fail)
    assert np.array_equal(popped.pixels[:, :70], scene().pixels[:, :70])
    assert not saturation(popped)[:, 90:].any()


def test_existing_masks_are_used_unchanged() -> None:
    assert np.array_equal(foreground(scene(), MASKED, None), DISC)


def test_a_masker_is_preferred_to_grabcut_and_called_for_missing_masks() -> None:
    masker = FakeMasker(lambda image, region: np.zeros((120, 160), dtype=np.bool_))
    both = Regions([*MASKED, Region((0, 0, 10, 10))], size=SIZE)
    assert np.array_equal(foreground(scene(), both, masker), DISC)
    assert masker.calls == 1


def test_a_masker_is_not_called_if_every_region_has_a_mask() -> None:
    masker = FakeMasker()
    foreground(scene(), MASKED, masker)
    assert masker.calls == 0


def test_an_object_that_looks_like_its_surroundings_gets_its_whole_box() -> None:
    flat = Image(np.full((120, 160, 3), 77, dtype=np.uint8))
    mask = foreground(flat, BOXED, None)
    inside = mask[22:98, 42:118]
    assert inside.mean() > 0.5
    assert mask.sum() == inside.sum()


def test_cutting_out_is_the_same_every_time() -> None:
    assert np.array_equal(foreground(scene(), BOXED, None), foreground(scene(), BOXED, None))


def test_a_large_picture_is_cut_out_as_well_as_a_small_one() -> None:
    large = Image(scene().pixels.repeat(10, axis=0).repeat(10, axis=1))
    box = Regions([Region((420, 220, 1180, 980))], size=large.size)
    assert agreement(foreground(large, box, None), DISC.repeat(10, axis=0).repeat(10, axis=1)) > 0.95


def test_hundreds_of_boxes_are_cut_out() -> None:
    boxes = [(x * 8, y * 8, x * 8 + 12, y * 8 + 12) for x in range(20) for y in range(15)]
    mask = foreground(scene(), Regions(map(Region, boxes), size=SIZE), None)
    assert mask.any()


def test_replace_changes_nothing_outside_the_masks_whatever_the_model_returns() -> None:
    class Vandal:
        def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
            return Image(255 - image.pixels)

    image = scene()
    out = replace(image, MASKED, "grass", inpainter=Vandal(), masker=None, warn=pytest.fail)
    assert np.array_equal(out.pixels[~DISC], image.pixels[~DISC])
    assert np.array_equal(out.pixels[DISC], 255 - image.pixels[DISC])


def test_replace_gives_the_prompt_to_the_inpainter() -> None:
    inpainter = FakeInpainter()
    replace(scene(), MASKED, "lush green grass", inpainter=inpainter, masker=None, warn=pytest.fail)
    assert inpainter.prompts == ["lush green grass"]


def test_replace_refuses_a_picture_of_another_size() -> None:
    class Shrinking:
        def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
            return image.crop((0, 0, 10, 10))

    with pytest.raises(ModelFailed, match="10x10"):
        replace(scene(), MASKED, "grass", inpainter=Shrinking(), masker=None, warn=pytest.fail)


def test_color_pop_keeps_colour_in_the_region_alone() -> None:
    image = scene()
    for regions in (BOXED, MASKED):
        out = color_pop(image, regions, masker=None, warn=pytest.fail)
        apart = np.hypot(np.arange(160) - 80, (np.arange(120) - 60)[:, np.newaxis])
        assert np.array_equal(out.pixels[apart < 31], image.pixels[apart < 31])
        assert not saturation(out)[apart > 39].any()


def test_color_pop_fits_a_rough_mask_to_the_picture() -> None:
    rough = np.hypot(np.arange(160) - 83, (np.arange(120) - 60)[:, np.newaxis]) < 35
    out = color_pop(scene(), Regions([Region(BOX, "", 1.0, rough)], size=SIZE), masker=None, warn=pytest.fail)
    colored = saturation(out) > 20
    assert agreement(colored, DISC) > agreement(rough, DISC) + 0.03


def test_color_pop_with_a_masker_follows_it() -> None:
    masker = FakeMasker(lambda image, region: DISC)
    out = color_pop(scene(), BOXED, masker=masker, warn=pytest.fail)
    assert masker.calls == 1
    assert agreement(saturation(out) > 20, DISC) > 0.97


def test_bg_blur_keeps_the_region_sharp_and_smooths_the_rest() -> None:
    image = scene()
    out = bg_blur(image, MASKED, masker=None, warn=pytest.fail)
    apart = np.hypot(np.arange(160) - 80, (np.arange(120) - 60)[:, np.newaxis])
    assert np.array_equal(out.pixels[apart < 31], image.pixels[apart < 31])
    assert out.pixels[apart > 45].std(axis=0).max() < 0.5 * image.pixels[apart > 45].std(axis=0).min()


def test_the_region_does_not_bleed_into_the_blurred_background() -> None:
    image = scene()
    out = bg_blur(image, MASKED, masker=None, warn=pytest.fail)
    apart = np.hypot(np.arange(160) - 80, (np.arange(120) - 60)[:, np.newaxis])
    near, far = ((apart > 37) & (apart < 41)), apart > 55
    assert np.abs(out.pixels[near].mean(axis=0) - out.pixels[far].mean(axis=0)).max() < 6


@pytest.mark.parametrize("regions", [[], [Region((500, 500, 600, 600))]])
def test_without_a_region_pictures_are_unchanged_with_a_warning(regions: list[Region]) -> None:
    image, none = scene(), Regions(regions, size=SIZE)
    remarks: list[str] = []
    assert color_pop(image, none, masker=None, warn=remarks.append) is image
    assert bg_blur(image, none, masker=None, warn=remarks.append) is image
    assert replace(image, none, "grass", inpainter=FakeInpainter(), masker=None, warn=remarks.append) is image
    assert len(remarks) == 3


def test_a_picture_that_is_all_foreground_has_no_background_to_blur() -> None:
    remarks: list[str] = []
    everything = Regions([Region((0, 0, *SIZE), "", 1.0, np.ones((120, 160), dtype=np.bool_))], size=SIZE)
    image = scene()
    assert bg_blur(image, everything, masker=None, warn=remarks.append) is image
    assert "nothing is blurred" in remarks[0]


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 90), st.integers(1, 90)),
    st.sampled_from(["face", "dog"]),
)
def test_any_box_on_any_small_picture_works(
    size: tuple[int, int], box: tuple[int, int, int, int], label: str
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image(pixels)
    regions = Regions([Region((box[0], box[1], box[0] + box[2], box[1] + box[3]), label)], size=size)
    for out in (
        color_pop(image, regions, masker=None, warn=lambda _: None),
        bg_blur(image, regions, masker=None, warn=lambda _: None),
        replace(image, regions, "sky", inpainter=FakeInpainter(), masker=None, warn=lambda _: None),
    ):
        assert out.size == size
    assert np.array_equal(image.pixels, pixels)


@pytest.mark.parametrize("size", [(3000, 1), (1, 3000), (1, 1)])
def test_pictures_one_pixel_wide_or_high_work(size: tuple[int, int]) -> None:
    image = Image(np.full((size[1], size[0], 3), 50, dtype=np.uint8))
    part = Regions([Region((0, 0, max(1, size[0] // 2), max(1, size[1] // 2)))], size=size)
    assert color_pop(image, part, masker=None, warn=lambda _: None).size == size
    assert bg_blur(image, part, masker=None, warn=lambda _: None).size == size


@pytest.mark.parametrize("edit", [color_pop, bg_blur])
def test_masks_of_another_picture_are_an_error(edit: Tool) -> None:
    mask = np.ones((8, 8), dtype=np.bool_)
    found = Regions([Region((0, 0, 8, 8), "dog", 0.9, mask)], size=(8, 8))
    with pytest.raises(UsageError) as caught:
        edit(Image(np.zeros((4, 8, 3), np.uint8)), found, masker=None, warn=pytest.fail)
    assert "the mask of dog belongs to a picture of 8 x 8 pixels, but this picture has 8 x 4" in str(
        caught.value
    )
    assert caught.value.help == "find the regions in the same picture on which you use them"


def test_overlapping_boxes_keep_the_objects_of_both() -> None:
    both = Regions([Region(BOX, "disc"), Region((90, 10, 150, 60), "corner")], size=SIZE)
    assert not (foreground(scene(), BOXED, None) & ~foreground(scene(), both, None)).any()
