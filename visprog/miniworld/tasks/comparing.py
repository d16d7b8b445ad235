"""Questions about two sorts of things: more, fewer, the same number, total, both, either, neither."""

from __future__ import annotations

import random
from collections.abc import Callable

from visprog.miniworld.scene import Split
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.question import Family, Question, yes_no
from visprog.miniworld.tasks.scene_building import SceneBuilder, choose_noun
from visprog.miniworld.tasks.wording import Noun, bare, choose_place, choose_wording, one, some


def _more(rng: random.Random, split: Split) -> Question:
    first, second = _two(rng, split)
    truth, more = rng.random() < 0.5, rng.random() < 0.7
    low = rng.randint(0, 2)
    high = low + rng.randint(1, 2)
    numbers = (high, low) if truth else (low, rng.choice((low, high, high)))
    if not more:
        numbers = numbers[::-1]
    builder = _with_both(rng, split, first, second, numbers)
    where, than = choose_place(rng), "more" if more else "fewer"
    text = choose_wording(
        rng,
        f"Are there {than} {some(first)} than {some(second)} {where}?",
        f"Are there {than} {some(first)} {where} than {some(second)}?",
        f"Do you see {than} {some(first)} than {some(second)} {where}?",
        f"Does the picture show {than} {some(first)} than {some(second)}?",
        f"Is it true that there are {than} {some(first)} than {some(second)} {where}?",
        f"Can you count {than} {some(first)} than {some(second)} {where}?",
    )
    draft = Draft()
    found = draft.count("IMAGE", first), draft.count("IMAGE", second)
    program = draft.text_with_result(draft.yes_if(f"{{{found[0]}}} {'>' if more else '<'} {{{found[1]}}}"))
    return Question(text, builder.build(), yes_no(truth), program)


def _as_many(rng: random.Random, split: Split) -> Question:
    first, second = _two(rng, split)
    truth, number = rng.random() < 0.5, rng.randint(1, 3)
    unequal = rng.choice((number - 1, number + 1))
    builder = _with_both(rng, split, first, second, (number, number if truth else unequal))
    where = choose_place(rng)
    text = choose_wording(
        rng,
        f"Are there as many {some(first)} as {some(second)} {where}?",
        f"Is the number of {some(first)} equal to the number of {some(second)} {where}?",
        f"Are there equally many {some(first)} and {some(second)} {where}?",
        f"Does the picture show as many {some(first)} as {some(second)}?",
        f"Do you see the same number of {some(first)} and {some(second)} {where}?",
        f"Is the number of {some(first)} and {some(second)} {where} the same?",
    )
    draft = Draft()
    found = draft.count("IMAGE", first), draft.count("IMAGE", second)
    program = draft.text_with_result(draft.yes_if(f"{{{found[0]}}} == {{{found[1]}}}"))
    return Question(text, builder.build(), yes_no(truth), program)


def _which_are_more(rng: random.Random, split: Split) -> Question:
    first, second = _two(rng, split)
    low = rng.randint(0, 2)
    high = low + rng.randint(1, 2)
    first_wins = rng.random() < 0.5
    builder = _with_both(rng, split, first, second, (high, low) if first_wins else (low, high))
    where = choose_place(rng)
    text = choose_wording(
        rng,
        f"Are there more {some(first)} or {some(second)} {where}?",
        f"Are there more {some(first)} or more {some(second)} {where}?",
        f"Do you see more {some(first)} or {some(second)} {where}?",
        f"Does the picture show more {some(first)} or {some(second)}?",
        f"What are there more of {where}, {some(first)} or {some(second)}?",
        f"Which are there more of {where}, {some(first)} or {some(second)}?",
    )
    draft = Draft()
    found = draft.count("IMAGE", first), draft.count("IMAGE", second)
    names = some(first), some(second)
    winner = draft.evaluate(f"'{names[0]}' if {{{found[0]}}} > {{{found[1]}}} else '{names[1]}'")
    return Question(text, builder.build(), names[not first_wins], draft.text_with_result(winner))


def _together(rng: random.Random, split: Split) -> Question:
    first, second = _two(rng, split)
    numbers = rng.randint(0, 3), rng.randint(0, 3)
    builder = _with_both(rng, split, first, second, numbers, others=1)
    where, both = choose_place(rng), f"{some(first)} and {some(second)}"
    text = choose_wording(
        rng,
        f"How many {both} are there altogether {where}?",
        f"How many {both} are {where} in total?",
        f"How many {some(first)} or {some(second)} are {where}?",
        f"How many {both} can you see {where} all together?",
        f"Count the {both} {where}.",
        f"What is the total number of {both} {where}?",
    )
    draft = Draft()
    found = draft.count("IMAGE", first), draft.count("IMAGE", second)
    total = draft.evaluate(f"{{{found[0]}}} + {{{found[1]}}}")
    return Question(text, builder.build(), str(sum(numbers)), draft.text_with_result(total))


def _difference(rng: random.Random, split: Split) -> Question:
    first, second = _two(rng, split)
    low, more = rng.randint(0, 2), rng.randint(1, 3)
    builder = _with_both(rng, split, first, second, (low + more, low), others=1)
    where = choose_place(rng)
    text = choose_wording(
        rng,
        f"How many more {some(first)} than {some(second)} are there {where}?",
        f"How many more {some(first)} than {some(second)} are {where}?",
        f"How many more {some(first)} than {some(second)} can you see {where}?",
        f"How many more {some(first)} than {some(second)} does the picture show?",
        f"By how many do the {some(first)} outnumber the {some(second)} {where}?",
        f"How many more {some(first)} are there than {some(second)} {where}?",
    )
    draft = Draft()
    found = draft.count("IMAGE", first), draft.count("IMAGE", second)
    more_of_it = draft.evaluate(f"{{{found[0]}}} - {{{found[1]}}}")
    return Question(text, builder.build(), str(more), draft.text_with_result(more_of_it))


def _logic(rng: random.Random, split: Split) -> Question:
    first, second = _two(rng, split)
    form, truth = rng.choice(("both", "either", "neither", "without")), rng.random() < 0.5
    present = rng.choice([each for each in _PRESENT if _LOGIC[form](*each) == truth])
    numbers = tuple(rng.randint(1, 2) * each for each in present)
    builder = _with_both(rng, split, first, second, (numbers[0], numbers[1]), others=3)
    draft = Draft()
    found = draft.count("IMAGE", first), draft.count("IMAGE", second)
    condition = {
        "both": f"{{{found[0]}}} > 0 and {{{found[1]}}} > 0",
        "either": f"{{{found[0]}}} > 0 or {{{found[1]}}} > 0",
        "neither": f"{{{found[0]}}} == 0 and {{{found[1]}}} == 0",
        "without": f"{{{found[0]}}} > 0 and {{{found[1]}}} == 0",
    }[form]
    text = choose_wording(rng, *_logic_wordings(form, first, second, choose_place(rng)))
    return Question(text, builder.build(), yes_no(truth), draft.text_with_result(draft.yes_if(condition)))


_PRESENT = ((False, False), (False, True), (True, False), (True, True))
_LOGIC: dict[str, Callable[[bool, bool], bool]] = {
    "both": lambda first, second: first and second,
    "either": lambda first, second: first or second,
    "neither": lambda first, second: not (first or second),
    "without": lambda first, second: first and not second,
}


def _logic_wordings(form: str, first: Noun, second: Noun, where: str) -> tuple[str, ...]:
    one_first, one_second, first_ones, second_ones = one(first), one(second), some(first), some(second)
    return {
        "both": (
            f"Are there both {one_first} and {one_second} {where}?",
            f"Are there {first_ones} as well as {second_ones} {where}?",
            f"Do you see both {first_ones} and {second_ones} {where}?",
            f"Is there {one_first} and also {one_second} {where}?",
            f"Does the picture show both {one_first} and {one_second}?",
            f"Are {one_first} and {one_second} both visible {where}?",
        ),
        "either": (
            f"Is there either {one_first} or {one_second} {where}?",
            f"Is there {one_first} or {one_second} {where}?",
            f"Are there any {first_ones} or {second_ones} {where}?",
            f"Do you see {one_first} or {one_second} {where}?",
            f"Can you see either {first_ones} or {second_ones} {where}?",
            f"Does the picture show {one_first} or {one_second}?",
        ),
        "neither": (
            f"Are there neither {first_ones} nor {second_ones} {where}?",
            f"Is there neither {one_first} nor {one_second} {where}?",
            f"Does the picture show neither {one_first} nor {one_second}?",
            f"Is it true that there is neither {one_first} nor {one_second} {where}?",
            f"Do you see neither {first_ones} nor {second_ones} {where}?",
            f"Is it right that neither {one_first} nor {one_second} is {where}?",
        ),
        "without": (
            f"Is there {one_first} but no {bare(second)} {where}?",
            f"Are there {first_ones} but no {second_ones} {where}?",
            f"Do you see {one_first} but not {one_second} {where}?",
            f"Does the picture show {first_ones} but no {second_ones}?",
            f"Are there {first_ones} {where} but no {second_ones}?",
            f"Is it true that there is {one_first} and no {bare(second)} {where}?",
        ),
    }[form]


def _two(rng: random.Random, split: Split) -> tuple[Noun, Noun]:
    first = choose_noun(rng, split)
    return first, choose_noun(rng, split, [first])


def _with_both(
    rng: random.Random, split: Split, first: Noun, second: Noun, numbers: tuple[int, int], others: int = 2
) -> SceneBuilder:
    builder = SceneBuilder(rng, split, [first, second])
    builder.add(first, numbers[0])
    builder.add(second, numbers[1])
    builder.add_others(others)
    return builder


FAMILIES: dict[str, Family] = {
    "more": _more,
    "as many": _as_many,
    "which are more": _which_are_more,
    "together": _together,
    "difference": _difference,
    "logic": _logic,
}
