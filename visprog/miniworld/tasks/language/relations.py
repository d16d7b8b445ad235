"""Questions about things by their relation to another: nearest, farthest, or on one side of it."""

from __future__ import annotations

import random

from visprog.miniworld.scene import Scene, Split, Thing
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.language.geometry import all_beyond, farthest, nearest
from visprog.miniworld.tasks.language.group import choose_group, choose_reference, describe, wording
from visprog.miniworld.tasks.language.question import Family, Question
from visprog.miniworld.tasks.question import yes_no
from visprog.miniworld.tasks.scene_building import (
    ALL_SIDES,
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    SceneBuilder,
    Side,
    choose_noun,
    is_whole,
    the_only,
)
from visprog.miniworld.tasks.wording import Noun, choose_place, choose_wording, one, some


def _distance(rng: random.Random, split: Split) -> Question:
    other = choose_reference(rng, split)
    group, near = choose_group(rng, split, [other]), rng.random() < 0.6
    words = ("nearest to", "closest to") if near else ("farthest from", "furthest from", "farthest away from")
    the = f"the {group.noun} {choose_wording(rng, *words)} the {other}"

    def choose(scene: Scene) -> Thing | None:
        find = nearest if near else farthest
        return find(scene, group.members(scene), the_only(scene, other))

    builder = SceneBuilder(rng, split, [group.noun, other])
    builder.add(other)
    builder.add(group.noun, rng.randint(2, 4))
    builder.add_others(1)
    scene = builder.build(lambda scene: is_whole(scene, other) and group.shows(scene, choose(scene)))
    draft = Draft()
    boxes = draft.find("IMAGE", group.noun), draft.find("IMAGE", other)
    box = draft.relate(boxes[0], "nearest" if near else "farthest", boxes[1])
    found = describe(draft, box, group)
    answer = group.answer(choose(scene))
    return Question(wording(rng, group, the), {"IMAGE": scene}, answer, draft.text_with_result(found))


_RELATIONS = {
    LEFT: ("left of", ("to the left of", "left of", "on the left of")),
    RIGHT: ("right of", ("to the right of", "right of", "on the right of")),
    TOP: ("above", ("above", "higher up than", "over")),
    BOTTOM: ("below", ("below", "lower down than", "under")),
}
"""The relation of Relate for each side, and the words of questions."""


def _side(rng: random.Random, split: Split) -> Question:
    form = rng.choice((_which_on_side, _number_on_side, _any_on_side))
    return form(rng, split)


def _which_on_side(rng: random.Random, split: Split) -> Question:
    other, side = choose_reference(rng, split), rng.choice(ALL_SIDES)
    group = choose_group(rng, split, [other])
    relation, words = _RELATIONS[side]
    the = f"the {group.noun} {choose_wording(rng, *words)} the {other}"

    def choose(scene: Scene) -> Thing | None:
        found = all_beyond(group.members(scene), side, the_only(scene, other)) or ()
        return found[0] if len(found) == 1 else None

    builder = SceneBuilder(rng, split, [group.noun, other])
    builder.add(other)
    builder.add(group.noun, rng.randint(2, 3))
    builder.add_others(1)
    scene = builder.build(lambda scene: is_whole(scene, other) and group.shows(scene, choose(scene)))
    draft = Draft()
    found = describe(draft, _relate(draft, group.noun, relation, other), group)
    answer = group.answer(choose(scene))
    return Question(wording(rng, group, the), {"IMAGE": scene}, answer, draft.text_with_result(found))


def _number_on_side(rng: random.Random, split: Split) -> Question:
    other, side, number = choose_reference(rng, split), rng.choice(ALL_SIDES), rng.randint(0, 3)
    noun = choose_noun(rng, split, [other])
    relation, words = _RELATIONS[side]
    scene = _scene(rng, split, noun, number + rng.choice((0, 1, 1)), other, side, number)
    lying = f"{choose_wording(rng, *words)} the {other}"
    text = choose_wording(
        rng,
        f"How many {some(noun)} are {lying}?",
        f"How many {some(noun)} are there {lying}?",
        f"How many {some(noun)} can you see {lying}?",
        f"How many {some(noun)} do you see {lying}?",
        f"Count the {some(noun)} {lying}.",
        f"What is the number of {some(noun)} {lying}?",
    )
    draft = Draft()
    found = draft.number(_relate(draft, noun, relation, other))
    return Question(text, {"IMAGE": scene}, str(number), draft.text_with_result(found))


def _any_on_side(rng: random.Random, split: Split) -> Question:
    other, side, truth = choose_reference(rng, split), rng.choice(ALL_SIDES), rng.random() < 0.5
    noun = choose_noun(rng, split, [other])
    relation, words = _RELATIONS[side]
    number = 1 if truth else 0
    scene = _scene(rng, split, noun, rng.randint(1, 2), other, side, number)
    lying = f"{choose_wording(rng, *words)} the {other}"
    text = choose_wording(
        rng,
        f"Is there {one(noun)} {lying}?",
        f"Are there any {some(noun)} {lying}?",
        f"Do you see {one(noun)} {lying}?",
        f"Can you see any {some(noun)} {lying} {choose_place(rng)}?",
        f"Is {one(noun)} {lying}?",
        f"Does the picture show {one(noun)} {lying}?",
    )
    draft = Draft()
    found = draft.number(_relate(draft, noun, relation, other))
    answer = draft.yes_if(f"{{{found}}} > 0")
    return Question(text, {"IMAGE": scene}, yes_no(truth), draft.text_with_result(answer))


def _scene(
    rng: random.Random, split: Split, noun: Noun, total: int, other: Noun, side: Side, number: int
) -> Scene:
    """Return a scene with `total` things, of which `number` are on a side of the other."""

    def accept(scene: Scene) -> bool:
        things = [thing for thing in scene.things if noun.fits(thing)]
        found = all_beyond(things, side, the_only(scene, other))
        return found is not None and len(found) == number and is_whole(scene, noun) and is_whole(scene, other)

    builder = SceneBuilder(rng, split, [noun, other])
    builder.add(other)
    builder.add(noun, total)
    builder.add_others(2)
    return builder.build(accept)


def _relate(draft: Draft, noun: Noun, relation: str, other: Noun) -> str:
    return draft.relate(draft.find("IMAGE", noun), relation, draft.find("IMAGE", other))


FAMILIES: dict[str, Family] = {
    "nearest, farthest": _distance,
    "left, right, above, below": _side,
}
