from __future__ import annotations

import numpy as np
import pytest

from visprog import Image
from visprog.errors import UsageError
from visprog.modules.halves import HALVES
from visprog.modules.manipulation.crop import crop, crop_each
from visprog.values import Region, Regions

SIZE = (60, 40)
IMAGE = Image(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8))
BOXES = [(5, 5, 15, 25), (-10, 30, 8, 90), (50, 0, 60, 40)]


def test_each_picture_is_that_of_crop_for_its_region() -> None:
    found = Regions([*map(Region, BOXES), Region(HALVES["LEFT"](*SIZE), "LEFT")], size=SIZE)
    each = crop_each(IMAGE, found)
    assert each == [crop(IMAGE, found[[place]], warn=pytest.fail) for place in range(4)]
    assert each[3].size == (30, 40)


def test_no_region_gives_no_picture() -> None:
    assert crop_each(IMAGE, Regions(size=SIZE)) == []


def test_a_region_outside_of_the_picture_is_an_error_that_names_it() -> None:
    found = Regions(map(Region, [*BOXES, (200, 200, 210, 210)]), size=SIZE)
    with pytest.raises(UsageError, match=r"region 4 lies outside of the picture: \(200, 200, 210, 210\)"):
        crop_each(IMAGE, found)
