"""Questions about the things that do not have a property: cars that are not red."""

from __future__ import annotations

import random

from visprog.miniworld.scene import Split
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.language.property import Property, choose_property, scene_with
from visprog.miniworld.tasks.language.question import Family, Question
from visprog.miniworld.tasks.question import yes_no
from visprog.miniworld.tasks.wording import choose_place, choose_wording, one, some


def _not(rng: random.Random, split: Split) -> Question:
    own = choose_property(rng, split)
    other, counted = rng.choice((0, 1, 1, 2, 2, 3)), rng.random() < 0.6
    scene = scene_with(rng, split, own, rng.randint(int(not other), 2), other)
    draft = Draft()
    things = draft.find("IMAGE", own.noun)
    if own.fitting.colour is None or rng.random() < 0.5:
        left = draft.without(things, draft.find("IMAGE", own.fitting))
    else:
        left = draft.without_fitting("IMAGE", things, own.fitting)
    found, where = draft.number(left), choose_place(rng)
    if counted:
        text = choose_wording(rng, *_how_many(own, where))
        return Question(text, {"IMAGE": scene}, str(other), draft.text_with_result(found))
    text, answer = choose_wording(rng, *_any(own, where)), draft.yes_if(f"{{{found}}} > 0")
    return Question(text, {"IMAGE": scene}, yes_no(other > 0), draft.text_with_result(answer))


def _how_many(own: Property, where: str) -> tuple[str, ...]:
    several, many = some(own.noun), own.of_many
    return (
        f"How many {several} are not {many}?",
        f"How many of the {several} are not {many}?",
        f"How many {several} {where} are not {many}?",
        f"How many {several} are there that are not {many}?",
        f"Count the {several} that are not {many}.",
        f"How many {several} other than the {many if not own.fitting.colour else many + ' ones'} are there?",
    )


def _any(own: Property, where: str) -> tuple[str, ...]:
    noun, several, is_one, many = own.noun, some(own.noun), own.of_one, own.of_many
    return (
        f"Is there {one(noun)} that is not {is_one}?",
        f"Are there any {several} that are not {many}?",
        f"Do you see {one(noun)} that is not {is_one}?",
        f"Is there {one(noun)} {where} that is not {is_one}?",
        f"Can you see any {several} that are not {many}?",
        f"Does the picture show {one(noun)} that is not {is_one}?",
    )


FAMILIES: dict[str, Family] = {"difference: not": _not}
