"""A picture that is scaled down keeps its shape, and has nearly as many pixels as it may have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog import load_image
from visprog.images import MAX_PIXELS
from visprog.pixels import fitted

SIDES = st.integers(1, 60_000)


@pytest.mark.parametrize(
    ("size", "most", "found"),
    [
        ((100, 50), 5_000, (100, 50)),
        ((100, 50), 4_999, (99, 49)),
        ((200, 100), 5_000, (100, 50)),
        ((4_000, 3_000), 3_000_000, (2_000, 1_500)),
        ((60_000, 1), 100, (100, 1)),
        ((1, 60_000), 100, (1, 100)),
        ((9, 9), 1, (1, 1)),
    ],
)
def test_a_size_is_scaled_down(size: tuple[int, int], most: int, found: tuple[int, int]) -> None:
    assert fitted(size, most) == found


@given(SIDES, SIDES, st.integers(1, 10_000_000))
def test_a_scaled_size_fits_and_grows_nowhere(width: int, height: int, most: int) -> None:
    across, down = fitted((width, height), most)
    assert 1 <= across <= width
    assert 1 <= down <= height
    assert across * down <= most


@given(st.integers(500, 60_000), st.integers(500, 60_000), st.integers(100_000, 10_000_000))
def test_a_scaled_size_has_the_same_shape(width: int, height: int, most: int) -> None:
    across, down = fitted((width, height), most)
    if (across, down) != (width, height) and min(across, down) > 20:
        assert across / down == pytest.approx(width / height, rel=0.06)
        assert across * down > 0.9 * most


def test_a_line_that_is_too_long_is_still_a_picture() -> None:
    line = np.zeros((MAX_PIXELS + 1_000, 1), dtype=np.uint8)
    assert load_image(line).size == (1, MAX_PIXELS)
