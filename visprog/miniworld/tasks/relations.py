"""Questions about relative positions: left, right, above and below, in one step or two."""

from __future__ import annotations

import random

from visprog.miniworld.scene import Scene, Split, Thing
from visprog.miniworld.tasks.colours import ask_for_colour
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.question import Family, Question, yes_no
from visprog.miniworld.tasks.scene_building import (
    ALL_SIDES,
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    SceneBuilder,
    Side,
    beyond,
    choose_coloured,
    choose_noun,
    is_whole,
    the_only,
)
from visprog.miniworld.tasks.wording import Noun, ask_what, choose_place, choose_wording, one, some

_PHRASES = {
    LEFT: ("to the left of", "left of", "on the left of"),
    RIGHT: ("to the right of", "right of", "on the right of"),
    TOP: ("above", "over", "higher up than"),
    BOTTOM: ("below", "under", "lower down than"),
}


def _exists(rng: random.Random, split: Split) -> Question:
    other, side, truth = _reference(rng, split), rng.choice(ALL_SIDES), rng.random() < 0.5
    noun = choose_noun(rng, split, [other])
    builder = SceneBuilder(rng, split, [noun, other])
    builder.add(other)
    builder.add(noun, rng.choice((1, 1, 2)) if truth or rng.random() < 0.8 else 0)
    builder.add_others(3)
    scene = builder.build(lambda scene: _are_beyond(scene, noun, side, other, truth))
    lying = f"{choose_wording(rng, *_PHRASES[side])} the {other}"
    text = choose_wording(
        rng,
        f"Is there {one(noun)} {lying}?",
        f"Are there any {some(noun)} {lying}?",
        f"Do you see {one(noun)} {lying}?",
        f"Can you see any {some(noun)} {lying}?",
        f"Is {one(noun)} {lying}?",
        f"Does the picture show {one(noun)} {lying}?",
        f"Is there {one(noun)} {lying} {choose_place(rng)}?",
    )
    draft = Draft()
    found = draft.count(_crop_beyond(draft, "IMAGE", other, side), noun)
    return Question(text, scene, yes_no(truth), draft.text_with_result(draft.yes_if(f"{{{found}}} > 0")))


def _how_many(rng: random.Random, split: Split) -> Question:
    other, side, number = _reference(rng, split), rng.choice(ALL_SIDES), rng.randint(0, 3)
    noun = choose_noun(rng, split, [other])
    builder = SceneBuilder(rng, split, [noun, other])
    builder.add(other)
    builder.add(noun, number + rng.choice((0, 1)))
    builder.add_others(1)
    scene = builder.build(lambda scene: _are_beyond(scene, noun, side, other, number))
    lying = f"{choose_wording(rng, *_PHRASES[side])} the {other}"
    text = choose_wording(
        rng,
        f"How many {some(noun)} are {lying}?",
        f"How many {some(noun)} are there {lying}?",
        f"How many {some(noun)} can you see {lying}?",
        f"How many {some(noun)} do you count {lying}?",
        f"Count the {some(noun)} {lying}.",
        f"What is the number of {some(noun)} {lying}?",
    )
    draft = Draft()
    found = draft.count(_crop_beyond(draft, "IMAGE", other, side), noun)
    return Question(text, scene, str(number), draft.text_with_result(found))


def _what(rng: random.Random, split: Split) -> Question:
    other, side = _reference(rng, split), rng.choice(ALL_SIDES)
    kind = choose_noun(rng, split, [other], kinds=1)
    builder = SceneBuilder(rng, split, [kind, other])
    builder.add(other)
    builder.add(kind, rng.choice((1, 2)))
    builder.add_others(2)
    scene = builder.build(lambda scene: _are_beyond(scene, kind, side, other, 1))
    (thing,) = beyond(scene, kind, side, the_only(scene, other)) or ()
    lying = f"{choose_wording(rng, *_PHRASES[side])} the {other}"
    if kind.name == "person":
        wordings: tuple[str, ...] = (
            f"Who is {lying}?",
            f"Which person is {lying}?",
            f"Who is it that is {lying}?",
            f"Who do you see {lying}?",
            f"What person is {lying}?",
            f"Who can be seen {lying}?",
        )
    else:
        wordings = (
            f"What {kind} is {lying}?",
            f"Which {kind} is {lying}?",
            f"What {kind} is there {lying}?",
            f"What kind of {kind} is {lying}?",
            f"Which {kind} do you see {lying}?",
            f"What is the {kind} {lying}?",
        )
    draft = Draft()
    part = _crop_beyond(draft, "IMAGE", other, side)
    found = draft.ask(draft.crop(part, draft.find(part, kind)), ask_what(kind.name))
    return Question(choose_wording(rng, *wordings), scene, thing.category, draft.text_with_result(found))


def _colour(rng: random.Random, split: Split) -> Question:
    noun, side = choose_coloured(rng, split, least=1), rng.choice(ALL_SIDES)
    other = _reference(rng, split, [noun])
    builder = SceneBuilder(rng, split, [noun, other])
    builder.add(other)
    builder.add(Noun(noun.name), rng.choice((1, 2)))
    builder.add_others(2)
    scene = builder.build(lambda scene: _are_beyond(scene, Noun(noun.name), side, other, 1))
    (thing,) = beyond(scene, Noun(noun.name), side, the_only(scene, other)) or ()
    lying = f"{choose_wording(rng, *_PHRASES[side])} the {other}"
    colour, the = choose_wording(rng, "color", "colour"), f"the {noun.name}"
    text = choose_wording(
        rng,
        f"What {colour} is {the} {lying}?",
        f"What is the {colour} of {the} {lying}?",
        f"Which {colour} is {the} {lying}?",
        f"What {colour} is {the} that is {lying}?",
        f"Which {colour} does {the} {lying} have?",
        f"What is the {colour} of {the} that you see {lying}?",
    )
    draft = Draft()
    found = ask_for_colour(draft, _crop_beyond(draft, "IMAGE", other, side), noun)
    return Question(text, scene, thing.colour or "", draft.text_with_result(found))


def _which_side(rng: random.Random, split: Split) -> Question:
    other = _reference(rng, split)
    noun = choose_noun(rng, split, [other], kinds=0, single=True)
    sideways, truth = rng.random() < 0.6, rng.random() < 0.5
    first = LEFT if sideways else TOP
    builder = SceneBuilder(rng, split, [noun, other])
    builder.add(other)
    builder.add(noun)
    builder.add_others(3)
    scene = builder.build(lambda scene: _are_beyond(scene, noun, first, other, truth))
    the, its, where = f"the {noun}", f"the {other}", choose_place(rng)
    if sideways:
        names = "left", "right"
        wordings: tuple[str, ...] = (
            f"Is {the} on the left or on the right of {its}?",
            f"Is {the} to the left or to the right of {its}?",
            f"Is {the} to the left or the right of {its} {where}?",
            f"On which side of {its} is {the}, left or right?",
            f"Which side of {its} is {the} on, the left or the right?",
            f"Does {the} stand on the left or on the right of {its}?",
        )
    else:
        names = "above", "below"
        wordings = (
            f"Is {the} above or below {its}?",
            f"Is {the} {where} above or below {its}?",
            f"Is {the} above {its} or below it?",
            f"Where is {the}, above or below {its}?",
            f"Does {the} stand above or below {its}?",
            f"Do you see {the} above or below {its}?",
        )
    draft = Draft()
    found = draft.count(_crop_beyond(draft, "IMAGE", other, first), noun)
    named = draft.evaluate(f"'{names[0]}' if {{{found}}} > 0 else '{names[1]}'")
    return Question(choose_wording(rng, *wordings), scene, names[not truth], draft.text_with_result(named))


def _two_steps(rng: random.Random, split: Split) -> Question:
    third = _reference(rng, split)
    second = _reference(rng, split, [third])
    first, truth = choose_noun(rng, split, [second, third]), rng.random() < 0.5
    across, up = (LEFT, RIGHT), (TOP, BOTTOM)
    outer, inner = rng.choice(((across, up), (up, across)))
    first_side, second_side = rng.choice(outer), rng.choice(inner)
    within = truth or rng.random() < 0.5
    builder = SceneBuilder(rng, split, [first, second, third])
    for noun in (first, second, third):
        builder.add(noun)
    builder.add_others(2)

    def accept(scene: Scene) -> bool:
        if not _are_beyond(scene, second, first_side, third, True) or not is_whole(scene, second):
            return False
        lies = _are_beyond(scene, first, second_side, second, truth)
        return lies and _are_beyond(scene, first, first_side, third, within)

    scene = builder.build(accept)
    near, far = choose_wording(rng, *_PHRASES[second_side]), choose_wording(rng, *_PHRASES[first_side])
    end = f"{near} the {second} {far} the {third}"
    long = f"{near} the {second} that is {far} the {third}"
    text = choose_wording(
        rng,
        f"Is there {one(first)} {end}?",
        f"Is there {one(first)} {long}?",
        f"Are there any {some(first)} {long}?",
        f"Do you see {one(first)} {end}?",
        f"Can you see any {some(first)} {long}?",
        f"Does the picture show {one(first)} {long}?",
    )
    draft = Draft()
    part = _crop_beyond(draft, "IMAGE", third, first_side)
    found = draft.count(_crop_beyond(draft, part, second, second_side), first)
    return Question(text, scene, yes_no(truth), draft.text_with_result(draft.yes_if(f"{{{found}}} > 0")))


def _on_both_sides(rng: random.Random, split: Split) -> Question:
    middle = _reference(rng, split)
    first = choose_noun(rng, split, [middle])
    second = choose_noun(rng, split, [middle, first])
    sides = rng.choice(((LEFT, RIGHT), (TOP, BOTTOM)))
    side, opposite = rng.sample(sides, 2)
    truth = rng.random() < 0.5
    held = (True, True) if truth else rng.choice(((True, False), (False, True), (False, False)))
    builder = SceneBuilder(rng, split, [first, second, middle])
    for noun in (first, second, middle):
        builder.add(noun)
    builder.add_others(1)
    scene = builder.build(
        lambda scene: (
            _are_beyond(scene, first, side, middle, held[0])
            and _are_beyond(scene, second, opposite, middle, held[1])
        )
    )
    here, there = choose_wording(rng, *_PHRASES[side]), choose_wording(rng, *_PHRASES[opposite])
    text = choose_wording(
        rng,
        f"Is there {one(first)} {here} the {middle} and {one(second)} {there} it?",
        f"Are there {some(first)} {here} the {middle} and {some(second)} {there} it?",
        f"Do you see {one(first)} {here} the {middle} and {one(second)} {there} the {middle}?",
        f"Is there both {one(first)} {here} the {middle} and {one(second)} {there} it?",
        f"Is {one(first)} {here} the {middle} and {one(second)} {there} the {middle}?",
        f"Does the picture show {one(first)} {here} the {middle} and {one(second)} {there} it?",
    )
    draft = Draft()
    box = draft.find("IMAGE", middle)
    found = [
        draft.count(draft.crop("IMAGE", box, each.crop), noun)
        for noun, each in ((first, side), (second, opposite))
    ]
    answer = draft.yes_if(f"{{{found[0]}}} > 0 and {{{found[1]}}} > 0")
    return Question(text, scene, yes_no(truth), draft.text_with_result(answer))


def _reference(rng: random.Random, split: Split, beside: tuple[Noun, ...] | list[Noun] = ()) -> Noun:
    """Return the name of a thing that positions are relative to."""
    return choose_noun(rng, split, beside, kinds=0, single=True)


def _crop_beyond(draft: Draft, image: str, other: Noun, side: Side) -> str:
    """Add the steps that crop the picture to a side of the other thing."""
    return draft.crop(image, draft.find(image, other), side.crop)


def _are_beyond(scene: Scene, noun: Noun, side: Side, other: Noun, expected: int) -> bool:
    """Return whether this many things are clearly on a side of the other, which must not be covered.

    `expected` may be True for any number from 1, or False for none.
    """
    found: tuple[Thing, ...] | None = beyond(scene, noun, side, the_only(scene, other))
    if found is None or not is_whole(scene, other):
        return False
    return bool(found) == expected if isinstance(expected, bool) else len(found) == expected


FAMILIES: dict[str, Family] = {
    "related exists": _exists,
    "related how many": _how_many,
    "related what": _what,
    "related colour": _colour,
    "which side": _which_side,
    "two steps": _two_steps,
    "on both sides": _on_both_sides,
}
