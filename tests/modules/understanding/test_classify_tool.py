from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visprog import VisProg
from visprog.errors import UsageError
from visprog.models.fake import FakeDetector, FakeImageTextScorer, FakeLanguageModel
from visprog.models.roles import Completion, Message
from visprog.models.usage import spend
from visprog.models.zoo import Zoo
from visprog.modules.understanding.classify import classify
from visprog.modules.understanding.descriptions import COUNT, sentences_of
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
    """Score a text by the colour that it names, at any place."""
    named = [COLORS[word] for word in text.strip(".").split() if word in COLORS]
    return float(crop.pixels[..., named[0]].mean()) / 20 if named else 0.0


def regions(*labels: str) -> Regions:
    return Regions((Region(box, label, 0.3) for box, label in zip(BOXES, labels, strict=True)), size=SIZE)


def run(object: Regions, categories: list[str], **roles: Any) -> Regions:
    scorer = roles.pop("scorer", None) or FakeImageTextScorer(by_color)
    given = {"language_model": None, "warn": pytest.fail, **roles}
    return classify(IMAGE, object, categories, scorer=scorer, **given)  # type: ignore[no-any-return]


class ByName:
    """A language model with a fingerprint, which describes each thing that it knows."""

    def __init__(self, fingerprint: str, **looks: str) -> None:
        self.fingerprint = fingerprint
        self._looks = looks
        self.asked: list[str] = []

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
        self.asked.append(messages[-1].content)
        return Completion(next((look for name, look in self._looks.items() if name in self.asked[-1]), ""))


def test_each_region_takes_the_category_that_fits_it_best() -> None:
    found = run(regions("", "", ""), ["blue", "red", "green"])
    assert found.labels == ("red", "green", "blue")
    assert all(region.score > 0.99 for region in found)


def test_each_category_is_given_once_to_its_best_region() -> None:
    remarks: list[str] = []
    scorer = FakeImageTextScorer(
        lambda crop, text: float(crop.pixels[..., 0].mean()) if text == "red" else 100.0
    )
    two = Regions([Region((5, 0, 25, 20)), Region((0, 0, 20, 20))], size=SIZE)
    found = run(two, ["red", "other"], scorer=scorer, warn=remarks.append)
    assert [(region.box, region.label) for region in found] == [((0, 0, 20, 20), "red")]
    assert "1 of 2" in remarks[0]


def test_blank_and_repeated_categories_are_ignored() -> None:
    assert run(regions("", "", "")[:1], [" red ", "red", "", "blue"]).labels == ("red",)


def test_classifying_without_categories_keeps_the_labels_with_a_warning() -> None:
    remarks: list[str] = []
    given = regions("a", "b", "c")
    assert run(given, [], warn=remarks.append) is given
    assert "categories" in remarks[0]


def test_classifying_no_regions_gives_none() -> None:
    assert run(Regions(size=SIZE), ["a"]).empty


def test_classify_does_not_change_its_input() -> None:
    given = regions("a", "b", "c")
    run(given, ["red", "green", "blue"])
    assert given == regions("a", "b", "c")


def test_descriptions_find_what_a_name_does_not() -> None:
    model = ByName("tells", tomato="A tomato is red and round.", leaf="A leaf is green and flat.")
    found = run(regions("", "", "")[:2], ["leaf", "tomato"], language_model=model, descriptions=True)
    assert found.labels == ("tomato", "leaf")
    assert sorted(model.asked) == ["What does this look like: leaf?", "What does this look like: tomato?"]


def test_a_category_scores_the_mean_of_its_descriptions() -> None:
    scores = {
        "One is like this.": 4.0,
        "One is unlike that.": 2.0,
        "Two is a bit so.": 3.2,
        "Two is so.": 3.2,
    }
    scorer = FakeImageTextScorer(lambda crop, text: scores[text])
    model = ByName("means", one="One is like this.\nOne is unlike that.", two="Two is a bit so.\nTwo is so.")
    (found,) = run(
        regions("", "", "")[:1], ["one", "two"], scorer=scorer, language_model=model, descriptions=True
    )
    assert found.label == "two"
    assert found.score == pytest.approx(np.exp(3.2) / (np.exp(3.2) + np.exp(3.0)))
    assert scorer.calls == 1


def test_a_model_with_a_fingerprint_is_asked_once_for_a_category() -> None:
    model = ByName("remembers", tomato="A tomato is red and round.", leaf="A leaf is green and flat.")
    for _ in range(3):
        run(regions("", "", "")[:2], ["leaf", "tomato"], language_model=model, descriptions=True)
    assert len(model.asked) == 2


def test_a_category_without_description_is_scored_by_its_name() -> None:
    remarks: list[str] = []
    found = run(
        regions("", "", "")[:1],
        ["blue", "red"],
        language_model=FakeLanguageModel(lambda _: "Sure:"),
        descriptions=True,
        warn=remarks.append,
    )
    assert found.labels == ("red",)
    assert "'blue', 'red'" in remarks[0]


def test_descriptions_without_a_language_model_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"tools\.Classify"):
        run(regions("", "", ""), ["red"], descriptions=True)


def test_without_the_setting_no_language_model_is_called() -> None:
    run(regions("", "", ""), ["red", "green", "blue"], language_model=FakeLanguageModel([]))


def test_an_answer_is_read_one_sentence_a_line_with_any_marker() -> None:
    lines = ("Here they are:", '1. "A kite is a diamond"', "- It has a tail.", "", "2) It has a tail.", "Ok")
    assert sentences_of("\n".join(lines)) == ("A kite is a diamond.", "It has a tail.")


def test_no_more_sentences_are_taken_than_twice_what_was_asked_for() -> None:
    assert len(sentences_of("\n".join(f"This is line {i}" for i in range(100)))) == 2 * COUNT


def test_a_profile_turns_descriptions_on(tmp_path: Path) -> None:
    path = tmp_path / "described.toml"
    path.write_text("[tools.Classify]\ndescriptions = true\n", encoding="utf-8")
    program = """
OBJ0=Loc(image=IMAGE, object='thing')
OBJ1=Classify(image=IMAGE, object=OBJ0, categories=['leaf', 'tomato'])
"""
    models = {
        "detector": FakeDetector({"thing": BOXES[:2]}),
        "image_text_scorer": FakeImageTextScorer(by_color),
        "language_model": ByName("profile", tomato="A tomato is red and round.", leaf="A leaf is so green."),
    }
    with VisProg(models=Zoo(path, models)) as visprog:
        run = visprog.execute(program, PIXELS)
    assert isinstance(run.result, Regions)
    assert run.result.labels == ("tomato", "leaf")


def test_what_descriptions_cost_is_counted_on_the_step(tmp_path: Path) -> None:
    class Paid:
        """A language model that costs 10 tokens in and 3 out a request."""

        def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
            spend(10, 3)
            return Completion("It is quite red.")

    path = tmp_path / "described.toml"
    path.write_text("[tools.Classify]\ndescriptions = true\n", encoding="utf-8")
    program = """
OBJ0=Loc(image=IMAGE, object='thing')
OBJ1=Classify(image=IMAGE, object=OBJ0, categories=['apple', 'leaf', 'tomato'])
"""
    models = {
        "detector": FakeDetector({"thing": BOXES}),
        "image_text_scorer": FakeImageTextScorer(by_color),
        "language_model": Paid(),
    }
    with VisProg(models=Zoo(path, models)) as visprog:
        run = visprog.execute(program, PIXELS)
    assert [step.tokens for step in run.steps] == [(0, 0), (30, 9)]
