from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.modules.regions.region_strategies import SIZE, at, several
from visprog import VisProg
from visprog.models.fake import FakeDetector
from visprog.modules.regions.measure import labels, measure
from visprog.values import Image, Region, Regions

FOUND = Regions([Region((10, 5, 16, 25), "door", 0.75), Region((-5, -5, 5, 5), "sun", 0.5)], size=SIZE)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("width", [6, 10]),
        ("height", [20, 10]),
        ("area", [120, 100]),
        ("left", [10, -5]),
        ("top", [5, -5]),
        ("right", [16, 5]),
        ("bottom", [25, 5]),
        ("share", [0.1, 25 / 1200]),
        ("score", [0.75, 0.5]),
    ],
)
def test_each_region_is_measured(what: str, expected: list[float]) -> None:
    found = measure(FOUND, what, warn=pytest.fail)
    assert expected == found
    assert all(type(number) is float for number in found)


def test_the_area_of_a_mask_is_its_pixels() -> None:
    mask = np.zeros((30, 40), dtype=np.bool_)
    mask[:3, :10] = True
    found = Regions([Region((0, 0, 20, 20), mask=mask)], size=SIZE)
    assert measure(found, "area", warn=pytest.fail) == [30]
    assert measure(found, "share", warn=pytest.fail) == [30 / 1200]
    assert measure(found, "width", warn=pytest.fail) == [20]


def test_a_region_outside_the_picture_has_no_share_of_it() -> None:
    assert measure(at((50, 0, 60, 10)), "share", warn=pytest.fail) == [0]


def test_measuring_nothing_gives_an_empty_list_and_a_warning() -> None:
    remarks: list[str] = []
    assert measure(FOUND[:0], "width", warn=remarks.append) == []
    assert len(remarks) == 1


@given(several)
def test_measures_of_a_box_agree(found: Regions) -> None:
    left, right, width, height, area, share = (
        measure(found, what, warn=lambda _: None)
        for what in ("left", "right", "width", "height", "area", "share")
    )
    assert [b - a for a, b in zip(left, right, strict=True)] == width
    assert [w * h for w, h in zip(width, height, strict=True)] == area
    assert all(0 <= part <= 1 for part in share)


def test_labels_are_read_row_by_row() -> None:
    words = {"world": (12, 1, 20, 5), "Good": (1, 11, 9, 15), "Hello": (1, 0, 9, 4), "bye": (12, 10, 20, 14)}
    found = Regions((Region(box, word) for word, box in words.items()), size=SIZE)
    assert labels(found, warn=pytest.fail) == ["Hello", "world", "Good", "bye"]


def test_a_tall_region_does_not_join_two_rows() -> None:
    found = at((10, 0, 14, 4), (0, 0, 6, 20), (10, 16, 14, 20))
    assert labels(found, warn=pytest.fail) == ["A", "B", "C"]


def test_labels_of_nothing_are_an_empty_list_with_a_warning() -> None:
    remarks: list[str] = []
    assert labels(FOUND[:0], warn=remarks.append) == []
    assert len(remarks) == 1


@given(several)
def test_labels_are_those_of_all_regions(found: Regions) -> None:
    assert sorted(labels(found, warn=lambda _: None)) == sorted(found.labels)


def session() -> VisProg:
    return VisProg(models={"detector": FakeDetector({"cup": [(0, 0, 10, 10), (20, 0, 40, 10)]})})


IMAGE = Image(np.zeros((30, 40, 3), dtype=np.uint8))


def test_a_program_computes_with_measures() -> None:
    program = """\
CUPS=Loc(image=IMAGE, object='cup')
WIDTHS=Measure(object=CUPS, what='width')
RESULT=Eval('max({WIDTHS}) - min({WIDTHS})')
"""
    assert session().execute(program, IMAGE).result == 10


def test_a_program_asks_for_the_rightmost_region() -> None:
    program = """\
CUPS=Loc(image=IMAGE, object='cup')
RIGHTMOST=Pick(object=CUPS, by='right')
OTHERS=Without(object=CUPS, other=RIGHTMOST)
RESULT=Relate(object=OTHERS, relation='left of', to=RIGHTMOST)
"""
    assert [region.box for region in session().execute(program, IMAGE).result] == [(0, 0, 10, 10)]


def test_numbers_are_not_a_list_of_texts() -> None:
    program = """\
CUPS=Loc(image=IMAGE, object='cup')
WIDTHS=Measure(object=CUPS, what='width')
RESULT=Loc(image=IMAGE, object=WIDTHS)
"""
    assert any("a list of numbers" in each.message for each in session().check(program).diagnostics)
