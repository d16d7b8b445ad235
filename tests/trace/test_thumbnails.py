from __future__ import annotations

import base64
import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image as PILImage

from visprog.trace.thumbnails import SMALL, Thumbnail, outline, thumbnail
from visprog.values import Image


def _decoded(small: Thumbnail) -> PILImage.Image:
    return PILImage.open(io.BytesIO(base64.b64decode(small.uri.partition(",")[2])))


def test_a_photograph_becomes_a_jpeg(photo: Callable[..., Image]) -> None:
    assert thumbnail(photo()).uri.startswith("data:image/jpeg;base64,")


def test_a_grey_photograph_becomes_a_jpeg(photo: Callable[..., Image]) -> None:
    grey = Image(photo().pixels[:, :, :1].repeat(3, axis=2))
    assert thumbnail(grey).uri.startswith("data:image/jpeg;base64,")


def test_a_drawing_in_few_colors_becomes_a_png_without_loss() -> None:
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[20:40, 30:50] = (200, 30, 30)
    small = thumbnail(Image(pixels))
    assert small.uri.startswith("data:image/png;base64,")
    assert np.array_equal(np.asarray(_decoded(small)), pixels)


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (640, 480), (2000, 900), (900, 2000), (3000, 1), (1, 3000)]
)
def test_a_thumbnail_has_its_stated_size_within_the_bounds(
    photo: Callable[..., Image], width: int, height: int
) -> None:
    small = thumbnail(photo(width, height))
    assert _decoded(small).size == (small.width, small.height)
    assert (
        1
        <= min(small.width, small.height)
        <= max(small.width, small.height)
        == min(SMALL.longest, max(width, height))
    )


def _filled(path: str, width: int, height: int) -> np.ndarray:
    """Fill a path of `M x y l dx dy ... z` by the even-odd rule."""
    contours = []
    for part in path.split("z")[:-1]:
        start, _, rest = part[1:].partition("l")
        numbers = [float(n) for n in rest.replace("-", " -").split()]
        steps = np.array(numbers).reshape(-1, 2)
        contours.append(
            np.array(start.replace("-", " -").split(), dtype=float) + np.cumsum([[0, 0], *steps], 0)
        )
    canvas = np.zeros((height, width), np.uint8)
    cv2.fillPoly(canvas, [contour.astype(np.int32) for contour in contours], 1)
    return canvas.astype(bool)


def test_the_outline_follows_the_mask_and_its_hole() -> None:
    mask = np.zeros((240, 320), np.bool_)
    mask[60:180, 80:200] = True
    mask[100:140, 120:160] = False
    filled = _filled(outline(mask, 320, 240), 320, 240)
    assert (filled & mask).sum() / (filled | mask).sum() > 0.97


def test_the_outline_is_in_pixels_of_the_thumbnail() -> None:
    mask = np.zeros((2400, 3200), np.bool_)
    mask[600:1800, 800:2000] = True
    filled = _filled(outline(mask, 320, 240), 320, 240)
    assert filled[61:179, 81:199].all()
    assert filled.sum() < 122 * 122


def test_an_empty_mask_has_no_outline() -> None:
    assert outline(np.zeros((10, 10), np.bool_), 10, 10) == ""


def test_a_transparent_picture_is_shown_on_a_checkerboard() -> None:
    pixels = np.full((300, 400, 3), (200, 30, 30), np.uint8)
    alpha = np.zeros((300, 400), np.uint8)
    alpha[:, 200:] = 255
    shown = np.asarray(_decoded(thumbnail(Image(pixels).with_alpha(alpha))))
    assert {tuple(color) for color in shown[:, :200].reshape(-1, 3)} == {(255, 255, 255), (208, 208, 208)}
    assert (shown[:, 200:] == (200, 30, 30)).all()


def test_a_large_transparent_picture_is_shown_on_a_checkerboard(photo: Callable[..., Image]) -> None:
    image = photo(2000, 1500)
    alpha = np.tile(np.linspace(0, 255, image.width).astype(np.uint8), (image.height, 1))
    shown = np.asarray(_decoded(thumbnail(image.with_alpha(alpha)))).astype(int)
    opaque = np.asarray(_decoded(thumbnail(image))).astype(int)
    clear = shown[:, :20].mean(axis=2)
    assert np.percentile(clear, [5, 95]) == pytest.approx([208, 255], abs=8)
    assert np.abs(shown[:, -20:] - opaque[:, -20:]).mean() < 8
