"""Questions about one picture: their programs find the answers, and the wording does not reveal them."""

from __future__ import annotations

import re
from collections import Counter

from tests.miniworld.tasks.solving import held_out, solved, visible_shares
from visprog.language.coercion import equal
from visprog.miniworld.captions import coloured
from visprog.miniworld.catalogue import CATEGORIES, COLOURS, KINDS
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import is_held_out
from visprog.miniworld.tasks import make_task
from visprog.miniworld.tasks.gqa import FAMILIES
from visprog.miniworld.tasks.wording import (
    Noun,
    ask_colour,
    ask_count,
    ask_exists,
    ask_what,
    counted,
    is_bank_instruction,
    one,
    some,
)

TASKS = [make_task("gqa", seed, "train") for seed in range(2500)]
IN_TEST = [make_task("gqa", seed, "test") for seed in range(400)]


def test_the_programs_find_the_answers_in_the_drawings() -> None:
    for task, (result,) in solved(IN_TEST[:150]):
        assert isinstance(task.answer, str)
        assert equal(result, task.answer), task


def test_the_first_tasks_are_of_every_family() -> None:
    assert {task.family for task in IN_TEST[:150]} == set(FAMILIES)


def test_at_least_half_of_each_thing_is_visible() -> None:
    for task in IN_TEST[:30]:
        assert min(visible_shares(draw(task.scenes["IMAGE"]))) >= 0.5, task


def test_a_seed_gives_the_same_question_and_splits_differ() -> None:
    assert make_task("gqa", 7, "train") == make_task("gqa", 7, "train")
    assert make_task("gqa", 7, "train").scenes != make_task("gqa", 7, "validation").scenes


def test_yes_and_no_are_equally_frequent_in_every_family() -> None:
    counts = Counter((task.family, task.answer) for task in TASKS if task.answer in ("yes", "no"))
    for family in {family for family, _ in counts}:
        yes, no = counts[family, "yes"], counts[family, "no"]
        assert abs(yes - no) < 3.5 * (yes + no) ** 0.5, (family, yes, no)  # 3.5 standard deviations


def test_numbers_vary() -> None:
    counts = Counter(task.answer for task in TASKS if task.family == "how many")
    assert set(counts) == set("01234")
    assert max(counts.values()) < 3 * min(counts.values())


def test_held_out_combinations_appear_only_in_test_scenes_and_questions() -> None:
    assert not held_out(scene for task in TASKS[:400] for scene in task.scenes.values())
    assert held_out(scene for task in IN_TEST for scene in task.scenes.values())
    told_apart = {
        coloured(name, colour)
        for name, entry in CATEGORIES.items()
        for colour in entry.colours
        if is_held_out(name, colour)
    }
    assert not [task for task in TASKS for name in told_apart if f"'{name}'" in task.program]


def test_no_question_is_in_a_bank() -> None:
    assert is_bank_instruction("How many candles are in the image?")
    assert not [task.instruction for task in TASKS + IN_TEST if is_bank_instruction(task.instruction)]


def test_questions_are_in_plain_english() -> None:
    for task in TASKS:
        assert re.fullmatch(r"[A-Z][a-z,: ]+[?.]", task.instruction), task
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]|  |\bobjects?\b", task.instruction), task
        assert not re.search(r"\b(?:is|a|an|the) scissors\b|\bfoods\b", task.instruction), task


def test_every_family_has_six_wordings() -> None:
    wordings: dict[str, set[str]] = {family: set() for family in FAMILIES}
    for task in TASKS:
        wordings[task.family].add(_without_names(task.instruction))
    assert min(map(len, wordings.values())) >= 6


def _without_names(instruction: str) -> str:
    names = [*KINDS, *KINDS.values(), *CATEGORIES, *(each.plural for each in CATEGORIES.values()), *COLOURS]
    nouns = "|".join(sorted(names, key=len, reverse=True))
    places = r" in (?:the|this) (?:image|picture|photo|scene)\b"
    return re.sub(places, "", re.sub(rf"\b(?:{nouns})\b", "_", instruction))


def test_nouns_have_their_articles_and_plurals() -> None:
    fish, food, scissors = Noun("fish", "red"), Noun("food"), Noun("scissors")
    assert [one(fish), some(fish), counted(2, fish)] == ["a red fish", "red fish", "two red fish"]
    assert [one(food), some(food), counted(1, food)] == [
        "a piece of food",
        "pieces of food",
        "one piece of food",
    ]
    assert [one(scissors), some(scissors)] == ["a pair of scissors", "scissors"]
    assert [counted(3, scissors), counted(0, scissors)] == ["three pairs of scissors", "no scissors"]
    assert [one(Noun("apple")), one(Noun("guitar", "orange"))] == ["an apple", "an orange guitar"]


def test_the_questions_to_a_model_are_simple() -> None:
    assert ask_colour("pine tree") == "What color is the pine tree?"
    assert ask_what() == "What is this?"
    assert ask_what("animal") == "What animal is this?"
    assert ask_exists("apple") == "Is there an apple in the image?"
    assert ask_count("person") == "How many people are in the image?"
    assert ask_count("red police officer") == "How many red police officers are in the image?"
