from __future__ import annotations

import numpy as np
import pytest

from visprog.models.fake import FakeImageTextScorer
from visprog.modules.understanding.labels import named
from visprog.modules.understanding.select import select
from visprog.values import Image, Region, Regions

SIZE = (60, 20)
PIXELS = np.zeros((20, 60, 3), dtype=np.uint8)
PIXELS[:, 0:20] = (200, 0, 0)
PIXELS[:, 20:40] = (0, 200, 0)
PIXELS[:, 40:60] = (0, 0, 200)
IMAGE = Image(PIXELS)
BOXES = ((0, 0, 20, 20), (20, 0, 40, 20), (40, 0, 60, 20))
COLORS = {"red": 0, "green": 1, "blue": 2}


def by_color(crop: Image, text: str) -> float:
    return float(crop.pixels[..., COLORS[text.split()[0]]].mean()) / 20


def regions(*labels: str) -> Regions:
    return Regions((Region(box, label, 0.3) for box, label in zip(BOXES, labels, strict=True)), size=SIZE)


def no_scorer() -> FakeImageTextScorer:
    def refuse(image: Image, text: str) -> float:
        raise AssertionError(f"no model is needed for {text}")

    return FakeImageTextScorer(refuse)


def chosen(found: Regions) -> list[int]:
    return [BOXES.index(region.box) for region in found]


@pytest.mark.parametrize(
    ("label", "query"),
    [
        ("grass-merged", "grass"),
        ("tree-merged", "trees"),
        ("wall-other-merged", "wall"),
        ("sky-other-merged", "the sky"),
        ("wall-brick", "wall"),
        ("wall-brick", "brick wall"),
        ("sports ball", "ball"),
        ("dining table", "Table"),
        ("person", "people"),
        ("horse", "horses"),
        ("bus", "buses"),
        ("cherry", "cherries"),
        ("knife", "knives"),
        ("traffic light", "traffic lights"),
        ("potted plant", "a potted plant"),
        ("hot dog", "hot dog"),
    ],
)
def test_a_label_has_its_usual_names(label: str, query: str) -> None:
    assert named(label, query)


@pytest.mark.parametrize(
    ("label", "query"),
    [("hot dog", "dog"), ("fire hydrant", "fire"), ("car", "carpet"), ("glass", "gla"), ("", "sky"),
     ("sky", ""), ("person", "woman"), ("wall-other-merged", "other"), ("baseball bat", "baseball")],
)  # fmt: skip
def test_a_label_does_not_have_the_names_of_others(label: str, query: str) -> None:
    assert not named(label, query)


def test_a_label_keeps_all_regions_with_it_without_a_model() -> None:
    found = select(
        IMAGE, regions("dog", "sky-other-merged", "dog"), "dogs", scorer=no_scorer(), warn=pytest.fail
    )
    assert chosen(found) == [0, 2]


def test_a_description_keeps_the_region_most_like_it() -> None:
    scorer = FakeImageTextScorer(by_color)
    found = select(IMAGE, regions("a", "b", "c"), "blue thing", scorer=scorer, warn=pytest.fail)
    assert chosen(found) == [2]


def test_several_descriptions_are_judged_in_one_call_and_keep_their_order() -> None:
    scorer = FakeImageTextScorer(by_color)
    found = select(IMAGE, regions("a", "dog", "c"), "blue one, dog, red one", scorer=scorer, warn=pytest.fail)
    assert chosen(found) == [2, 1, 0]
    assert scorer.calls == 1


def test_a_region_picked_twice_is_returned_once() -> None:
    scorer = FakeImageTextScorer(by_color)
    found = select(IMAGE, regions("a", "b", "c"), "red car, red bus", scorer=scorer, warn=pytest.fail)
    assert chosen(found) == [0]


def test_a_category_narrows_first() -> None:
    def redder(crop: Image, text: str) -> float:
        return float(crop.pixels[..., 0].mean())

    found = select(
        IMAGE,
        regions("car", "person", "person"),
        "red",
        "people",
        scorer=FakeImageTextScorer(redder),
        warn=pytest.fail,
    )
    assert chosen(found) == [1]


def test_a_missing_category_is_ignored_with_a_warning() -> None:
    remarks: list[str] = []
    found = select(IMAGE, regions("dog", "b", "c"), "dog", "bus", scorer=no_scorer(), warn=remarks.append)
    assert chosen(found) == [0]
    assert "'bus'" in remarks[0]


@pytest.mark.parametrize("query", [None, "", "None", " , "])
def test_without_a_description_the_category_decides(query: str | None) -> None:
    found = select(IMAGE, regions("dog", "cat", "dog"), query, "dog", scorer=no_scorer(), warn=pytest.fail)
    assert chosen(found) == [0, 2]


def test_selected_regions_are_unchanged() -> None:
    given = regions("dog", "cat", "dog")
    assert select(IMAGE, given, "cat", scorer=no_scorer(), warn=pytest.fail)[0] is given[1]


def test_selecting_from_no_regions_gives_none() -> None:
    assert select(IMAGE, Regions(size=SIZE), "dog", scorer=no_scorer(), warn=pytest.fail).empty


def test_regions_outside_the_picture_are_never_judged() -> None:
    outside = Regions([Region((100, 0, 120, 20), "a"), Region((-5, -5, 30, 30), "b")], size=SIZE)
    found = select(IMAGE, outside, "red", scorer=FakeImageTextScorer(by_color), warn=pytest.fail)
    assert found.labels == ("b",)
