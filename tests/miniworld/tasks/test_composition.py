"""Captions that differ only in composition: each is true of only one picture of a pair."""

from __future__ import annotations

import re
from collections import Counter

from tests.miniworld.tasks.solving import held_out, solved
from visprog.miniworld.catalogue import CATEGORIES, COLOURS
from visprog.miniworld.tasks import make_task
from visprog.miniworld.tasks.composition import FAMILIES, make_pair

PAIRS = [make_pair(seed, "test") for seed in range(75)]


def test_the_programs_accept_the_right_caption_only() -> None:
    for task, results in solved([task for pair in PAIRS for task in pair]):
        assert results == [True, False], task


def test_the_two_pictures_of_a_pair_have_the_same_captions_exchanged() -> None:
    for first, second in PAIRS:
        assert (first.instruction, first.other) == (second.other, second.instruction)
        assert (first.program, first.other_program) == (second.other_program, second.program)


def test_the_two_captions_have_the_same_words() -> None:
    for first, second in PAIRS:
        assert first.instruction != second.instruction
        assert _words(first.instruction) == _words(second.instruction), first


def _words(caption: str) -> Counter[str]:
    """Count the words of a caption. Singular and plural, "a" and "an" count as the same word."""
    for category in CATEGORIES.values():
        caption = re.sub(rf"\b{category.plural}\b", category.name, caption)
    words = Counter(re.sub(r"\b(?:an|pairs? of)\b", "a", caption).split())
    return Counter({word: count for word, count in words.items() if word not in ("a", "is", "are")})


def test_the_pictures_of_a_pair_have_things_at_the_same_places() -> None:
    for first, second in PAIRS:
        here, there = first.scenes["IMAGE"], second.scenes["IMAGE"]
        assert [thing.box for thing in here.things] == [thing.box for thing in there.things]
        assert here.ground == there.ground


def test_exchanged_colours_are_possible_for_the_things() -> None:
    for task in (task for pair in PAIRS for task in pair):
        for thing in task.scenes["IMAGE"].things:
            assert thing.colour is None or thing.colour in CATEGORIES[thing.category].colours, task
        assert task.family != "binding" or any(colour in task.instruction for colour in COLOURS)


def test_held_out_combinations_appear_only_in_test_scenes() -> None:
    train = [task for seed in range(300) for task in make_pair(seed, "train")]
    assert {task.family for task in train} == set(FAMILIES)
    assert not held_out(task.scenes["IMAGE"] for task in train)
    assert held_out(task.scenes["IMAGE"] for pair in PAIRS for task in pair)


def test_a_seed_gives_the_same_task_and_splits_differ() -> None:
    assert make_task("composition", 7, "test") == make_pair(7, "test")[0]
    assert make_task("composition", 7, "train").scenes != make_task("composition", 7, "test").scenes
