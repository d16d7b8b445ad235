"""Statements about two pictures, as in NLVR2 (Suhr and others, ACL 2019), each true or false."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from visprog.miniworld.scene import Scene, Split, generator
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.scene_building import (
    NoSceneError,
    SceneBuilder,
    choose_coloured,
    choose_noun,
    other_colour,
)
from visprog.miniworld.tasks.task import Task
from visprog.miniworld.tasks.wording import (
    Noun,
    are,
    capitalised,
    choose_wording,
    counted,
    is_bank_instruction,
    one,
    some,
)

_PICTURES = ("LEFT", "RIGHT")
_MAX_OF_A_KIND = 4


class Statement(NamedTuple):
    """A statement, its condition, and the numbers of things for each noun in the left and right picture.

    `condition` is an expression over counts. `asked` lists the noun and the picture of each count.
    """

    text: str
    numbers: dict[Noun, tuple[int, int]]
    asked: tuple[tuple[Noun, str], ...]
    condition: str


_Family: TypeAlias = Callable[[random.Random, Split, bool], Statement]


def make_task(seed: int, split: Split) -> Task:
    """Return the statement for a seed. Its scenes are LEFT and RIGHT."""
    rng = generator(seed, split, "nlvr")
    family, truth = rng.choice(tuple(FAMILIES)), rng.random() < 0.5
    while True:
        with suppress(NoSceneError):
            statement = FAMILIES[family](rng, split, truth)
            if is_bank_instruction(statement.text):
                continue
            scenes = {name: _scene(rng, split, statement, side) for side, name in enumerate(_PICTURES)}
            return Task("nlvr", family, seed, statement.text, scenes, _program(statement), truth)


def _scene(rng: random.Random, split: Split, statement: Statement, side: int) -> Scene:
    builder = SceneBuilder(rng, split, list(statement.numbers))
    for noun, numbers in statement.numbers.items():
        builder.add(noun, numbers[side])
        if noun.colour and rng.random() < 0.5:
            builder.add(Noun(noun.name, other_colour(rng, split, noun)))
    builder.add_others(2)
    return builder.build()


def _program(statement: Statement) -> str:
    draft = Draft()
    for noun, picture in statement.asked:
        draft.count(picture, noun)
    draft.evaluate(statement.condition)
    return draft.text()


def _total(rng: random.Random, split: Split, truth: bool) -> Statement:
    noun = choose_noun(rng, split, kinds=0.4)
    number = rng.randint(1, 6)
    numbers = _distributed(rng, number if truth else _near(rng, number))
    amount = counted(number, noun)
    text = choose_wording(
        rng,
        f"The left and right image contain a total of {amount}.",
        f"There {are(number)} {amount} in total in the two pictures.",
        f"Together the two pictures show {amount}.",
        f"In both pictures together there {are(number)} {amount}.",
        f"The pair of pictures shows {amount} in all.",
        f"The two photos contain a total of exactly {amount}.",
    )
    return Statement(text, {noun: numbers}, _both(noun), f"{{ANSWER0}} + {{ANSWER1}} == {number}")


def _two_totals(rng: random.Random, split: Split, truth: bool) -> Statement:
    first = choose_noun(rng, split, kinds=0.5)
    second = choose_noun(rng, split, [first], kinds=0.4)
    totals = rng.randint(1, 6), rng.randint(1, 3)
    wrong = None if truth else rng.randrange(2)
    numbers = {
        noun: _distributed(rng, _near(rng, total) if place == wrong else total)
        for place, (noun, total) in enumerate(zip((first, second), totals, strict=True))
    }
    amounts = f"{counted(totals[0], first)} and {counted(totals[1], second)}"
    text = choose_wording(
        rng,
        f"The left and right image contains a total of {amounts}.",
        f"The left and the right picture contain {amounts} in total.",
        f"There {are(totals[0])} {amounts} in the two pictures together.",
        f"Together the two pictures show {amounts}.",
        f"In the two photos there is a total of {amounts}.",
        f"The pair of pictures shows {amounts} in all.",
    )
    condition = f"{{ANSWER0}} + {{ANSWER1}} == {totals[0]} and {{ANSWER2}} + {{ANSWER3}} == {totals[1]}"
    return Statement(text, numbers, _both(first) + _both(second), condition)


def _total_bound(rng: random.Random, split: Split, truth: bool) -> Statement:
    noun, number = choose_noun(rng, split, kinds=0.4), rng.randint(1, 5)
    sign, words = rng.choice(((">=", ("at least", "no fewer than")), ("<=", ("at most", "no more than"))))
    reached = number + (rng.randint(0, 1) if truth else -1) * (1 if sign == ">=" else -1)
    amount, verb = f"{rng.choice(words)} {counted(number, noun)}", are(number)
    text = choose_wording(
        rng,
        f"There {verb} {amount} in the two pictures together.",
        f"The two pictures contain {amount} in total.",
        f"Together the left and the right picture show {amount}.",
        f"In total there {verb} {amount} in the two photos.",
        f"The pair of pictures shows {amount}.",
        f"Counting both pictures, there {verb} {amount}.",
    )
    condition = f"{{ANSWER0}} + {{ANSWER1}} {sign} {number}"
    return Statement(text, {noun: _distributed(rng, reached)}, _both(noun), condition)


def _in_one_picture(rng: random.Random, split: Split, truth: bool) -> Statement:
    noun, side, number = choose_noun(rng, split), rng.randrange(2), rng.randint(1, 3)
    sign, words, step = rng.choice(
        (
            ("==", ("exactly ", "just ", ""), 0),
            (">=", ("at least ", "no fewer than "), 1),
            ("<=", ("at most ", "no more than "), -1),
        )
    )
    found = number + (step * rng.randint(0, 1) if truth else -step or rng.choice((-1, 1)))
    numbers = _placed(side, found, rng.randint(0, 3))
    amount, where = f"{rng.choice(words)}{counted(number, noun)}", f"the {_PICTURES[side].lower()} picture"
    verb = are(number)
    text = choose_wording(
        rng,
        f"There {verb} {amount} in {where}.",
        f"{capitalised(where)} contains {amount}.",
        f"{capitalised(where)} shows {amount}.",
        f"In {where} there {verb} {amount}.",
        f"In {where} one can count {amount}.",
        f"You can see {amount} in {where}.",
    )
    asked = ((noun, _PICTURES[side]),)
    return Statement(text, {noun: numbers}, asked, f"{{ANSWER0}} {sign} {number}")


def _contained(rng: random.Random, split: Split, truth: bool) -> Statement:
    noun = choose_noun(rng, split)
    form = rng.choice(tuple(_CONTAINED))
    held = rng.choice([each for each in _PRESENT if _CONTAINED[form][1](sum(each)) == truth])
    numbers = tuple(rng.randint(1, 3) * each for each in held)
    text = choose_wording(rng, *_contained_wordings(form, noun))
    return Statement(text, {noun: (numbers[0], numbers[1])}, _both(noun), _CONTAINED[form][0])


_PRESENT = ((0, 0), (0, 1), (1, 0), (1, 1))
_CONTAINED: dict[str, tuple[str, Callable[[int], bool]]] = {
    "both": ("{ANSWER0} > 0 and {ANSWER1} > 0", lambda held: held == 2),
    "some": ("{ANSWER0} > 0 or {ANSWER1} > 0", lambda held: held > 0),
    "one": ("{ANSWER0} > 0 xor {ANSWER1} > 0", lambda held: held == 1),
    "none": ("{ANSWER0} == 0 and {ANSWER1} == 0", lambda held: held == 0),
}
"""The condition of each form, and whether it is true for a number of pictures with such a thing."""


def _contained_wordings(form: str, noun: Noun) -> tuple[str, ...]:
    single, several = one(noun), some(noun)
    return {
        "both": (
            f"Both pictures contain {single}.",
            f"Each picture shows {single}.",
            f"There is {single} in each of the pictures.",
            f"There are {several} in both pictures.",
            f"{capitalised(single)} can be seen in both pictures.",
            f"The left and the right picture both show {several}.",
        ),
        "some": (
            f"At least one of the pictures contains {single}.",
            f"At least one picture shows {several}.",
            f"There is {single} in at least one of the pictures.",
            f"One of the pictures or both show {several}.",
            f"{capitalised(single)} can be seen in at least one picture.",
            f"There are {several} in the left picture or in the right one.",
        ),
        "one": (
            f"Exactly one of the pictures contains {single}.",
            f"Only one of the pictures shows {several}.",
            f"Only one picture contains {single}.",
            f"There are {several} in exactly one of the pictures.",
            f"One picture shows {several} and the other one does not.",
            f"Just one of the two pictures shows {single}.",
        ),
        "none": (
            f"Neither picture contains {single}.",
            f"Neither of the pictures shows any {several}.",
            f"There are no {several} in either picture.",
            f"None of the pictures contains {single}.",
            f"No {several} can be seen in the two pictures.",
            f"There is not {single} in either of the two pictures.",
        ),
    }[form]


def _same_number(rng: random.Random, split: Split, truth: bool) -> Statement:
    noun, number = choose_noun(rng, split, kinds=0.4), rng.randint(0, 3)
    second = number if truth else rng.choice([each for each in (number - 1, number + 1) if each >= 0])
    several = some(noun)
    text = choose_wording(
        rng,
        f"There are the same number of {several} in both pictures.",
        f"Both pictures contain the same number of {several}.",
        f"There are as many {several} in the left picture as in the right one.",
        f"The number of {several} is the same in both pictures.",
        f"The left and the right picture show equally many {several}.",
        f"The left picture has as many {several} as the right picture.",
        f"The two pictures do not differ in their number of {several}.",
    )
    return Statement(text, {noun: (number, second)}, _both(noun), "{ANSWER0} == {ANSWER1}")


def _more_in_one(rng: random.Random, split: Split, truth: bool) -> Statement:
    noun, side, more = choose_noun(rng, split, kinds=0.4), rng.randrange(2), rng.random() < 0.6
    low = rng.randint(0, 2)
    high = low + rng.randint(1, 2)
    numbers = (high, low) if truth else (low, rng.choice((low, high, high)))
    if not more:
        numbers = numbers[::-1]
    this, that, than = _PICTURES[side].lower(), _PICTURES[1 - side].lower(), "more" if more else "fewer"
    several = some(noun)
    text = choose_wording(
        rng,
        f"There are {than} {several} in the {this} picture than in the {that} one.",
        f"The {this} picture contains {than} {several} than the {that} picture.",
        f"The {this} picture shows {than} {several} than the {that} one.",
        f"In the {this} picture there are {than} {several} than in the {that} picture.",
        f"One sees {than} {several} in the {this} picture than in the {that} picture.",
        f"{capitalised(than)} {several} are in the {this} photo than in the {that} photo.",
    )
    asked = ((noun, _PICTURES[side]), (noun, _PICTURES[1 - side]))
    return Statement(
        text, {noun: _placed(side, *numbers)}, asked, f"{{ANSWER0}} {'>' if more else '<'} {{ANSWER1}}"
    )


def _each_its_own(rng: random.Random, split: Split, truth: bool) -> Statement:
    first = choose_noun(rng, split)
    second = choose_noun(rng, split, [first])
    expected = rng.randint(1, 3), rng.randint(1, 3)
    wrong = None if truth else rng.randrange(2)
    found = [_near(rng, number) if place == wrong else number for place, number in enumerate(expected)]
    numbers = {first: (found[0], rng.randint(0, 2)), second: (rng.randint(0, 2), found[1])}
    left, right = counted(expected[0], first), counted(expected[1], second)
    text = choose_wording(
        rng,
        f"The left picture contains {left} and the right picture contains {right}.",
        f"There {are(expected[0])} {left} in the left picture and {right} in the right picture.",
        f"The left picture shows {left}, the right one {right}.",
        f"In the left picture there {are(expected[0])} {left}, and in the right one {right}.",
        f"The left picture has {left} and the right one has {right}.",
        f"On the left one sees {left}, and on the right {right}.",
    )
    condition = f"{{ANSWER0}} == {expected[0]} and {{ANSWER1}} == {expected[1]}"
    return Statement(text, numbers, ((first, "LEFT"), (second, "RIGHT")), condition)


def _coloured(rng: random.Random, split: Split, truth: bool) -> Statement:
    noun, side = choose_coloured(rng, split), rng.randrange(2)
    numbers = _placed(side, int(truth), rng.randint(0, 1))
    where, single = f"the {_PICTURES[side].lower()} picture", one(noun)
    text = choose_wording(
        rng,
        f"There is {single} in {where}.",
        f"{capitalised(where)} contains {single}.",
        f"{capitalised(where)} shows {single}.",
        f"In {where} there is {single}.",
        f"{capitalised(single)} can be seen in {where}.",
        f"{capitalised(where)} has {single} in it.",
    )
    return Statement(text, {noun: numbers}, ((noun, _PICTURES[side]),), "{ANSWER0} > 0")


def _coloured_total(rng: random.Random, split: Split, truth: bool) -> Statement:
    noun, number = choose_coloured(rng, split), rng.randint(1, 4)
    numbers = _distributed(rng, number if truth else _near(rng, number))
    amount = counted(number, noun)
    text = choose_wording(
        rng,
        f"There {are(number)} {amount} in total.",
        f"The two pictures contain a total of {amount}.",
        f"Together the pictures show exactly {amount}.",
        f"The left and right picture contain a total of {amount}.",
        f"In the two photos together there {are(number)} {amount}.",
        f"Counting both pictures, there {are(number)} {amount}.",
    )
    return Statement(text, {noun: numbers}, _both(noun), f"{{ANSWER0}} + {{ANSWER1}} == {number}")


def _but(rng: random.Random, split: Split, truth: bool) -> Statement:
    first = choose_noun(rng, split)
    second, side = choose_noun(rng, split, [first]), rng.randrange(2)
    held = (1, 0) if truth else rng.choice(((0, 0), (0, 1), (1, 1)))
    numbers: dict[Noun, tuple[int, int]] = {}
    for noun, present in zip((first, second), held, strict=True):
        numbers[noun] = _placed(side, present * rng.randint(1, 2), rng.randint(0, 2))
    where, several, others = f"the {_PICTURES[side].lower()} picture", some(first), some(second)
    text = choose_wording(
        rng,
        f"{capitalised(where)} contains {several} but no {others}.",
        f"There are {several} but no {others} in {where}.",
        f"In {where} there are {several}, but there are no {others}.",
        f"{capitalised(where)} shows {several} without any {others}.",
        f"{capitalised(where)} has {several} in it and no {others}.",
        f"One sees {several} and no {others} in {where}.",
    )
    asked = ((first, _PICTURES[side]), (second, _PICTURES[side]))
    return Statement(text, numbers, asked, "{ANSWER0} > 0 and {ANSWER1} == 0")


def _both(noun: Noun) -> tuple[tuple[Noun, str], ...]:
    return tuple((noun, picture) for picture in _PICTURES)


def _placed(side: int, here: int, there: int) -> tuple[int, int]:
    """Return the numbers for the left and the right picture; `here` is the one for this side."""
    return (there, here) if side else (here, there)


def _distributed(rng: random.Random, total: int) -> tuple[int, int]:
    """Distribute things over the two pictures, at most four of a kind in each."""
    left = rng.randint(max(0, total - _MAX_OF_A_KIND), min(_MAX_OF_A_KIND, total))
    return left, total - left


def _near(rng: random.Random, number: int) -> int:
    """Return a number that is one larger or one smaller."""
    return number + rng.choice((-1, 1))


FAMILIES: dict[str, _Family] = {
    "total": _total,
    "two totals": _two_totals,
    "total bound": _total_bound,
    "in one picture": _in_one_picture,
    "contained": _contained,
    "same number": _same_number,
    "more in one": _more_in_one,
    "each its own": _each_its_own,
    "coloured": _coloured,
    "coloured total": _coloured_total,
    "but": _but,
}
"""All forms of statements."""
