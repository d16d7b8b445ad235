"""Statements about two pictures: their programs find out which are true."""

from __future__ import annotations

import re
from collections import Counter

from tests.miniworld.tasks.solving import held_out, solved
from visprog.miniworld.tasks import make_task
from visprog.miniworld.tasks.nlvr import FAMILIES
from visprog.miniworld.tasks.wording import is_bank_instruction

TASKS = [make_task("nlvr", seed, "train") for seed in range(2000)]
IN_TEST = [make_task("nlvr", seed, "test") for seed in range(150)]


def test_the_programs_find_the_truth_in_the_drawings() -> None:
    for task, (result,) in solved(IN_TEST):
        assert result is task.answer, task


def test_the_first_tasks_are_of_every_family() -> None:
    assert {task.family for task in IN_TEST} == set(FAMILIES)


def test_true_and_false_are_equally_frequent_in_every_family() -> None:
    counts = Counter((task.family, task.answer) for task in TASKS)
    for family in FAMILIES:
        true, false = counts[family, True], counts[family, False]
        assert abs(true - false) < 3.5 * (true + false) ** 0.5, (family, true, false)  # standard deviations


def test_the_wording_does_not_reveal_the_truth() -> None:
    counts = Counter((_first_words(task.instruction), task.answer) for task in TASKS)
    for words in {words for words, _ in counts}:
        true, false = counts[words, True], counts[words, False]
        assert abs(true - false) < 4 * (true + false) ** 0.5, (words, true, false)


def _first_words(statement: str) -> str:
    return " ".join(statement.split()[:4])


def test_a_seed_gives_the_same_statement_and_splits_differ() -> None:
    assert make_task("nlvr", 7, "train") == make_task("nlvr", 7, "train")
    assert make_task("nlvr", 7, "train").scenes != make_task("nlvr", 7, "test").scenes


def test_held_out_combinations_appear_only_in_test_scenes() -> None:
    assert not held_out(scene for task in TASKS[:300] for scene in task.scenes.values())
    assert held_out(scene for task in IN_TEST for scene in task.scenes.values())


def test_no_statement_is_in_a_bank() -> None:
    assert is_bank_instruction("The two images contain a total of five llamas.")
    assert not [task.instruction for task in TASKS + IN_TEST if is_bank_instruction(task.instruction)]


def test_statements_are_in_plain_english() -> None:
    for task in TASKS:
        assert re.fullmatch(r"[A-Z][a-z, ]+\.", task.instruction), task
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]|  |\bobjects?\b", task.instruction), task
        bound = "at least|at most|no more than|no fewer than|exactly|just"
        assert not re.search(rf"\b[Aa]re (?:(?:{bound}) )?one\b|\bfoods\b", task.instruction), task
