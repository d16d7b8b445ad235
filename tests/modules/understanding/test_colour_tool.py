from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.boxes import Box
from visprog.errors import UsageError
from visprog.images import load_image
from visprog.modules.understanding.colour import colour
from visprog.values import Image, Region, Regions

IMAGES = Path(__file__).parents[3] / "examples" / "images"
NAMES = {
    "black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown",
}  # fmt: skip


def flat(hexadecimal: str, size: tuple[int, int] = (40, 30)) -> Image:
    return Image(np.full((size[1], size[0], 3), tuple(bytes.fromhex(hexadecimal)), dtype=np.uint8))


def named(image: Image, *regions: Region) -> list[str]:
    names: list[str] = colour(image, Regions(regions, size=image.size), warn=pytest.fail)
    return names


@pytest.mark.parametrize(
    ("name", "colors"),
    [
        ("black", "000000 101010 141418"),
        ("white", "ffffff f5f5f5 fffaf0 f0f8ff"),
        ("grey", "808080 404040 a9a9a9 c0c0c0 708090"),
        ("red", "ff0000 dc143c b22222 8b0000 ad2323"),
        ("orange", "ffa500 ff8c00 ff7f50 ffa030"),
        ("yellow", "ffff00 ffd700 ffe135 f0e68c"),
        ("green", "00ff00 008000 228b22 006400 556b2f 90ee90 2e8b57"),
        ("blue", "0000ff 000080 4169e1 1e90ff 87ceeb add8e6 00bfff 4682b4"),
        ("purple", "800080 4b0082 8a2be2 9932cc 663399 9370db"),
        ("pink", "ffc0cb ff69b4 ff1493 ffb6c1 db7093 ff00ff"),
        ("brown", "8b4513 654321 5c4033 964b00 d2b48c a0522d"),
    ],
)
def test_colours_have_their_common_names(name: str, colors: str) -> None:
    found = {each: named(flat(each), Region((0, 0, 40, 30))) for each in colors.split()}
    assert found == {each: [name] for each in colors.split()}


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_colour_has_a_name(rgb: tuple[int, int, int]) -> None:
    image = Image(np.full((2, 2, 3), rgb, dtype=np.uint8))
    assert set(named(image, Region((0, 0, 2, 2)))) <= NAMES


@pytest.mark.parametrize(
    ("color", "name"),
    [("d01818", "red"), ("1840c0", "blue"), ("188020", "green"), ("e0c010", "yellow"), ("7a3fa0", "purple")],
)
def test_a_shaded_ball_keeps_its_name(color: str, name: str) -> None:
    across, down = np.meshgrid(np.linspace(-1, 1, 80), np.linspace(-1, 1, 80))
    light = np.clip(0.6 - 0.3 * across - 0.3 * down, 0.25, 1.1)[..., np.newaxis]
    ball = np.clip(light * np.array(tuple(bytes.fromhex(color))), 0, 255)
    ball[np.hypot(across, down) > 1] = (120, 150, 60)
    assert named(Image(ball.astype(np.uint8)), Region((0, 0, 80, 80))) == [name]


def test_the_background_in_a_mask_s_box_does_not_count() -> None:
    pixels = np.full((30, 40, 3), (255, 0, 0), dtype=np.uint8)
    ring = np.zeros((30, 40), dtype=np.bool_)
    ring[5:25, 10:13] = True
    pixels[ring] = (0, 0, 255)
    image = Image(pixels)
    assert named(image, Region((5, 5, 35, 25), mask=ring), Region((5, 5, 35, 25))) == ["blue", "red"]


@pytest.mark.parametrize(
    ("picture", "box", "name"),
    [
        ("astronaut.png", (20, 300, 120, 400), "orange"),
        ("astronaut.png", (300, 370, 450, 500), "black"),
        ("coffee.png", (85, 220, 165, 300), "red"),
    ],
)
def test_things_in_photographs_have_the_name_that_people_use(picture: str, box: Box, name: str) -> None:
    assert named(load_image(IMAGES / picture), Region(box)) == [name]


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (0, 0, 2, 1), (39, 29, 60, 50), (-5, -5, 1, 1), (3, 3, 6, 5)])
def test_the_smallest_regions_have_a_colour(box: Box) -> None:
    assert named(flat("ff0000"), Region(box)) == ["red"]


def test_a_region_outside_of_the_picture_has_an_empty_text_and_a_warning() -> None:
    warnings = list[str]()
    regions = Regions([Region((90, 0, 99, 9)), Region((0, 0, 9, 9))], size=(40, 30))
    assert colour(flat("0000ff"), regions, warn=warnings.append) == ["", "blue"]
    assert warnings == ["1 of 2 regions are outside of the picture, so their colour is an empty text"]


def test_no_region_is_reported() -> None:
    warnings = list[str]()
    assert colour(flat("0000ff"), Regions(size=(40, 30)), warn=warnings.append) == []
    assert warnings == ["there is no region whose colour could be named, so the list is empty"]


def test_masks_of_another_picture_are_rejected() -> None:
    mask = np.ones((10, 10), dtype=np.bool_)
    with pytest.raises(UsageError, match="belongs to a picture"):
        colour(flat("0000ff"), Regions([Region((0, 0, 9, 9), mask=mask)], size=(10, 10)), warn=pytest.fail)
