from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from visprog import VisProg
from visprog.errors import ModelError, UsageError
from visprog.models.backends.opencv import BACKEND
from visprog.models.backends.opencv.patch_fill import fill_hole
from visprog.models.backends.opencv.removal import OpenCvRemover
from visprog.models.fake import FakeImageTextScorer, FakeInpainter, FakeSegmenter
from visprog.modules.manipulation.replace import replace
from visprog.values import Image, Region, Regions

load = BACKEND.load


def ramp(width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture that grows brighter to the right, and redder to the bottom."""
    across = np.linspace(40, 200, width)[np.newaxis, :].repeat(height, axis=0)
    down = np.linspace(60, 180, height)[:, np.newaxis].repeat(width, axis=1)
    return np.stack([down, across, across], axis=2).round().astype(np.uint8)


def blemished(width: int, height: int, box: Sequence[int]) -> tuple[Image, NDArray[np.bool_]]:
    pixels = ramp(width, height)
    mask = np.zeros((height, width), dtype=np.bool_)
    left, top, right, bottom = box
    mask[top:bottom, left:right] = True
    pixels[mask] = (255, 0, 255)
    return Image(pixels), mask


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((200, 150), (80, 60, 110, 90)),
        ((90, 300), (20, 200, 60, 240)),
        ((2400, 1800), (1000, 700, 1400, 1300)),
        ((200, 150), (180, 130, 200, 150)),
    ],
)
def test_a_removed_thing_takes_the_colours_around_it(size: tuple[int, int], box: Sequence[int]) -> None:
    image, mask = blemished(*size, box)
    filled = OpenCvRemover().inpaint(image, mask, "nothing").pixels
    difference = np.abs(filled.astype(int) - ramp(*size))
    assert difference[mask].max() < 30


def test_every_pixel_outside_the_mask_is_unchanged() -> None:
    image, mask = blemished(1500, 1100, (400, 300, 900, 700))
    filled = OpenCvRemover().inpaint(image, mask, "")
    assert np.array_equal(filled.pixels[~mask], image.pixels[~mask])
    assert not np.array_equal(filled.pixels[mask], image.pixels[mask])


def striped(width: int, height: int) -> NDArray[np.uint8]:
    """Return slanted stripes with a texture of random dots."""
    across, down = np.arange(width), np.arange(height)[:, np.newaxis]
    stripes = 60 + 120 * ((across + down // 2) % 16 < 8)
    dots = np.random.default_rng(0).integers(-25, 26, (height, width))
    return np.repeat((stripes + dots)[..., np.newaxis], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("scale", [1, 4])
def test_edges_and_textures_go_on_in_the_fill(scale: int) -> None:
    truth = striped(120, 100).repeat(scale, axis=0).repeat(scale, axis=1)
    mask = np.zeros(truth.shape[:2], dtype=np.bool_)
    mask[35 * scale : 65 * scale, 40 * scale : 80 * scale] = True
    filled = OpenCvRemover().inpaint(Image(np.where(mask[..., None], 255, truth)), mask, "").pixels
    light = filled.mean(axis=2) > 120
    assert (light == (truth.mean(axis=2) > 120))[mask].mean() > 0.9  # the stripes lie where they lay
    contrast = filled[mask].std() / truth[mask].std()
    assert 0.85 < contrast < 1.1  # and are no smear


HOLES = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda size: arrays(np.bool_, size, elements=st.booleans()).filter(lambda hole: not hole.all())
)


@settings(max_examples=30, deadline=None)
@given(HOLES, st.sampled_from([1, 3]))
def test_the_fill_depends_on_the_pixels_outside_the_hole_alone(hole: NDArray[np.bool_], scale: int) -> None:
    mask = hole.repeat(scale, axis=0).repeat(scale, axis=1)
    pixels = np.random.default_rng(0).integers(0, 256, (*mask.shape, 3), dtype=np.uint8)
    other = np.where(mask[..., np.newaxis], 255 - pixels, pixels)
    filled = fill_hole(pixels, mask, 64)
    assert np.array_equal(filled, fill_hole(other, mask, 64))
    assert np.array_equal(filled[~mask], pixels[~mask])


def test_a_large_picture_is_filled_with_its_own_sharp_pixels() -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (900, 1200, 3), dtype=np.uint8)
    mask = np.zeros((900, 1200), dtype=np.bool_)
    mask[300:600, 400:800] = True
    filled = OpenCvRemover().inpaint(Image(pixels), mask, "").pixels
    assert filled[mask].std() > 0.6 * pixels[mask].std()


@pytest.mark.parametrize("prompt", ["", "  ", "nothing", "Nothing.", "background", "remove the kite"])
def test_a_prompt_for_nothing_removes(prompt: str) -> None:
    image, mask = blemished(60, 40, (20, 10, 30, 20))
    assert OpenCvRemover().inpaint(image, mask, prompt) != image


def test_a_prompt_for_something_is_an_error_that_names_models_that_paint() -> None:
    image, mask = blemished(60, 40, (20, 10, 30, 20))
    with pytest.raises(ModelError, match="lush green grass") as caught:
        OpenCvRemover().inpaint(image, mask, "lush green grass")
    assert "nothing" in str(caught.value.help)
    assert "inpainter" in str(caught.value.help)


def test_a_mask_of_the_whole_picture_is_an_error() -> None:
    image, mask = blemished(30, 20, (0, 0, 30, 20))
    with pytest.raises(ModelError, match="whole picture"):
        OpenCvRemover().inpaint(image, mask, "")


def test_an_empty_mask_changes_nothing() -> None:
    image, _ = blemished(30, 20, (0, 0, 1, 1))
    assert OpenCvRemover().inpaint(image, np.zeros((20, 30), dtype=np.bool_), "") is image


@pytest.mark.parametrize("size", [(2, 1), (1, 300), (300, 3), (5000, 2)])
def test_slender_pictures_are_filled_too(size: tuple[int, int]) -> None:
    image, mask = blemished(*size, (0, 0, 1, 1))
    filled = OpenCvRemover().inpaint(image, mask, "")
    assert filled.size == image.size
    assert np.array_equal(filled.pixels[~mask], image.pixels[~mask])


def test_one_unmasked_pixel_is_enough() -> None:
    image, mask = blemished(40, 40, (0, 0, 40, 40))
    mask[0, 0] = False
    assert OpenCvRemover().inpaint(image, mask, "").size == (40, 40)


def test_a_profile_can_set_its_side() -> None:
    remover = load("inpainter", "inpaint", {"side": 128})
    assert isinstance(remover, OpenCvRemover)
    assert remover.fingerprint != OpenCvRemover().fingerprint
    with pytest.raises(UsageError, match="from 64 to 512"):
        load("inpainter", "inpaint", {"side": 2000})


def test_replace_removes_without_any_weights() -> None:
    image, mask = blemished(120, 90, (40, 30, 70, 60))
    program = """
OBJ0=Seg(image=IMAGE)
OBJ1=Select(image=IMAGE, object=OBJ0, query='kite', category=None)
IMAGE0=Replace(image=IMAGE, object=OBJ1, prompt='nothing')
RESULT=IMAGE0
"""
    segmenter = FakeSegmenter([Region((40, 30, 70, 60), "kite", 1.0, mask)])
    models = {
        "segmenter": segmenter,
        "image_text_scorer": FakeImageTextScorer(lambda crop, text: 0.0),
        "inpainter": "opencv:inpaint",
    }
    with VisProg(models=models) as visprog:
        run = visprog.execute(program, image)
    assert isinstance(run.result, Image)
    assert np.abs(run.result.pixels.astype(int) - ramp(120, 90)).max() < 30


def removed(
    box: Sequence[int], rim: int, size: tuple[int, int] = (200, 150)
) -> tuple[Image, Regions, NDArray[np.int64]]:
    """Return a ramp with a magenta thing, a region whose mask misses a rim of the thing, and the ramp."""
    image, _ = blemished(*size, box)
    left, top, right, bottom = box
    inner = np.zeros((size[1], size[0]), dtype=np.bool_)
    inner[top + rim : bottom - rim, left + rim : right - rim] = True
    truth = ramp(*size).astype(int)
    return image, Regions([Region((left, top, right, bottom), "kite", 1.0, inner)], size=size), truth


@pytest.mark.parametrize(("side", "rim"), [(12, 1), (40, 2), (90, 3)])
def test_the_edge_of_a_thing_is_removed_with_it(side: int, rim: int) -> None:
    image, regions, truth = removed((50, 30, 50 + side, 30 + side), rim)
    out = replace(image, regions, "nothing", inpainter=OpenCvRemover(), masker=None, warn=lambda _: None)
    assert np.abs(out.pixels - truth).max() < 40


def test_the_margin_of_a_removal_is_narrow() -> None:
    image, regions, _ = removed((50, 30, 90, 70), 0)
    out = replace(image, regions, "nothing", inpainter=OpenCvRemover(), masker=None, warn=pytest.fail)
    far = np.ones((150, 200), dtype=np.bool_)
    far[27:73, 47:93] = False
    assert np.array_equal(out.pixels[far], image.pixels[far])


def test_a_small_thing_has_a_narrower_margin_than_a_large_one() -> None:
    masks = []

    class Recorder:
        def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
            masks.append(mask)
            return image

    mask = np.zeros((300, 400), dtype=np.bool_)
    mask[20:30, 20:30] = mask[100:220, 200:320] = True
    regions = Regions([Region((20, 20, 320, 220), "", 1.0, mask)], size=(400, 300))
    image = Image(np.zeros((300, 400, 3), dtype=np.uint8))
    for prompt in ("nothing", "grass"):
        replace(image, regions, prompt, inpainter=Recorder(), masker=None, warn=pytest.fail)
    grown, painted = masks
    assert grown[25, 17:33].all()
    assert not grown[25, 16]
    assert grown[160, 194:326].all()
    assert not grown[160, 193]
    assert np.array_equal(painted, mask)


@pytest.mark.parametrize(("side", "warned"), [(30, False), (90, True)])
def test_a_large_fill_without_an_image_model_is_reported(side: int, warned: bool) -> None:
    image, regions, _ = removed((50, 30, 50 + side, 30 + side), 0)
    remarks: list[str] = []
    replace(image, regions, "nothing", inpainter=OpenCvRemover(), masker=None, warn=remarks.append)
    assert [remark[:43] for remark in remarks] == [
        "the filled part covers 32% of the picture, "[:43]
    ] * warned
    replace(image, regions, "nothing", inpainter=FakeInpainter(), masker=None, warn=pytest.fail)


def test_a_region_of_almost_the_whole_picture_is_still_filled() -> None:
    image, regions, truth = removed((0, 0, 200, 149), 0)
    remarks: list[str] = []
    out = replace(image, regions, "nothing", inpainter=OpenCvRemover(), masker=None, warn=remarks.append)
    assert np.array_equal(out.pixels[149], truth[149])
    assert len(remarks) == 1
