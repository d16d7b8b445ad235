from __future__ import annotations

import numpy as np
import pytest

from visprog.models.fake import FakeImageTextScorer
from visprog.modules.understanding.filter import filter_regions
from visprog.values import Image, Region, Regions

SIZE = (80, 20)
PIXELS = np.zeros((20, 80, 3), dtype=np.uint8)
PIXELS[:, 0:20] = (250, 0, 0)
PIXELS[:, 20:40] = (0, 250, 0)
PIXELS[:, 40:60] = (200, 0, 0)
PIXELS[:, 60:80] = (0, 0, 250)
IMAGE = Image(PIXELS)
COLORS = {"red": 0, "green": 1, "blue": 2}


def by_color(crop: Image, text: str) -> float:
    """Fit the colour that a text names; a text without one fits everything a little."""
    color = next((COLORS[word] for word in text.split() if word in COLORS), None)
    return 100.0 if color is None else float(crop.pixels[..., color].mean())


def regions(*labels: str) -> Regions:
    boxes = [(20 * i, 0, 20 * i + 20, 20) for i in range(4)]
    return Regions((Region(box, label, 0.3) for box, label in zip(boxes, labels, strict=True)), size=SIZE)


def no_scorer() -> FakeImageTextScorer:
    def refuse(image: Image, text: str) -> float:
        raise AssertionError(f"no model is needed for {text}")

    return FakeImageTextScorer(refuse)


def chosen(found: Regions) -> list[int]:
    return [region.box[0] // 20 for region in found]


def test_every_region_that_fits_better_than_an_object_is_kept_in_order() -> None:
    scorer = FakeImageTextScorer(by_color)
    found = filter_regions(IMAGE, regions("", "", "", ""), "something red", scorer=scorer)
    assert chosen(found) == [0, 2]
    assert scorer.calls == 1


def test_a_description_must_fit_better_than_each_general_word() -> None:
    for anything in ("object", "things", "stuff", "texture"):
        rival = anything

        def score(crop: Image, text: str, rival: str = rival) -> float:
            return {rival: 2.0, "wet": 1.0}.get(text, 0.0)

        assert filter_regions(IMAGE, regions("", "", "", ""), "wet", scorer=FakeImageTextScorer(score)).empty


def test_a_description_that_adds_to_the_label_must_fit_better_than_the_label() -> None:
    asked: set[str] = set()

    def score(crop: Image, text: str) -> float:
        asked.add(text)
        return {"car": 150.0}.get(text, by_color(crop, text))

    cars = regions("car", "car", "car", "car")
    assert chosen(filter_regions(IMAGE, cars, "red cars", scorer=FakeImageTextScorer(score))) == [0, 2]
    assert asked == {"red cars", "car", "object", "things", "stuff", "texture"}


def in_percent(crop: Image, text: str) -> float:
    """Score each text alone, 0 to 100, so that certain answers tie: each region is a car, two are red."""
    red = bool(crop.pixels[..., 0].mean() > 100)
    return {"red car": 100.0 * red, "something red": 100.0 * red, "texture": 5.0}.get(text, 100.0)


@pytest.mark.parametrize(("label", "query"), [("car", "red car"), ("", "something red")])
def test_a_description_that_ties_with_its_rivals_fits(label: str, query: str) -> None:
    found = filter_regions(IMAGE, regions(*[label] * 4), query, scorer=FakeImageTextScorer(in_percent))
    assert chosen(found) == [0, 2]


@pytest.mark.parametrize("query", ["red car", "wet", "object"])
def test_a_tie_of_everything_keeps_nothing(query: str) -> None:
    cars = regions("car", "car", "car", "car")
    assert filter_regions(IMAGE, cars, query, scorer=FakeImageTextScorer(lambda crop, text: 1.0)).empty


def test_a_tie_at_the_bottom_keeps_nothing() -> None:
    scores = {"red car": 0.0, "car": 0.0, "texture": 0.0}
    scorer = FakeImageTextScorer(lambda crop, text: scores.get(text, 100.0))
    assert filter_regions(IMAGE, regions("car", "car", "car", "car"), "red car", scorer=scorer).empty


@pytest.mark.parametrize("query", ["object", "Objects", "thing", "stuff"])
def test_a_general_word_is_not_compared_with_itself(query: str) -> None:
    own = query.casefold()[:5]
    scorer = FakeImageTextScorer(lambda crop, text: 2.0 if text.casefold().startswith(own) else 1.0)
    assert chosen(filter_regions(IMAGE, regions("", "", "", ""), query, scorer=scorer)) == [0, 1, 2, 3]


def test_a_label_keeps_its_regions_without_a_model() -> None:
    found = filter_regions(IMAGE, regions("dog", "cat", "dog", "grass-merged"), "dogs", scorer=no_scorer())
    assert chosen(found) == [0, 2]


def test_one_of_several_descriptions_is_enough() -> None:
    scorer = FakeImageTextScorer(by_color)
    found = filter_regions(IMAGE, regions("", "cat", "", ""), "cat, something blue", scorer=scorer)
    assert chosen(found) == [1, 3]


def test_if_none_fits_none_is_kept() -> None:
    scorer = FakeImageTextScorer(lambda crop, text: 1.0)
    assert filter_regions(IMAGE, regions("", "", "", ""), "something red", scorer=scorer).empty


@pytest.mark.parametrize("query", ["", " , ", "None"])
def test_without_a_description_all_are_kept(query: str) -> None:
    given = regions("a", "b", "c", "d")
    assert filter_regions(IMAGE, given, query, scorer=no_scorer()) is given


def test_regions_are_returned_unchanged() -> None:
    given = regions("dog", "cat", "dog", "cat")
    assert filter_regions(IMAGE, given, "cat", scorer=no_scorer())[0] is given[1]


def test_a_region_outside_the_picture_fits_nothing() -> None:
    outside = Regions([Region((100, 0, 120, 20)), Region((-5, -5, 15, 30))], size=SIZE)
    found = filter_regions(IMAGE, outside, "something red", scorer=FakeImageTextScorer(by_color))
    assert [region.box for region in found] == [(-5, -5, 15, 30)]
    assert filter_regions(IMAGE, outside[:1], "red", scorer=no_scorer()).empty


def test_filtering_no_regions_gives_none() -> None:
    assert filter_regions(IMAGE, Regions(size=SIZE), "red", scorer=no_scorer()).empty


def test_negated_all_other_regions_are_kept() -> None:
    scorer = FakeImageTextScorer(by_color)
    found = filter_regions(IMAGE, regions("", "", "", ""), "something red", negate=True, scorer=scorer)
    assert chosen(found) == [1, 3]


@pytest.mark.parametrize("query", ["dogs", "dog, red", "something blue", "wet", "cat, something green"])
def test_each_region_is_kept_either_with_the_description_or_without_it(query: str) -> None:
    given = Regions([*regions("dog", "", "cat", "dog"), Region((100, 0, 120, 20))], size=SIZE)
    scorer = FakeImageTextScorer(by_color)
    kept, others = (filter_regions(IMAGE, given, query, negate=each, scorer=scorer) for each in (False, True))
    assert sorted(map(id, given)) == sorted(map(id, (*kept, *others)))


@pytest.mark.parametrize("query", ["", "None"])
def test_without_a_description_negated_or_not_all_are_kept(query: str) -> None:
    given = regions("a", "b", "c", "d")
    assert filter_regions(IMAGE, given, query, negate=True, scorer=no_scorer()) is given
