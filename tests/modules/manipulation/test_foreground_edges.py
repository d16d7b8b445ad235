"""The soft edges of the foreground: laws, fine hair, rough masks, and neighbours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visprog.boxes import enlarge
from visprog.models.fake import FakeMasker
from visprog.modules.manipulation.background import bg_blur
from visprog.modules.manipulation.color_pop import color_pop
from visprog.modules.manipulation.foreground import foreground, foreground_alpha
from visprog.modules.manipulation.matting import matte
from visprog.values import Image, Region, Regions

Mask = NDArray[np.bool_]
SIZE = (220, 140)


def disc(x: float, y: float, radius: float, size: tuple[int, int] = SIZE) -> Mask:
    return np.hypot(np.arange(size[0]) - x, (np.arange(size[1]) - y)[:, np.newaxis]) < radius


def scene(*masks: Mask, size: tuple[int, int] = SIZE) -> Image:
    """Orange things before a bluish, slightly uneven wall."""
    random = np.random.default_rng(1)
    pixels = random.integers(-12, 13, (size[1], size[0], 3)) + np.array([70, 110, 150])
    for mask in masks:
        pixels[mask] = random.integers(-12, 13, (int(mask.sum()), 3)) + np.array([220, 120, 30])
    return Image(pixels.astype(np.uint8))


def hair() -> tuple[Image, NDArray[np.float32]]:
    """A reddish head with fine hair before a smooth green background, and its exact alpha."""
    random, scale = np.random.default_rng(3), 4
    drawn = np.zeros((300 * scale, 300 * scale), np.uint8)
    cv2.circle(drawn, (600, 600), 320, 255, -1)
    for angle in random.uniform(0, 2 * np.pi, 260):
        points = [(600 + 310 * np.cos(angle), 600 + 310 * np.sin(angle))]
        turn = angle + random.uniform(-0.5, 0.5)
        for _ in range(8):
            points.append((points[-1][0] + 14 * np.cos(turn), points[-1][1] + 14 * np.sin(turn)))
            turn += random.uniform(-0.1, 0.1)
        cv2.polylines(drawn, [np.round(points).astype(np.int32)], False, 255, 5, cv2.LINE_AA)
    alpha = cv2.resize(drawn, (300, 300), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    rows, columns = np.indices((300, 300))
    back = np.stack([60 + rows / 6, 120 + columns / 6, 70 + rows / 9], axis=2)
    front = np.array([150, 60, 40]) + random.normal(0, 6, (300, 300, 3))
    mixed = alpha[..., np.newaxis] * front + (1 - alpha[..., np.newaxis]) * back
    return Image(np.clip(mixed, 0, 255).astype(np.uint8)), alpha


def boxed(mask: Mask, given: Mask | None = None, grow: int = 0) -> Regions:
    """Return a region with the box of `mask`, grown by some pixels on each side."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (columns[0] - grow, rows[0] - grow, columns[-1] + 1 + grow, rows[-1] + 1 + grow)
    return Regions([Region(box, "", 1.0, given)], size=(mask.shape[1], mask.shape[0]))


def coloured(image: Image) -> Mask:
    return np.asarray(np.ptp(image.pixels.astype(int), axis=2) > 40)


def test_hair_is_found_better_than_by_a_hard_mask() -> None:
    image, alpha = hair()
    hard = cv2.GaussianBlur(alpha, (0, 0), 4) > 0.5
    soft = foreground_alpha(image, boxed(hard, hard))
    before, after = np.abs(hard - alpha).mean(), np.abs(soft - alpha).mean()
    assert after < 0.65 * before


def test_hair_in_a_box_is_found_better_than_by_the_mask_of_grabcut() -> None:
    image, alpha = hair()
    regions = boxed(alpha > 0.5, grow=2)
    hard, soft = foreground(image, regions, None), foreground_alpha(image, regions)
    assert np.abs(soft - alpha).mean() < 0.75 * np.abs(hard - alpha).mean()


@pytest.mark.parametrize("factor", [8, 16])
def test_a_coarse_mask_comes_nearer_to_the_object(factor: int) -> None:
    mask = disc(100, 70, 50)
    small = cv2.resize(mask.astype(np.float32), (SIZE[0] // factor, SIZE[1] // factor))
    rough = cv2.resize(small, SIZE, interpolation=cv2.INTER_NEAREST) > 0.5
    found = foreground_alpha(scene(mask), boxed(rough, rough)) > 0.5
    assert (found ^ mask).sum() < 0.8 * (rough ^ mask).sum()


def test_an_exact_mask_stays_nearly_exact() -> None:
    mask = disc(100, 70, 50)
    found = foreground_alpha(scene(mask), boxed(mask, mask)) > 0.5
    assert (found ^ mask).sum() < 0.01 * mask.sum()


def test_a_mask_never_grows_far() -> None:
    half = disc(100, 70, 50) & (np.arange(SIZE[0]) < 100)
    alpha = foreground_alpha(scene(disc(100, 70, 50)), boxed(half, half))
    near = cv2.dilate(half.astype(np.uint8), np.ones((17, 17))) > 0
    assert not alpha[~near].any()
    core = cv2.erode(half.astype(np.uint8), np.ones((17, 17)), borderValue=1) > 0
    assert (alpha[core] == 1).all()


@pytest.mark.parametrize("gap", [12, 0, -10])
@pytest.mark.parametrize("grow", [2, 16, 34])
def test_an_equal_neighbour_stays_grey(gap: int, grow: int) -> None:
    own, other = disc(70, 70, 40), disc(150 + gap, 70, 40) & ~disc(70, 70, 40)
    out = color_pop(scene(own, other), boxed(own, grow=grow), masker=None, warn=pytest.fail)
    assert coloured(out)[own].mean() > 0.97
    assert coloured(out)[other].mean() < 0.02


def test_both_neighbours_are_coloured_if_both_are_regions() -> None:
    own, other = disc(70, 70, 40), disc(150, 70, 40)
    both = Regions([*boxed(own), *boxed(other)], size=SIZE)
    out = color_pop(scene(own, other), both, masker=None, warn=pytest.fail)
    assert coloured(out)[own | other].mean() > 0.97


def test_the_background_between_the_legs_of_a_thing_stays_grey() -> None:
    mask = disc(100, 45, 40)
    mask[50:130, 66:80] = mask[50:130, 120:134] = mask[118:130, 66:134] = True
    out = color_pop(scene(mask), boxed(mask, grow=3), masker=None, warn=pytest.fail)
    assert coloured(out)[mask].mean() > 0.97
    assert not coloured(out)[90:114, 84:116].any()


def test_masks_of_two_regions_that_touch_leave_no_seam() -> None:
    mask = disc(100, 70, 50)
    left = np.arange(SIZE[0]) < 100
    halves = [*boxed(mask & left, mask & left), *boxed(mask & ~left, mask & ~left)]
    alpha = foreground_alpha(scene(mask), Regions(halves, size=SIZE))
    assert (alpha[disc(100, 70, 40)] == 1).all()


def test_what_a_masker_finds_outside_of_the_box_is_kept() -> None:
    mask = disc(100, 70, 50)
    masker = FakeMasker(lambda image, region: mask)
    alpha = foreground_alpha(scene(mask), Regions([Region((90, 60, 110, 80))], size=SIZE), masker)
    assert alpha[mask].mean() > 0.98


def test_a_half_of_the_picture_has_a_hard_edge() -> None:
    half = Regions([Region((0, 0, 110, 140), "LEFT")], size=SIZE)
    assert np.array_equal(foreground_alpha(scene(), half), np.indices((140, 220))[1] < 110)


def test_alpha_is_the_same_every_time() -> None:
    image, alpha = hair()
    regions = boxed(alpha > 0.5, grow=2)
    assert np.array_equal(foreground_alpha(image, regions), foreground_alpha(image, regions))


@pytest.mark.parametrize("tool", [color_pop, bg_blur])
def test_a_large_picture_is_like_a_small_one(tool: object) -> None:
    mask = disc(100, 70, 50)
    large = Image(scene(mask).pixels.repeat(9, axis=0).repeat(9, axis=1))
    region = Region((450, 180, 1350, 1080))
    alpha = foreground_alpha(large, Regions([region], size=large.size))
    wide = mask.repeat(9, axis=0).repeat(9, axis=1)
    assert np.abs(alpha - wide).mean() < 0.02


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 48), st.integers(1, 48)),
    st.lists(
        st.tuples(st.integers(-50, 60), st.integers(-50, 60), st.integers(1, 400), st.integers(1, 400)),
        max_size=3,
    ),
    st.sampled_from(["", "face", "LEFT"]),
    st.sampled_from(["noise", "grey", "scene"]),
    st.booleans(),
)
def test_laws(
    size: tuple[int, int], boxes: list[tuple[int, int, int, int]], label: str, kind: str, masked: bool
) -> None:
    pixels = {
        "noise": np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8),
        "grey": np.full((size[1], size[0], 3), 90, np.uint8),
        "scene": scene(disc(size[0] / 2, size[1] / 2, size[0] / 4, size), size=size).pixels,
    }[kind]
    image = Image(pixels)
    corners = [(x, y, x + width, y + height) for x, y, width, height in boxes]
    mask = disc(size[0] / 2, size[1] / 2, size[0] / 3, size) if masked else None
    regions = Regions([Region(box, label, 1.0, mask) for box in corners], size=size)
    alpha = foreground_alpha(image, regions)
    assert alpha.dtype == np.float32
    assert alpha.shape == (size[1], size[0])
    assert alpha.min() >= 0
    assert alpha.max() <= 1
    reached = np.zeros_like(alpha, dtype=np.bool_)
    for box in corners:
        # faces reach 1.5 times as far, edges 1.15 times, and boxes near the lower edge end there
        grown = enlarge((*box[:3], box[3] + box[3] - box[1]), 1.8, size)
        if grown is not None:
            reached[grown[1] : grown[3], grown[0] : grown[2]] = True
    if mask is not None:
        reached |= mask
        reached |= cv2.dilate(mask.astype(np.uint8), np.ones((9, 9))) > 0
    assert not alpha[~reached].any()
    popped = color_pop(image, regions, masker=None, warn=lambda _: None)
    unchanged = alpha == 1
    assert np.array_equal(popped.pixels[unchanged], pixels[unchanged])
    if alpha.any():
        assert not np.ptp(popped.pixels[alpha == 0].astype(int), axis=1).any()
    else:
        assert popped is image
    blurred = bg_blur(image, regions, masker=None, warn=lambda _: None)
    assert np.array_equal(blurred.pixels[unchanged], pixels[unchanged])


@pytest.mark.parametrize(
    ("height", "width", "side"), [(1, 1, 768), (2000, 3, 64), (3, 2000, 64), (700, 500, 100)]
)
def test_a_mask_is_certain_away_from_its_edge(height: int, width: int, side: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    mask = np.zeros((height, width), np.bool_)
    mask[: (height + 1) // 2, : (width + 1) // 2] = True
    alpha = matte(pixels, mask, 5.0, side)
    margin = round(5 + 3 * max(height, width) / side) * 2 + 1
    kernel = np.ones((margin, margin), np.uint8)
    core = cv2.erode(mask.astype(np.uint8), kernel, borderValue=1) > 0
    hull = cv2.dilate(mask.astype(np.uint8), kernel) > 0
    assert (alpha[core] == 1).all()
    assert (alpha[~hull] == 0).all()
