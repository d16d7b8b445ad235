"""Questions that count one sort of things: existence, number, comparison with a number."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable

from visprog.miniworld.scene import Scene, Split
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.question import Family, Question, yes_no
from visprog.miniworld.tasks.scene_building import (
    ALL_SIDES,
    SceneBuilder,
    Side,
    beyond,
    choose_coloured,
    choose_noun,
    other_colour,
)
from visprog.miniworld.tasks.wording import (
    Noun,
    are,
    capitalised,
    choose_place,
    choose_wording,
    counted,
    one,
    some,
)


def _exists(rng: random.Random, split: Split) -> Question:
    noun, truth = choose_noun(rng, split), rng.random() < 0.5
    builder = SceneBuilder(rng, split, [noun])
    builder.add(noun, rng.randint(1, 3) if truth else 0)
    builder.add_others(4)
    where = choose_place(rng)
    text = choose_wording(
        rng,
        f"Is there {one(noun)} {where}?",
        f"Are there any {some(noun)} {where}?",
        f"Do you see {one(noun)} {where}?",
        f"Can you see any {some(noun)} {where}?",
        f"Is {one(noun)} visible {where}?",
        f"Does the picture show any {some(noun)}?",
        f"Does the image contain {one(noun)}?",
    )
    return Question(text, builder.build(), yes_no(truth), _existence(noun))


def _coloured_exists(rng: random.Random, split: Split) -> Question:
    noun, truth = choose_coloured(rng, split), rng.random() < 0.5
    builder = SceneBuilder(rng, split, [noun])
    builder.add(noun, int(truth))
    if not truth or rng.random() < 0.4:
        builder.add(Noun(noun.name, other_colour(rng, split, noun)), int(rng.random() < 0.8))
    builder.add_others(4)
    where = choose_place(rng)
    text = choose_wording(
        rng,
        f"Is there {one(noun)} {where}?",
        f"Are there any {some(noun)} {where}?",
        f"Do you see {one(noun)} {where}?",
        f"Can you find {one(noun)} {where}?",
        f"Is {one(noun)} visible {where}?",
        f"Does the picture show {one(noun)}?",
    )
    return Question(text, builder.build(), yes_no(truth), _existence(noun))


def _how_many(rng: random.Random, split: Split) -> Question:
    return _counted_all(rng, split, choose_noun(rng, split))


def _coloured_how_many(rng: random.Random, split: Split) -> Question:
    return _counted_all(rng, split, choose_coloured(rng, split))


def _counted_all(rng: random.Random, split: Split, noun: Noun) -> Question:
    number = rng.randint(0, 4)
    builder = SceneBuilder(rng, split, [noun])
    builder.add(noun, number)
    if noun.colour:
        builder.add(Noun(noun.name, other_colour(rng, split, noun)), rng.randint(0, 2))
    builder.add_others(3)
    where = choose_place(rng)
    text = choose_wording(
        rng,
        f"How many {some(noun)} are {where}?",
        f"How many {some(noun)} are there {where}?",
        f"How many {some(noun)} can you see {where}?",
        f"How many {some(noun)} do you count {where}?",
        f"Count the {some(noun)} {where}.",
        f"What is the number of {some(noun)} {where}?",
        f"How many {some(noun)} does the picture show?",
    )
    return Question(text, builder.build(), str(number), _number(noun))


def _how_many_in_half(rng: random.Random, split: Split) -> Question:
    noun, side, number = choose_noun(rng, split), rng.choice(ALL_SIDES), rng.randint(0, 3)
    scene, half = _half(rng, split, noun, side, number)
    text = choose_wording(
        rng,
        f"How many {some(noun)} are {half}?",
        f"How many {some(noun)} are there {half}?",
        f"How many {some(noun)} can you see {half}?",
        f"Count the {some(noun)} {half}.",
        f"What is the number of {some(noun)} {half}?",
        f"{capitalised(half)}, how many {some(noun)} are there?",
    )
    draft = Draft()
    part = draft.crop("IMAGE", draft.find("IMAGE", side.name))
    return Question(text, scene, str(number), draft.text_with_result(draft.count(part, noun)))


def _exists_in_half(rng: random.Random, split: Split) -> Question:
    noun, side, truth = choose_noun(rng, split), rng.choice(ALL_SIDES), rng.random() < 0.5
    scene, half = _half(rng, split, noun, side, rng.randint(1, 2) if truth else 0)
    text = choose_wording(
        rng,
        f"Are there any {some(noun)} {half}?",
        f"Is there {one(noun)} {half}?",
        f"Can you see {one(noun)} {half}?",
        f"Do you see any {some(noun)} {half}?",
        f"Is {one(noun)} visible {half}?",
        f"{capitalised(half)}, is there {one(noun)}?",
    )
    draft = Draft()
    part = draft.crop("IMAGE", draft.find("IMAGE", side.name))
    answer = draft.yes_if(f"{{{draft.count(part, noun)}}} > 0")
    return Question(text, scene, yes_no(truth), draft.text_with_result(answer))


def _half(rng: random.Random, split: Split, noun: Noun, side: Side, number: int) -> tuple[Scene, str]:
    """Return a scene with `number` things in the half on a side, and the phrase for the half."""
    builder = SceneBuilder(rng, split, [noun])
    builder.add(noun, number + rng.choice((0, 1, 1, 2)))
    builder.add_others(2)

    def accept(scene: Scene) -> bool:
        found = beyond(scene, noun, side)
        return found is not None and len(found) == number

    return builder.build(
        accept
    ), f"in the {side.name.lower()} half of the {choose_wording(rng, 'picture', 'image', 'photo')}"


def _compared_with_number(rng: random.Random, split: Split) -> Question:
    noun, truth, number = choose_noun(rng, split), rng.random() < 0.5, rng.randint(1, 4)
    sign, bound = rng.choice(
        (
            (">=", "at least"),
            (">=", "no fewer than"),
            ("<=", "at most"),
            ("<=", "no more than"),
            ("==", "exactly"),
            (">", "more than"),
            ("<", "fewer than"),
        )
    )
    number += sign == "<"
    fitting = [each for each in range(6) if _HOLDS[sign](each, number) == truth and abs(each - number) < 3]
    builder = SceneBuilder(rng, split, [noun])
    builder.add(noun, rng.choice(fitting))
    builder.add_others(2)
    where, amount, verb = choose_place(rng), f"{bound} {counted(number, noun)}", are(number)
    text = choose_wording(
        rng,
        f"{capitalised(verb)} there {amount} {where}?",
        f"Do you see {amount} {where}?",
        f"Can you count {amount} {where}?",
        f"Is it true that there {verb} {amount} {where}?",
        f"Does the picture show {amount}?",
        f"Does the image contain {amount}?",
    )
    draft = Draft()
    answer = draft.yes_if(f"{{{draft.count('IMAGE', noun)}}} {sign} {number}")
    return Question(text, builder.build(), yes_no(truth), draft.text_with_result(answer))


_HOLDS: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


def _existence(noun: Noun) -> str:
    draft = Draft()
    return draft.text_with_result(draft.yes_if(f"{{{draft.count('IMAGE', noun)}}} > 0"))


def _number(noun: Noun) -> str:
    draft = Draft()
    return draft.text_with_result(draft.count("IMAGE", noun))


FAMILIES: dict[str, Family] = {
    "exists": _exists,
    "coloured exists": _coloured_exists,
    "how many": _how_many,
    "coloured how many": _coloured_how_many,
    "how many in half": _how_many_in_half,
    "exists in half": _exists_in_half,
    "compared with number": _compared_with_number,
}
