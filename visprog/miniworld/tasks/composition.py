"""Captions that differ only in composition, as in Winoground (Thrush and others, CVPR 2022).

The two captions of a pair use the same words. In their two pictures, the positions, colours or numbers of two
things are exchanged.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from visprog.miniworld.catalogue import CATEGORIES
from visprog.miniworld.scene import Scene, Split, choose_colour, generator, is_held_out
from visprog.miniworld.tasks.colours import ask_for_colour
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.scene_building import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    NoSceneError,
    SceneBuilder,
    beyond,
    choose_coloured,
    choose_noun,
    is_clear,
    is_whole,
    the_only,
)
from visprog.miniworld.tasks.task import Task
from visprog.miniworld.tasks.wording import Noun, are, counted, one


class Caption(NamedTuple):
    """A caption, a scene for which it is true, and a program that checks it for a picture."""

    text: str
    scene: Scene
    program: str


_Pair: TypeAlias = tuple[Caption, Caption]


def make_task(seed: int, split: Split) -> Task:
    """Return the first picture of the pair for a seed, with both captions."""
    return make_pair(seed, split)[0]


def make_pair(seed: int, split: Split) -> tuple[Task, Task]:
    """Return the two pictures of a pair, each with its true caption and the other one."""
    rng = generator(seed, split, "composition")
    family = rng.choice(tuple(FAMILIES))
    while True:
        with suppress(NoSceneError):
            first, second = FAMILIES[family](rng, split)
            return _task(family, seed, first, second), _task(family, seed, second, first)


def _task(family: str, seed: int, right: Caption, wrong: Caption) -> Task:
    return Task(
        "composition",
        family,
        seed,
        right.text,
        {"IMAGE": right.scene},
        right.program,
        answer=True,
        other=wrong.text,
        other_program=wrong.program,
    )


def _relation(rng: random.Random, split: Split) -> _Pair:
    first = choose_noun(rng, split, kinds=0, single=True)
    second = choose_noun(rng, split, [first], kinds=0, single=True)
    side, words = rng.choice(
        (
            (TOP, rng.choice(("above", "above", "over"))),
            (BOTTOM, rng.choice(("below", "below", "under"))),
            (LEFT, rng.choice(("to the left of", "left of"))),
            (RIGHT, rng.choice(("to the right of", "right of"))),
        )
    )
    builder = SceneBuilder(rng, split, [first, second])
    builder.add(first)
    builder.add(second)
    builder.add_others(2)

    def is_on_side(scene: Scene, this: Noun, that: Noun) -> bool:
        """Return whether this is on the side of that, and that is not on the side of this."""
        return (
            is_whole(scene, this)
            and is_whole(scene, that)
            and beyond(scene, this, side, the_only(scene, that)) == (the_only(scene, this),)
            and beyond(scene, that, side, the_only(scene, this)) == ()
        )

    def both_ways(scene: Scene) -> bool:
        exchanged = _exchanged(scene, first, second)
        return (
            is_on_side(scene, first, second) and is_clear(exchanged) and is_on_side(exchanged, second, first)
        )

    scene = builder.build(both_ways)
    wording = rng.randrange(7)

    def caption(this: Noun, that: Noun, scene: Scene) -> Caption:
        text = (
            f"{one(this)} {words} {one(that)}",
            f"there is {one(this)} {words} {one(that)}",
            f"a picture of {one(this)} {words} {one(that)}",
            f"{one(this)} is {words} {one(that)}",
            f"the {this} is {words} the {that}",
            f"one sees {one(this)} {words} {one(that)}",
            f"{words} {one(that)} there is {one(this)}",
        )[wording]
        draft = Draft()
        part = draft.crop("IMAGE", draft.find("IMAGE", that), side.crop)
        found = draft.evaluate(f"{{{draft.count(part, this)}}} > 0")
        return Caption(text, scene, draft.text_with_result(found))

    return caption(first, second, scene), caption(second, first, _exchanged(scene, first, second))


def _exchanged(scene: Scene, first: Noun, second: Noun) -> Scene:
    """Return the scene with the positions of two things exchanged."""
    one, other = the_only(scene, first), the_only(scene, second)
    exchanged = {one: other._replace(box=one.box), other: one._replace(box=other.box)}
    return Scene(
        scene.width, scene.height, scene.ground, tuple(exchanged.get(thing, thing) for thing in scene.things)
    )


def _binding(rng: random.Random, split: Split) -> _Pair:
    first = choose_coloured(rng, split)
    second = choose_coloured(rng, split, [first])
    swapped = Noun(first.name, second.colour), Noun(second.name, first.colour)
    if first.colour == second.colour or not all(_comes_in(noun, split) for noun in swapped):
        raise NoSceneError
    builder = SceneBuilder(rng, split, [Noun(first.name), Noun(second.name)])
    builder.add(first)
    builder.add(second)
    builder.add_others(2)
    scene = builder.build()
    colours = {first.name: second.colour, second.name: first.colour}
    things = tuple(thing._replace(colour=colours.get(thing.category, thing.colour)) for thing in scene.things)
    wording = rng.randrange(6)

    def caption(this: Noun, that: Noun, scene: Scene) -> Caption:
        text = (
            f"{one(this)} and {one(that)}",
            f"there is {one(this)} and {one(that)}",
            f"a picture of {one(this)} and {one(that)}",
            f"the {this.name} is {this.colour} and the {that.name} is {that.colour}",
            f"one sees {one(this)} and {one(that)}",
            f"{one(this)} in the same picture as {one(that)}",
        )[wording]
        draft = Draft()
        found = ask_for_colour(draft, "IMAGE", this), ask_for_colour(draft, "IMAGE", that)
        same = f"{{{found[0]}}} == '{this.colour}' and {{{found[1]}}} == '{that.colour}'"
        return Caption(text, scene, draft.text_with_result(draft.evaluate(same)))

    exchanged = Scene(scene.width, scene.height, scene.ground, things)
    return caption(first, second, scene), caption(*swapped, exchanged)


def _comes_in(noun: Noun, split: Split) -> bool:
    return noun.colour in CATEGORIES[noun.name].colours and (split == "test" or not is_held_out(*noun))


def _numbers(rng: random.Random, split: Split) -> _Pair:
    first = choose_noun(rng, split, kinds=0)
    second = choose_noun(rng, split, [first], kinds=0)
    few, many = rng.choice(((1, 2), (1, 2), (1, 3), (2, 3)))
    builder = SceneBuilder(rng, split, [first, second])
    builder.add(first, few)
    builder.add(second, many)
    builder.add_others(1)
    scene = builder.build()
    recast = {first.name: second.name, second.name: first.name}
    things = tuple(
        thing._replace(
            category=recast[thing.category], colour=choose_colour(rng, recast[thing.category], split)
        )
        if thing.category in recast
        else thing
        for thing in scene.things
    )
    exchanged = Scene(scene.width, scene.height, scene.ground, things)
    if not is_clear(exchanged):
        raise NoSceneError
    wording = rng.randrange(6)

    def caption(less: Noun, more: Noun, scene: Scene) -> Caption:
        amounts = [(few, less), (many, more)]
        if less == second:
            amounts.reverse()
        amounts_text = " and ".join(counted(number, noun) for number, noun in amounts)
        verb = are(amounts[0][0])
        text = (
            amounts_text,
            f"there {verb} {amounts_text}",
            f"a picture of {amounts_text}",
            f"one sees {amounts_text}",
            f"the picture shows {amounts_text}",
            f"{amounts_text} in one picture",
        )[wording]
        draft = Draft()
        found = [draft.count("IMAGE", noun) for _, noun in amounts]
        same = " and ".join(
            f"{{{answer}}} == {number}" for answer, (number, _) in zip(found, amounts, strict=True)
        )
        return Caption(text, scene, draft.text_with_result(draft.evaluate(same)))

    return caption(first, second, scene), caption(second, first, exchanged)


FAMILIES: dict[str, Callable[[random.Random, Split], _Pair]] = {
    "relation": _relation,
    "binding": _binding,
    "numbers": _numbers,
}
"""The differences between the pictures of a pair: positions, colours, or numbers of things."""
