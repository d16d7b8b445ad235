"""Questions that VisualQA learns from are right, and asked only where it is clear what is in sight."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from training import questions
from training.pictures import Picture, Pictures
from training.questions import ANSWERS, WholeQuestions, make_sample
from training.views import View, make_view, part_of
from visprog.miniworld.drawing import DrawnScene, draw
from visprog.miniworld.scene import Ground, Scene, Thing
from visprog.miniworld.tasks.wording import Noun

GROUND = Ground(("sky", "grass"), 1)
RED, BLUE, DOG = (
    Thing("car", "red", (0, 40, 60, 100)),
    Thing("car", "blue", (120, 60, 180, 120)),
    Thing("dog", None, (70, 100, 130, 160)),
)


def picture(*things: Thing) -> Picture:
    drawn: DrawnScene = draw(Scene(192, 160, GROUND, things))
    boxes = np.array([drawn.box(number) for number in range(len(things))], np.int32).reshape(-1, 4)
    seen = np.ones(len(things), np.float32)
    return Picture(drawn.scene, drawn.pixels, drawn.owners, drawn.ground, boxes, seen)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return Pictures(tmp_path_factory.mktemp("pool"), "train", 20)


def asked(view: View, form: str, tries: int = 200) -> dict[str, str]:
    rng = random.Random(0)
    found = (getattr(questions, form)(rng, view) for _ in range(tries))
    return dict(each for each in found if each)


def test_a_part_has_the_things_of_which_half_is_in_it() -> None:
    view = part_of(picture(RED, BLUE, DOG), (0, 0, 90, 160))
    assert view.present == [0]
    assert view.named(Noun("car")) == [0]
    assert view.named(Noun("tree")) == []


def test_nothing_is_asked_of_what_is_half_in_sight() -> None:
    view = part_of(picture(RED, BLUE, DOG), (0, 0, 85, 160))
    assert 0.04 < view.shares[2] < 0.5
    assert view.named(Noun("dog")) is None
    assert not any("dog" in question or "animal" in question for question in asked(view, "exists"))


def test_a_thing_of_no_single_colour_may_have_any() -> None:
    assert part_of(picture(DOG), (0, 0, 192, 160)).named(Noun("animal", "brown")) is None


def test_the_colour_is_asked_of_the_only_thing_of_a_name() -> None:
    both = part_of(picture(RED, BLUE, DOG), (0, 0, 192, 160))
    assert asked(both, "colour") == {}
    assert set(asked(part_of(picture(RED, DOG), (0, 0, 192, 160)), "colour").values()) == {"red"}


def test_of_a_crop_the_thing_in_its_middle_is_meant() -> None:
    crop = part_of(picture(RED, BLUE, DOG), (90, 40, 192, 160), main=1)
    assert set(asked(crop, "colour").values()) == {"blue"}
    assert set(asked(crop, "what").values()) == {"car"}


def test_counts_are_of_all_things_that_a_name_covers() -> None:
    counts = asked(part_of(picture(RED, BLUE, DOG), (0, 0, 192, 160)), "count", 2000)
    assert counts["How many vehicles are in the image?"] == "2"
    assert counts["How many dogs are in the image?"] == "1"
    assert "0" in counts.values()


def test_existence_is_true_of_the_picture() -> None:
    answers = asked(part_of(picture(RED, DOG), (0, 0, 192, 160)), "exists", 2000)
    assert answers["Is there a red vehicle in the image?"] == "yes"
    assert answers["Is there a blue car in the image?"] == "no"
    assert answers["Is there a cat in the image?"] == "no"
    assert asked(part_of(picture(DOG), (0, 0, 192, 160)), "stuff")["Is there any grass?"] == "yes"


def test_samples_are_balanced_and_answered_from_the_list(pool: Pictures) -> None:
    rng = random.Random(0)
    samples = [make_sample(rng, pool) for _ in range(1200)]
    assert {sample.answer for sample in samples} <= set(ANSWERS)
    existence = Counter(sample.answer for sample in samples if sample.form.startswith("exists"))
    assert 0.4 < existence["yes"] / existence.total() < 0.6
    crops = [sample for sample in samples if sample.form.endswith("crop")]
    assert 0.35 < len(crops) / len(samples) < 0.65


def test_parts_lie_in_the_picture(pool: Pictures) -> None:
    rng = random.Random(0)
    for _ in range(300):
        seen = pool[rng.randrange(20)]
        left, top, right, bottom = make_view(rng, seen).box
        assert 0 <= left < right <= seen.scene.width
        assert 0 <= top < bottom <= seen.scene.height


def test_whole_questions_are_answered_from_the_list() -> None:
    whole, rng = WholeQuestions("validation", 150), random.Random(0)
    samples = [whole.sample(rng) for _ in range(150)]
    assert {sample.answer for sample in samples if sample} <= set(ANSWERS)
    assert whole.sample(rng, lambda width, height: width > 1000) is None


def test_the_same_seed_asks_the_same(pool: Pictures, tmp_path: Path) -> None:
    first, second = (make_sample(random.Random(5), pool) for _ in range(2))
    assert first[1:] == second[1:]
    assert np.array_equal(first.pixels, second.pixels)
