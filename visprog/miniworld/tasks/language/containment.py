"""Questions about things inside a part of the picture: a kind of stuff, or a half."""

from __future__ import annotations

import random
from typing import NamedTuple

from visprog.miniworld.catalogue import STUFF, Box
from visprog.miniworld.drawing import DrawnScene, bounds, draw
from visprog.miniworld.scene import Scene, Split
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.language.question import Family, Question
from visprog.miniworld.tasks.question import yes_no
from visprog.miniworld.tasks.scene_building import (
    ALL_SIDES,
    SceneBuilder,
    choose_noun,
    is_whole,
    sprite_box,
)
from visprog.miniworld.tasks.wording import Noun, choose_wording, one, some

_WITHIN, _OUTSIDE = 0.97, 0.75
"""Minimum share of a thing that is inside, and maximum share of one that is not. The rest is in doubt."""

_ON_STUFF, _OFF_STUFF = 0.95, 0.3
"""The same for the thing's pixels that are in front of a kind of stuff."""

_WORDS = {
    "sky": "in the sky",
    "sea": "in the sea",
    "grass": "on the grass",
    "desert": "in the desert",
    "snow": "in the snow",
    "road": "on the road",
    "brick wall": "on the brick wall",
    "wooden floor": "on the wooden floor",
    "gravel": "on the gravel",
}


class Place(NamedTuple):
    """A part of the picture: its words, its name, and whether it is a half or a kind of stuff."""

    words: str
    name: str
    is_half: bool


def _inside(rng: random.Random, split: Split) -> Question:
    place, noun = _choose_place(rng), choose_noun(rng, split)
    number, counted = rng.choice((0, 1, 1, 2)), rng.random() < 0.5
    builder = SceneBuilder(rng, split, [noun])
    builder.add(noun, number + rng.choice((1, 1, 2)))
    builder.add_others(2)
    scene = builder.build(
        lambda scene: is_whole(scene, noun) and _number_inside(scene, noun, place) == number
    )
    draft = Draft()
    things = draft.find("IMAGE", noun)
    container = draft.find("IMAGE", place.name) if place.is_half else draft.find_stuff("IMAGE", place.name)
    found = draft.number(draft.relate(things, "inside", container))
    if counted:
        text = choose_wording(rng, *_how_many(noun, place.words))
        return Question(text, {"IMAGE": scene}, str(number), draft.text_with_result(found))
    text, answer = choose_wording(rng, *_any(noun, place.words)), draft.yes_if(f"{{{found}}} > 0")
    return Question(text, {"IMAGE": scene}, yes_no(number > 0), draft.text_with_result(answer))


def _choose_place(rng: random.Random) -> Place:
    if rng.random() < 0.5:
        kind = rng.choice(STUFF)
        return Place(_WORDS[kind], kind, is_half=False)
    side, completely = rng.choice(ALL_SIDES).name, choose_wording(rng, "completely", "entirely", "fully")
    return Place(f"{completely} inside the {side.lower()} half of the picture", side, is_half=True)


def _how_many(noun: Noun, where: str) -> tuple[str, ...]:
    return (
        f"How many {some(noun)} are {where}?",
        f"How many {some(noun)} are there {where}?",
        f"How many {some(noun)} can you see {where}?",
        f"Count the {some(noun)} {where}.",
        f"How many {some(noun)} do you see {where}?",
        f"What is the number of {some(noun)} {where}?",
    )


def _any(noun: Noun, where: str) -> tuple[str, ...]:
    return (
        f"Is there {one(noun)} {where}?",
        f"Are there any {some(noun)} {where}?",
        f"Is {one(noun)} {where}?",
        f"Do you see {one(noun)} {where}?",
        f"Can you see any {some(noun)} {where}?",
        f"Does the picture show {one(noun)} {where}?",
    )


def _number_inside(scene: Scene, noun: Noun, place: Place) -> int | None:
    """Return the number of uncovered things inside the place; None if one of them is in doubt."""
    things = [number for number, thing in enumerate(scene.things) if noun.fits(thing)]
    if place.is_half:
        half = _half(scene, place.name)
        inside = [_within(sprite_box(scene.things[number]), half) for number in things]
    elif place.name in (*scene.ground.kinds, scene.ground.pond):
        drawn = draw(scene)
        inside = [_on_stuff(drawn, number, place.name) for number in things]
    else:
        return None
    return None if None in inside else inside.count(True)


def _half(scene: Scene, side: str) -> Box:
    width, height = scene.width, scene.height
    return {
        "LEFT": (0, 0, width / 2, height),
        "RIGHT": (width / 2, 0, width, height),
        "TOP": (0, 0, width, height / 2),
        "BOTTOM": (0, height / 2, width, height),
    }[side]


def _on_stuff(drawn: DrawnScene, number: int, kind: str) -> bool | None:
    """Return whether a thing is on a kind of stuff, if its pixels and its box agree; otherwise None."""
    share = float((drawn.ground[drawn.mask(number)] == STUFF.index(kind)).mean())
    by_box = _within(drawn.box(number), bounds(drawn.stuff(kind)))
    by_pixels = True if share >= _ON_STUFF else False if share <= _OFF_STUFF else None
    return by_box if by_box is by_pixels else None


def _within(box: Box, place: Box) -> bool | None:
    """Return whether a box is inside a place, or None if it is in doubt."""
    width = min(box[2], place[2]) - max(box[0], place[0])
    height = min(box[3], place[3]) - max(box[1], place[1])
    share = max(width, 0) * max(height, 0) / ((box[2] - box[0]) * (box[3] - box[1]))
    return True if share >= _WITHIN else False if share <= _OUTSIDE else None


FAMILIES: dict[str, Family] = {"inside": _inside}
