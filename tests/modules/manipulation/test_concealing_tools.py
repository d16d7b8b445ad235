"""Blur and Pixelate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog.boxes import Box
from visprog.errors import UsageError
from visprog.modules.manipulation.blur import blur
from visprog.modules.manipulation.pixelate import pixelate
from visprog.tools import Tool
from visprog.values import Image, Region, Regions

TOOLS = pytest.mark.parametrize("concealing", [blur, pixelate], ids=["Blur", "Pixelate"])
SIZE = (160, 120)
DISC = np.hypot(np.arange(160) - 80, (np.arange(120) - 60)[:, np.newaxis]) < 35
MASKED = Regions([Region((45, 25, 116, 96), mask=DISC)], size=SIZE)


def noise(width: int, height: int, seed: int = 0) -> Image:
    return Image(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def boxed(*boxes: Box, size: tuple[int, int] = SIZE) -> Regions:
    return Regions(map(Region, boxes), size=size)


@st.composite
def pictures_with_regions(draw: st.DrawFn) -> tuple[Image, Regions]:
    """Draw a picture of noise, and regions in it with and without masks, some beyond its edges."""
    width, height = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    regions = []
    for _ in range(draw(st.integers(0, 4))):
        left, top = draw(st.integers(-20, 60)), draw(st.integers(-20, 60))
        box = (left, top, left + draw(st.integers(1, 50)), top + draw(st.integers(1, 50)))
        share = draw(st.sampled_from([None, 0.0, 0.1, 0.9, 1.0]))
        mask = None if share is None else random.random((height, width)) < share
        regions.append(Region(box, mask=mask))
    return noise(width, height), Regions(regions, size=(width, height))


@TOOLS
@settings(max_examples=60, deadline=None)
@given(given_scene=pictures_with_regions())
def test_pixels_outside_the_regions_never_change(
    concealing: Tool, given_scene: tuple[Image, Regions]
) -> None:
    image, regions = given_scene
    before, warnings = image.pixels.copy(), list[str]()
    out = concealing(image, regions, warn=warnings.append)
    outside = ~regions.union_mask()
    assert np.array_equal(out.pixels[outside], before[outside])
    assert np.array_equal(image.pixels, before)
    assert bool(warnings) == outside.all()


@TOOLS
@pytest.mark.parametrize(
    "regions",
    [boxed(), boxed((200, 10, 260, 90)), Regions([Region((0, 0, 9, 9), mask=DISC & ~DISC)], size=SIZE)],
    ids=["none", "outside", "empty mask"],
)
def test_nothing_to_conceal_is_reported(concealing: Tool, regions: Regions) -> None:
    warnings = list[str]()
    image = noise(*SIZE)
    assert concealing(image, regions, warn=warnings.append) == image
    (warning,) = warnings
    assert "there is no region to" in warning


@TOOLS
@pytest.mark.parametrize("box", [(20, 20, 120, 100), (10, 50, 150, 80), (0, 0, 160, 120), (60, 5, 90, 115)])
def test_details_disappear(concealing: Tool, box: Box) -> None:
    stripes = np.where(np.indices((120, 160)).sum(axis=0)[..., np.newaxis] // 3 % 2, 255, 0)
    image = Image(np.broadcast_to(stripes, (120, 160, 3)).astype(np.uint8))
    out = concealing(image, boxed(box), warn=pytest.fail)
    left, top, right, bottom = box
    inner = out.pixels[top + 8 : bottom - 8, left + 8 : right - 8].astype(int)
    assert np.ptp(inner) < 80
    assert 100 < inner.mean() < 155


def test_pixelate_leaves_at_most_eight_blocks_along_the_longer_side() -> None:
    out = pixelate(noise(*SIZE), boxed((10, 20, 150, 100)), warn=pytest.fail)
    colors = np.unique(out.pixels[20:100, 10:150].reshape(-1, 3), axis=0)
    assert len(colors) <= 8 * 5


def test_a_block_has_the_mean_colour_of_the_region_in_it() -> None:
    pixels = np.zeros((120, 160, 3), dtype=np.uint8)
    pixels[DISC] = (200, 100, 50)
    out = pixelate(
        Image(pixels), Regions([Region((45, 25, 116, 96), mask=DISC)], size=SIZE), warn=pytest.fail
    )
    assert np.array_equal(out.pixels, pixels)


def test_the_background_does_not_mix_into_a_blurred_mask() -> None:
    pixels = np.zeros((120, 160, 3), dtype=np.uint8)
    pixels[DISC] = (200, 100, 50)
    out = blur(Image(pixels), MASKED, warn=pytest.fail)
    assert np.abs(out.pixels.astype(int) - pixels).max() <= 1


def test_the_edge_of_a_blur_is_soft() -> None:
    image = Image(
        np.where(np.indices((120, 160))[0][..., np.newaxis] % 2, 255, 0).repeat(3, 2).astype(np.uint8)
    )
    changed = np.abs(
        blur(image, boxed((20, 20, 140, 100)), warn=pytest.fail).pixels.astype(int) - image.pixels
    )
    across = changed[61, 20:30, 0]
    assert (np.diff(across) >= 0).all()
    assert across[0] < across[-1] / 3


def test_the_border_of_the_picture_is_blurred_completely() -> None:
    out = blur(noise(*SIZE), boxed((0, 0, 160, 120)), warn=pytest.fail)
    assert np.ptp(out.pixels[0].astype(int)) < 60


@TOOLS
def test_a_region_inside_another_is_concealed_as_well_as_the_rest(concealing: Tool) -> None:
    both = boxed((60, 40, 80, 60), (0, 0, 160, 120))
    one = concealing(noise(*SIZE), boxed((0, 0, 160, 120)), warn=pytest.fail)
    out = concealing(noise(*SIZE), both, warn=pytest.fail)
    assert np.ptp(out.pixels[42:58, 62:78].astype(int)) <= np.ptp(one.pixels[42:58, 62:78].astype(int)) + 1


@TOOLS
def test_masks_of_another_picture_are_rejected(concealing: Tool) -> None:
    with pytest.raises(UsageError, match="belongs to a picture of 160 x 120 pixels"):
        concealing(noise(80, 60), Regions([Region((0, 0, 9, 9), mask=DISC)], size=SIZE), warn=pytest.fail)
