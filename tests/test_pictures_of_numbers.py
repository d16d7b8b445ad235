"""Pictures that hold integers or floats: one scale for the whole picture, and no guess without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

from visprog import ImageError, load_image


def levels(folder: Path, values: list[float], dtype: type[np.generic]) -> list[int]:
    """Return the grey levels of a TIFF with these values in a row."""
    path = folder / "numbers.tif"
    PILImage.fromarray(np.array([values], dtype=dtype)).save(path)
    pixels = load_image(path).pixels
    assert (pixels == pixels[..., :1]).all()
    return [int(level) for level in pixels[0, :, 0]]


@pytest.mark.parametrize(
    ("values", "dtype", "shown"),
    [
        ([0.0, 0.25, 1.0], np.float32, [0, 64, 255]),
        ([0.0, 1.5, 255.0], np.float32, [0, 2, 255]),
        ([0, 100, 255], np.int32, [0, 100, 255]),
        ([0, 257, 65_535], np.int32, [0, 1, 255]),
        ([0, 256, 514], np.int32, [0, 0, 2]),
        ([0, 100, 255], np.uint16, [0, 0, 0]),
        ([0, 25_700, 65_535], np.uint16, [0, 100, 255]),
    ],
)
def test_numbers_become_levels_of_grey(
    values: list[float], dtype: type[np.generic], shown: list[int], tmp_path: Path
) -> None:
    assert levels(tmp_path, values, dtype) == shown


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0.0, 255.5], np.float32),
        ([-0.1, 1.0], np.float32),
        ([0.5, float("nan")], np.float32),
        ([0.5, float("inf")], np.float32),
        ([0, 65_536], np.int32),
        ([-1, 255], np.int32),
    ],
)
def test_numbers_without_a_scale_are_an_error(
    values: list[float], dtype: type[np.generic], tmp_path: Path
) -> None:
    with pytest.raises(ImageError, match=r"numbers\.tif") as caught:
        levels(tmp_path, values, dtype)
    assert caught.value.help
