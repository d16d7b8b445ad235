from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from visprog import VisProg
from visprog.errors import ModelError, UsageError
from visprog.models.backends.opencv import BACKEND
from visprog.models.backends.opencv.removal import OpenCvRemover
from visprog.models.fake import FakeImageTextScorer, FakeSegmenter
from visprog.values import Image, Region

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


def test_a_rim_of_the_thing_beyond_the_mask_does_not_bleed_into_the_fill() -> None:
    image, mask = blemished(200, 150, (80, 60, 120, 100))
    inner = np.zeros_like(mask)
    inner[61:99, 81:119] = True
    filled = OpenCvRemover().inpaint(image, inner, "").pixels.astype(int)
    assert np.abs(filled - ramp(200, 150))[inner].max() < 30


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


def test_a_profile_can_set_its_radius() -> None:
    remover = load("inpainter", "inpaint", {"radius": 3})
    assert isinstance(remover, OpenCvRemover)
    assert remover.fingerprint != OpenCvRemover().fingerprint
    with pytest.raises(UsageError, match="radius"):
        load("inpainter", "inpaint", {"steps": 3})


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
