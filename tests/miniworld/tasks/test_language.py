"""Questions for the newer forms of the language: answers from the scene agree with programs and tools."""

from __future__ import annotations

import re
from collections import Counter
from typing import TypeAlias

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.miniworld.tasks.solving import held_out, solved
from visprog.language.coercion import equal
from visprog.miniworld.catalogue import CATEGORIES
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import SIDES, Ground, Scene, Thing
from visprog.miniworld.tasks import make_task
from visprog.miniworld.tasks.language import FAMILIES, geometry
from visprog.miniworld.tasks.scene_building import ALL_SIDES, Side
from visprog.miniworld.tasks.wording import is_bank_instruction
from visprog.modules.regions.geometry import ordered, related
from visprog.values import Region

Crowd: TypeAlias = tuple[Scene, list[Region]]

EACH = 10
IN_TEST = [make_task("language", seed, "test") for seed in range(EACH * len(FAMILIES))]
TASKS = [make_task("language", seed, "train") for seed in range(30 * len(FAMILIES))]


def test_there_are_twelve_forms_and_each_has_the_same_number_of_questions() -> None:
    assert len(FAMILIES) == 12
    assert Counter(task.family for task in IN_TEST) == dict.fromkeys(FAMILIES, EACH)


def test_the_programs_find_the_answers_in_the_drawings() -> None:
    wrong = [task for task, (result,) in solved(IN_TEST) if not equal(result, task.answer)]
    assert wrong == []


def test_a_seed_gives_the_same_question_and_splits_differ() -> None:
    assert make_task("language", 7, "train") == make_task("language", 7, "train")
    assert make_task("language", 7, "train").scenes != make_task("language", 7, "validation").scenes


def test_held_out_combinations_appear_only_in_test_scenes() -> None:
    assert not held_out(scene for task in TASKS for scene in task.scenes.values())
    assert held_out(scene for task in IN_TEST for scene in task.scenes.values())


def test_no_question_is_in_a_bank() -> None:
    assert not [task.instruction for task in TASKS if is_bank_instruction(task.instruction)]


def test_questions_are_in_plain_english() -> None:
    for task in TASKS:
        assert re.fullmatch(r"[A-Z][a-z,: ]+[?.]", task.instruction), task
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]|  |\bobjects?\b", task.instruction), task
        assert not re.search(r"\b(?:is|a|an|the) scissors\b|\bfoods\b", task.instruction), task


def test_no_answer_is_given_away_by_being_frequent() -> None:
    counts = Counter((task.family, task.answer) for task in TASKS if task.answer in ("yes", "no"))
    for family in {family for family, _ in counts}:
        yes, no = counts[family, "yes"], counts[family, "no"]
        assert abs(yes - no) < 3.5 * (yes + no) ** 0.5, (family, yes, no)  # 3.5 standard deviations


@pytest.mark.parametrize(
    ("family", "parts"),
    [
        ("leftmost, rightmost, topmost", ["Pick("]),
        ("nth from a side", ["place="]),
        ("biggest, smallest", ["by='size'"]),
        ("nearest, farthest", ["Relate(", "est'"]),
        ("left, right, above, below", ["Relate("]),
        ("inside", ["relation='inside'"]),
        ("each: all, any", ["CropEach(", "Vqa(image=IMAGES0"]),
        ("each: how many", ["CropEach(", "Vqa(image=IMAGES0"]),
        ("two pictures by a list", ["image=[LEFT, RIGHT]"]),
        ("text from an answer", ["{ANSWER0}"]),
        ("sizes compared", ["Measure("]),
    ],
)
def test_the_programs_use_the_form_that_they_are_about(family: str, parts: list[str]) -> None:
    programs = [task.program for task in TASKS if task.family == family]
    assert [program for program in programs for part in parts if part not in program] == []


def test_differences_are_taken_in_two_ways() -> None:
    ways = Counter(
        way
        for task in TASKS
        for way in ("Without(", "negate=True")
        if task.family == "difference: not" and way in task.program
    )
    assert set(ways) == {"Without(", "negate=True"}


@st.composite
def crowds(draw_from: st.DrawFn) -> tuple[Scene, list[Region]]:
    """Return a scene of several uncovered things, each in its cell, and their regions in the drawing."""
    width, height = draw_from(st.sampled_from(SIDES)), draw_from(st.sampled_from(SIDES))
    cells = draw_from(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, unique=True, max_size=5)
    )
    things = [draw_from(things_in(width // 3, height // 3, column, row)) for column, row in cells]
    scene = Scene(width, height, Ground(("grass", "sky"), 7), tuple(things))
    drawn = draw(scene)
    return scene, [Region(drawn.box(number)) for number in range(len(things))]


@st.composite
def things_in(draw_from: st.DrawFn, width: int, height: int, column: int, row: int) -> Thing:
    """Return a thing in a cell of this size."""
    side = draw_from(st.integers(24, min(width, height)))
    left = column * width + draw_from(st.integers(0, width - side))
    top = row * height + draw_from(st.integers(0, height - side))
    category = draw_from(st.sampled_from(sorted(CATEGORIES)))
    return Thing(category, None, (left, top, left + side, top + side), draw_from(st.booleans()))


sides = st.sampled_from(ALL_SIDES)


def agree(scene: Scene, chosen: Thing | None, place: int) -> None:
    """Check that a tool chose the same thing as the truth, if the scene leaves no doubt."""
    assume(chosen is not None)
    assert scene.things[place] is chosen


@given(crowds(), sides, st.integers(0, 9))
@settings(deadline=None)
def test_the_nth_from_a_side_is_the_one_that_pick_finds(crowd: Crowd, side: Side, number: int) -> None:
    scene, regions = crowd
    place = 1 + number % len(regions)
    found = ordered(regions, side.name.lower())
    agree(scene, geometry.nth_from(scene, scene.things, side, place), found[place - 1])


@given(crowds(), sides)
@settings(deadline=None)
def test_the_outermost_is_the_one_that_pick_finds(crowd: Crowd, side: Side) -> None:
    scene, regions = crowd
    agree(scene, geometry.outermost(scene, scene.things, side), ordered(regions, side.name.lower())[0])


@given(crowds(), st.booleans())
@settings(deadline=None)
def test_the_biggest_and_the_smallest_are_those_that_pick_finds(crowd: Crowd, largest: bool) -> None:
    scene, regions = crowd
    truth = (geometry.biggest if largest else geometry.smallest)(scene.things)
    agree(scene, truth, ordered(regions, "size")[0 if largest else -1])


@given(crowds(), st.booleans())
@settings(deadline=None)
def test_the_nearest_and_the_farthest_are_those_that_relate_finds(crowd: Crowd, near: bool) -> None:
    scene, regions = crowd
    *rest, last = range(len(regions))
    find, relation = (geometry.nearest, "nearest") if near else (geometry.farthest, "farthest")
    truth = find(scene, [scene.things[number] for number in rest], scene.things[last])
    assume(truth is not None)
    (found,) = related([regions[number] for number in rest], relation, [regions[last]])
    assert scene.things[found] is truth


@given(crowds(), sides)
@settings(deadline=None)
def test_the_things_beyond_another_are_those_that_relate_finds(crowd: Crowd, side: Side) -> None:
    scene, regions = crowd
    *rest, last = range(len(regions))
    truth = geometry.all_beyond([scene.things[number] for number in rest], side, scene.things[last])
    assume(truth is not None)
    relation = {"LEFT": "left of", "RIGHT": "right of", "TOP": "above", "BOTTOM": "below"}[side.name]
    found = related([regions[number] for number in rest], relation, [regions[last]])
    assert tuple(scene.things[number] for number in found) == truth
