"""How BgBlur blurs: in linear light, by a disc, and without changing what is plain."""

from __future__ import annotations

import numpy as np
import pytest

from visprog.modules.manipulation.background import bg_blur
from visprog.values import Image, Region, Regions

SIZE = 110
CORNER = np.zeros((SIZE, SIZE), dtype=np.bool_)
CORNER[:12, :12] = True
REGIONS = Regions([Region((0, 0, 12, 12), "corner", 1.0, CORNER)], size=(SIZE, SIZE))


def blurred(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    image = bg_blur(Image(pixels), REGIONS, masker=None, warn=pytest.fail)
    return np.asarray(image.pixels, dtype=np.int64)


@pytest.mark.parametrize("color", [(70, 110, 150), (0, 0, 0), (255, 255, 255), (3, 128, 252)])
def test_a_plain_background_keeps_its_color(color: tuple[int, int, int]) -> None:
    pixels = np.full((SIZE, SIZE, 3), 200, dtype=np.uint8)
    pixels[~CORNER] = color
    found = blurred(pixels)
    assert np.abs(found[20:, 20:] - color).max() <= 1
    assert (found[:8, :8] == 200).all()


def test_a_point_of_light_becomes_a_disc() -> None:
    pixels = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    pixels[80, 70] = 255
    found = blurred(pixels)[..., 0]
    rows, columns = np.indices((SIZE, SIZE))
    inside = np.hypot(rows - 80, columns - 70) < SIZE / 55 + 0.5
    assert np.array_equal(found > 0, inside)
    light = (found / 255) ** 2.2
    assert light.sum() == pytest.approx(1, rel=0.03)


def test_light_is_added_and_not_the_numbers_of_pixels() -> None:
    pixels = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    pixels[:, ::2] = 255
    middle = blurred(pixels)[60:90, 60:90]
    assert np.abs(middle - 255 * 0.5 ** (1 / 2.2)).max() < 25
    assert abs(middle.mean() - 255 * 0.5 ** (1 / 2.2)) < 8
