"""Questions about colours: the colour of a thing, a choice of two colours, the same colour."""

from __future__ import annotations

import random

from visprog.miniworld.scene import Split
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.question import Family, Question, yes_no
from visprog.miniworld.tasks.scene_building import SceneBuilder, choose_coloured, other_colour
from visprog.miniworld.tasks.wording import Noun, ask_colour, capitalised, choose_place, choose_wording


def _which(rng: random.Random, split: Split) -> Question:
    noun = choose_coloured(rng, split, least=1)
    builder = _with_one(rng, split, noun)
    the, colour, where = f"the {noun.name}", _colour(rng), choose_place(rng)
    text = choose_wording(
        rng,
        f"What {colour} is {the}?",
        f"What {colour} is {the} {where}?",
        f"What is the {colour} of {the}?",
        f"What is the {colour} of {the} {where}?",
        f"Which {colour} is {the} {where}?",
        f"Which {colour} does {the} have?",
        f"What {colour} does {the} {where} have?",
    )
    draft = Draft()
    found = ask_for_colour(draft, "IMAGE", noun)
    return Question(text, builder.build(), noun.colour or "", draft.text_with_result(found))


def _is_it(rng: random.Random, split: Split) -> Question:
    noun, truth = choose_coloured(rng, split), rng.random() < 0.5
    asked = noun.colour if truth else other_colour(rng, split, noun)
    builder = _with_one(rng, split, noun)
    the, where = f"the {noun.name}", choose_place(rng)
    text = choose_wording(
        rng,
        f"Is {the} {asked}?",
        f"Is {the} {where} {asked}?",
        f"Is the {_colour(rng)} of {the} {asked}?",
        f"Does {the} look {asked}?",
        f"Is it true that {the} is {asked}?",
        f"Is {the} {where} {asked} in {_colour(rng)}?",
    )
    draft = Draft()
    found = ask_for_colour(draft, "IMAGE", noun)
    program = draft.text_with_result(draft.yes_if(f"{{{found}}} == '{asked}'"))
    return Question(text, builder.build(), yes_no(truth), program)


def _one_or_other(rng: random.Random, split: Split) -> Question:
    noun = choose_coloured(rng, split)
    choices = [noun.colour, other_colour(rng, split, noun)]
    rng.shuffle(choices)
    builder = _with_one(rng, split, noun)
    the, first, second, where = f"the {noun.name}", choices[0], choices[1], choose_place(rng)
    text = choose_wording(
        rng,
        f"Is {the} {first} or {second}?",
        f"Is {the} {where} {first} or {second}?",
        f"Is {the} {first} or is it {second}?",
        f"What {_colour(rng)} is {the}, {first} or {second}?",
        f"Which {_colour(rng)} does {the} have, {first} or {second}?",
        f"{capitalised(the)} {where}: is it {first} or {second}?",
    )
    draft = Draft()
    found = ask_for_colour(draft, "IMAGE", noun)
    program = draft.text_with_result(draft.evaluate(f"'{first}' if {{{found}}} == '{first}' else '{second}'"))
    return Question(text, builder.build(), noun.colour or "", program)


def _same(rng: random.Random, split: Split) -> Question:
    first = choose_coloured(rng, split)
    second, truth = choose_coloured(rng, split, [first], colour=first.colour), rng.random() < 0.5
    if not truth:
        second = Noun(second.name, other_colour(rng, split, second))
    builder = SceneBuilder(rng, split, [Noun(first.name), Noun(second.name)])
    builder.add(first)
    builder.add(second)
    builder.add_others(3)
    one, other, colour, where = f"the {first.name}", f"the {second.name}", _colour(rng), choose_place(rng)
    text = choose_wording(
        rng,
        f"Do {one} and {other} have the same {colour}?",
        f"Are {one} and {other} the same {colour}?",
        f"Is the {colour} of {one} the same as the {colour} of {other}?",
        f"Does {one} have the same {colour} as {other}?",
        f"Is {one} the same {colour} as {other}?",
        f"Are {one} and {other} {where} of the same {colour}?",
    )
    draft = Draft()
    found = ask_for_colour(draft, "IMAGE", first), ask_for_colour(draft, "IMAGE", second)
    program = draft.text_with_result(draft.yes_if(f"{{{found[0]}}} == {{{found[1]}}}"))
    return Question(text, builder.build(), yes_no(truth), program)


def ask_for_colour(draft: Draft, image: str, noun: Noun) -> str:
    """Add the steps that find the only thing with a name and ask for its colour."""
    return draft.ask(draft.crop(image, draft.find(image, Noun(noun.name))), ask_colour(noun.name))


def _with_one(rng: random.Random, split: Split, noun: Noun) -> SceneBuilder:
    builder = SceneBuilder(rng, split, [Noun(noun.name)])
    builder.add(noun)
    builder.add_others(4)
    return builder


def _colour(rng: random.Random) -> str:
    return choose_wording(rng, "color", "colour")


FAMILIES: dict[str, Family] = {
    "which colour": _which,
    "is it of the colour": _is_it,
    "one colour or another": _one_or_other,
    "same colour": _same,
}
