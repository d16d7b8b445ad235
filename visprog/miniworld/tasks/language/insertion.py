"""Questions for which programs insert an answer into a later text: `object='{ANSWER0}'`."""

from __future__ import annotations

import random
from collections.abc import Sequence

from visprog.miniworld.catalogue import CATEGORIES, categories_of
from visprog.miniworld.scene import Scene, Split
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.language.geometry import outermost
from visprog.miniworld.tasks.language.group import VARIED_KINDS
from visprog.miniworld.tasks.language.question import Family, Question
from visprog.miniworld.tasks.question import yes_no
from visprog.miniworld.tasks.scene_building import (
    LEFT,
    RIGHT,
    NoSceneError,
    SceneBuilder,
    choose_coloured,
    choose_noun,
    is_whole,
    other_colour,
)
from visprog.miniworld.tasks.wording import Noun, ask_colour, ask_what, choose_wording, some


def _inserted(rng: random.Random, split: Split) -> Question:
    return rng.choice((_colour_of_named, _of_same_colour, _of_same_sort, _also_in_other_picture))(rng, split)


def _colour_of_named(rng: random.Random, split: Split) -> Question:
    """Ask for the colour of the first thing of a kind from a side. The program asks for its name first."""
    chosen, side = choose_coloured(rng, split, least=1), rng.choice((LEFT, RIGHT))
    kind = Noun(CATEGORIES[chosen.name].kinds[-1])
    if kind.name not in VARIED_KINDS:
        raise NoSceneError
    builder = SceneBuilder(rng, split, [Noun(chosen.name)])
    builder.add(chosen)
    for _ in range(rng.randint(1, 2)):
        builder.add(kind)

    def accept(scene: Scene) -> bool:
        things = [thing for thing in scene.things if kind.fits(thing)]
        first = outermost(scene, things, side)
        if first is None or first.category != chosen.name or not is_whole(scene, kind):
            return False
        return [thing.colour for thing in things].count(chosen.colour) == 1

    scene = builder.build(accept)
    the, colour = f"the {side.name.lower()}most {kind}", choose_wording(rng, "color", "colour")
    text = choose_wording(
        rng,
        f"What {colour} is {the}?",
        f"What is the {colour} of {the}?",
        f"Which {colour} does {the} have?",
        f"What {colour} is {the} in the picture?",
        f"Tell me the {colour} of {the}.",
        f"What {colour} does {the} have?",
    )
    draft = Draft()
    picture = draft.crop("IMAGE", draft.pick(draft.find("IMAGE", kind), side.name.lower()))
    found = draft.ask(picture, ask_what(kind.name))
    answer = draft.ask(picture, ask_colour(f"{{{found}}}"))
    return Question(text, {"IMAGE": scene}, chosen.colour or "", draft.text_with_result(answer))


def _of_same_colour(rng: random.Random, split: Split) -> Question:
    """Ask how many things of a name have the colour of another thing."""
    model = choose_coloured(rng, split)
    noun = choose_coloured(rng, split, [model], colour=model.colour)
    if noun.colour != model.colour:
        raise NoSceneError
    number = rng.randint(0, 3)
    builder = SceneBuilder(rng, split, [Noun(model.name), Noun(noun.name)])
    builder.add(model)
    builder.add(noun, number)
    builder.add(Noun(noun.name, other_colour(rng, split, noun)), rng.randint(int(not number), 2))
    builder.add_others(1)
    scene = builder.build(
        lambda scene: is_whole(scene, Noun(model.name)) and is_whole(scene, Noun(noun.name))
    )
    several, the, colour = some(Noun(noun.name)), f"the {model.name}", choose_wording(rng, "color", "colour")
    text = choose_wording(
        rng,
        f"How many {several} have the same {colour} as {the}?",
        f"How many {several} have the {colour} of {the}?",
        f"How many {several} are of the same {colour} as {the}?",
        f"Count the {several} that have the same {colour} as {the}.",
        f"How many of the {several} have the same {colour} as {the}?",
        f"What is the number of {several} that have the {colour} of {the}?",
    )
    draft = Draft()
    found = draft.ask(draft.crop("IMAGE", draft.find("IMAGE", Noun(model.name))), ask_colour(model.name))
    answer = draft.count("IMAGE", Noun(f"{{{found}}} {noun.name}"))
    return Question(text, {"IMAGE": scene}, str(number), draft.text_with_result(answer))


def _of_same_sort(rng: random.Random, split: Split) -> Question:
    """Ask how many things have the name of the leftmost or rightmost one."""
    kind, side = Noun(rng.choice(VARIED_KINDS)), rng.choice((LEFT, RIGHT))
    same = Noun(rng.choice(categories_of(kind.name)))
    number = rng.randint(1, 3)
    builder = SceneBuilder(rng, split, [same])
    builder.add(same, number)
    for _ in range(rng.randint(1, 2)):
        builder.add(kind)

    def accept(scene: Scene) -> bool:
        first = outermost(scene, [thing for thing in scene.things if kind.fits(thing)], side)
        return first is not None and first.category == same.name and is_whole(scene, kind)

    scene = builder.build(accept)
    which, several = f"the {side.name.lower()}most {kind}", some(kind)
    text = choose_wording(
        rng,
        f"How many {several} are of the same kind as {which}, which counts too?",
        f"How many {several} of the same kind as {which} are there, including that one?",
        f"Including {which}, how many {several} of its kind are there?",
        f"How many {several} are of the same sort as {which}, itself included?",
        f"Count the {several} of the same kind as {which}, including that one.",
        f"With {which} included, how many {several} of that kind are in the picture?",
    )
    draft = Draft()
    first = draft.pick(draft.find("IMAGE", kind), side.name.lower())
    found = draft.ask(draft.crop("IMAGE", first), ask_what(kind.name))
    answer = draft.count("IMAGE", Noun(f"{{{found}}}"))
    return Question(text, {"IMAGE": scene}, str(number), draft.text_with_result(answer))


def _also_in_other_picture(rng: random.Random, split: Split) -> Question:
    """Ask whether the only thing of a kind in one picture is also in the other picture."""
    kind, truth = Noun(rng.choice(VARIED_KINDS)), rng.random() < 0.5
    same, (here, there) = Noun(rng.choice(categories_of(kind.name))), rng.sample(("LEFT", "RIGHT"), 2)
    scenes = {
        here: _scene_with(rng, split, kind, same, [same]),
        there: _scene_with(rng, split, kind, same, [same] * truth + [kind] * rng.randint(1, 2)),
    }
    shown, asked = f"the {here.lower()} picture", f"the {there.lower()} picture"
    text = choose_wording(
        rng,
        f"Is the {kind} of {shown} also in {asked}?",
        f"Does {asked} also show the {kind} that is in {shown}?",
        f"Is there the same kind of {kind} in {asked} as in {shown}?",
        f"Does {asked} show a {kind} of the same kind as {shown}?",
        f"Can you see the {kind} of {shown} in {asked} too?",
        f"Is the {kind} in {shown} of the same kind as one in {asked}?",
    )
    draft = Draft()
    found = draft.ask(draft.crop(here, draft.find(here, kind)), ask_what(kind.name))
    answer = draft.yes_if(f"{{{draft.count(there, Noun(f'{{{found}}}'))}}} > 0")
    return Question(text, scenes, yes_no(truth), draft.text_with_result(answer))


def _scene_with(rng: random.Random, split: Split, kind: Noun, same: Noun, things: Sequence[Noun]) -> Scene:
    """Return a scene with these things, and others that are not of the kind. `same` has its own name."""
    builder = SceneBuilder(rng, split, [same])
    for thing in things:
        builder.add(thing)
    for _ in range(rng.randint(0, 2)):
        builder.add(choose_noun(rng, split, [kind]))
    return builder.build(lambda scene: is_whole(scene, kind))


FAMILIES: dict[str, Family] = {"text from an answer": _inserted}
