"""Questions about each of several things: whether all or any have a property, and how many have it."""

from __future__ import annotations

import random

from visprog.miniworld.scene import Scene, Split
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.language.property import Property, choose_property, scene_with
from visprog.miniworld.tasks.language.question import Family, Question
from visprog.miniworld.tasks.question import yes_no
from visprog.miniworld.tasks.wording import choose_place, choose_wording, some


def _all_or_any(rng: random.Random, split: Split) -> Question:
    own, truth = choose_property(rng, split), rng.random() < 0.5
    form, total = rng.choice(("all", "any", "none")), rng.randint(2, 4)
    fitting = {
        ("all", True): total,
        ("all", False): rng.randint(0, total - 1),
        ("any", True): rng.randint(1, total),
        ("any", False): 0,
        ("none", True): 0,
        ("none", False): rng.randint(1, total),
    }[form, truth]
    scene = scene_with(rng, split, own, fitting, total - fitting)
    text = choose_wording(rng, *_all_or_any_wordings(form, own, choose_place(rng)))
    draft = Draft()
    if own.fitting.colour:
        _, answers = _ask_each(draft, own, own.closed_question)
        test = {"all": "all({})", "any": "any({})", "none": "not any({})"}[form]
    else:
        _, answers = _ask_each(draft, own, own.question)
        test = {"all": "count({}, '_') == count({})", "any": "'_' in {}", "none": "'_' not in {}"}[form]
    answer = draft.yes_if(test.replace("{}", f"{{{answers}}}").replace("_", own.value))
    return Question(text, {"IMAGE": scene}, yes_no(truth), draft.text_with_result(answer))


def _all_or_any_wordings(form: str, own: Property, where: str) -> tuple[str, ...]:
    noun, several, one, many = own.noun, some(own.noun), own.of_one, own.of_many
    return {
        "all": (
            f"Is every {noun} {one}?",
            f"Are all {several} {many}?",
            f"Are all of the {several} {many}?",
            f"Is each {noun} {one}?",
            f"Is every {noun} {where} {one}?",
            f"Is each of the {several} {one}?",
        ),
        "any": (
            f"Is any {noun} {one}?",
            f"Are any of the {several} {many}?",
            f"Is at least one of the {several} {one}?",
            f"Is any of the {several} {one}?",
            f"Is at least one {noun} {where} {one}?",
            f"Is any {noun} {where} {one}?",
        ),
        "none": (
            f"Are none of the {several} {many}?",
            f"Is none of the {several} {one}?",
            f"Is it true that none of the {several} {where} is {one}?",
            f"Is no {noun} {one}?",
            f"Is it true that no {noun} is {one}?",
            f"Is it right that no {noun} {where} is {one}?",
        ),
    }[form]


def _how_many(rng: random.Random, split: Split) -> Question:
    own = choose_property(rng, split)
    fitting, other = rng.randint(0, 3), rng.randint(0, 2)
    scene = scene_with(rng, split, own, fitting, other or (not fitting))
    if rng.random() < 0.25:
        return _how_many_different(rng, own, scene)
    several, many, where = some(own.noun), own.of_many, choose_place(rng)
    text = choose_wording(
        rng,
        f"How many of the {several} are {many}?",
        f"How many of the {several} {where} are {many}?",
        f"Of the {several}, how many are {many}?",
        f"How many of these {several} are {many}?",
        f"Out of all the {several}, how many are {many}?",
        f"Count how many of the {several} are {many}.",
    )
    draft = Draft()
    if own.fitting.colour is None or rng.random() < 0.5:
        _, answers = _ask_each(draft, own, own.question)
        found = draft.evaluate(f"count({{{answers}}}, '{own.value}')")
    else:
        boxes, answers = _ask_each(draft, own, own.closed_question)
        found = draft.number(draft.keep(boxes, answers))
    return Question(text, {"IMAGE": scene}, str(fitting), draft.text_with_result(found))


def _how_many_different(rng: random.Random, own: Property, scene: Scene) -> Question:
    values = {own.value_of(thing) for thing in scene.things if own.noun.fits(thing)}
    several, where = some(own.noun), choose_place(rng)
    colours = choose_wording(rng, "colors", "colours")
    wordings = (
        (
            f"How many different {colours} do the {several} have?",
            f"How many {colours} do the {several} have?",
            f"In how many different {colours} do the {several} {where} come?",
        )
        if own.fitting.colour
        else (
            f"How many different kinds of {several} are {where}?",
            f"How many kinds of {several} are there {where}?",
            f"How many different sorts of {several} can you see {where}?",
        )
    )
    draft = Draft()
    _, answers = _ask_each(draft, own, own.question)
    found = draft.evaluate(f"count(unique({{{answers}}}))")
    return Question(
        choose_wording(rng, *wordings), {"IMAGE": scene}, str(len(values)), draft.text_with_result(found)
    )


def _ask_each(draft: Draft, own: Property, question: str) -> tuple[str, str]:
    """Add the steps that ask a question about each thing. Return the found things and the answers."""
    boxes = draft.find("IMAGE", own.noun)
    return boxes, draft.ask_each(draft.crop_each("IMAGE", boxes), question)


FAMILIES: dict[str, Family] = {"each: all, any": _all_or_any, "each: how many": _how_many}
