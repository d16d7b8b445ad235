from __future__ import annotations

import numpy as np
import pytest

from visprog import Image, VisProg
from visprog.boxes import Box
from visprog.errors import UsageError
from visprog.modules.regions.own import region

IMAGE = Image(np.zeros((30, 40, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("box", "expected"), [([1, 2, 3, 4], (1, 2, 3, 4)), ([0.6, 1.4, 9.5, 30], (1, 1, 10, 30))]
)
def test_a_box_is_rounded_to_pixels(box: list[float], expected: Box) -> None:
    (found,) = region(IMAGE, box, warn=pytest.fail)
    assert found.box == expected


def test_a_box_is_clipped_to_the_picture_with_a_warning() -> None:
    remarks: list[str] = []
    assert region(IMAGE, [-5, 20, 100, 50], warn=remarks.append)[0].box == (0, 20, 40, 30)
    assert remarks == ["the box was clipped to the picture"]


@pytest.mark.parametrize(("point", "box"), [([0, 0], (0, 0, 1, 1)), ([39.9, 29.2], (39, 29, 40, 30))])
def test_a_point_is_its_pixel(point: list[float], box: Box) -> None:
    assert region(IMAGE, point=point, warn=pytest.fail)[0].box == box


@pytest.mark.parametrize(
    ("box", "point", "message"),
    [
        (None, None, "needs a box or a point, found neither"),
        ([0, 0, 1, 1], [0, 0], "needs a box or a point, found both"),
        ([0, 0, 1], None, "`box` has 3 numbers, but needs 4"),
        ([5, 0, 5, 9], None, "has no area"),
        ([9, 9, 1, 20], None, "has no area"),
        ([40, 0, 50, 10], None, "lies outside of the picture"),
        (None, [40, 3], "lies outside of the picture"),
        (None, [-0.5, 3], "lies outside of the picture"),
        (None, [1, 2, 3], "`point` has 3 numbers, but needs 2"),
    ],
)
def test_other_places_are_errors(box: list[float] | None, point: list[float] | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        region(IMAGE, box, point, warn=pytest.fail)


def test_a_point_finds_the_region_that_contains_it() -> None:
    program = """\
A=Region(image=IMAGE, box=[0, 0, 20, 20])
B=Region(image=IMAGE, box=[20, 0, 40, 20])
P=Region(image=IMAGE, point=[30, 5])
BOTH=Both(object=A, other=B)
RESULT=Relate(object=BOTH, relation='contains', to=P)"""
    result = VisProg().execute(program, IMAGE).result
    assert [each.box for each in result] == [(20, 0, 40, 20)]
