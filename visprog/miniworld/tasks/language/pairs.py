"""Questions about two pictures, LEFT and RIGHT, that programs treat as a list."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from visprog.miniworld.scene import Scene, Split
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.language.question import Family, Question
from visprog.miniworld.tasks.question import yes_no
from visprog.miniworld.tasks.scene_building import (
    SceneBuilder,
    choose_coloured,
    choose_noun,
    is_whole,
    other_colour,
)
from visprog.miniworld.tasks.wording import Noun, ask_colour, choose_wording, one, some

_BOTH = "[LEFT, RIGHT]"


def _pair(rng: random.Random, split: Split) -> Question:
    form: Family = rng.choice((_presence, _presence, _same_colour, _number))
    return form(rng, split)


def _presence(rng: random.Random, split: Split) -> Question:
    noun, truth = choose_noun(rng, split), rng.random() < 0.5
    form = rng.choice(tuple(_TESTS))
    numbers = rng.choice([each for each in _NUMBERS if _IS_TRUE[form](each) == truth])
    it, them = one(noun), some(noun)
    text = choose_wording(
        rng,
        *{
            "both": (
                f"Is there {it} in both pictures?",
                f"Do both pictures show {it}?",
                f"Are there {them} in both images?",
                f"Does each of the two pictures show {it}?",
                f"Can you see {it} in each picture?",
            ),
            "either": (
                f"Is there {it} in either picture?",
                f"Is there {it} in at least one of the pictures?",
                f"Does either of the two pictures show {it}?",
                f"Does at least one image show {it}?",
                f"Are there {them} in either of the two images?",
            ),
            "neither": (
                f"Is it true that neither picture shows {it}?",
                f"Is there {it} in neither of the pictures?",
                f"Are both pictures without {them}?",
                f"Is it true that there is {it} in neither image?",
                f"Are there {them} in neither of the two images?",
            ),
            "one": (
                f"Is there {it} in exactly one of the pictures?",
                f"Does exactly one of the two pictures show {it}?",
                f"Is there {it} in only one of the two pictures?",
                f"Does only one image show {it}?",
                f"Are there {them} in exactly one of the two images?",
            ),
        }[form],
    )
    draft = Draft()
    counts = draft.number_each(draft.find_in_each(_BOTH, noun))
    answer = draft.yes_if(_TESTS[form].replace("{}", f"{{{counts}}}"))
    return Question(text, _scenes(rng, split, noun, numbers), yes_no(truth), draft.text_with_result(answer))


_NUMBERS = ((0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1))

_TESTS = {
    "both": "all({})",
    "either": "any({})",
    "neither": "not any({})",
    "one": "count({}, 0) == 1",
}

_IS_TRUE: dict[str, Callable[[Sequence[int]], bool]] = {
    "both": all,
    "either": any,
    "neither": lambda numbers: not any(numbers),
    "one": lambda numbers: list(map(bool, numbers)).count(True) == 1,
}


def _scenes(rng: random.Random, split: Split, noun: Noun, numbers: Sequence[int]) -> Mapping[str, Scene]:
    return {
        name: _scene(rng, split, noun, [noun] * number)
        for name, number in zip(("LEFT", "RIGHT"), numbers, strict=True)
    }


def _scene(rng: random.Random, split: Split, noun: Noun, things: Sequence[Noun]) -> Scene:
    """Return a scene with these things, and other things that the noun does not match."""
    builder = SceneBuilder(rng, split, [noun])
    for thing in things:
        builder.add(thing)
    builder.add_others(3)
    return builder.build(lambda scene: is_whole(scene, noun) and bool(scene.things))


def _same_colour(rng: random.Random, split: Split) -> Question:
    first, truth = choose_coloured(rng, split), rng.random() < 0.5
    second = first if truth else Noun(first.name, other_colour(rng, split, first))
    noun = Noun(first.name)
    several = some(noun)
    colour = choose_wording(rng, "color", "colour")
    text = choose_wording(
        rng,
        f"Do the {several} in the two pictures have the same {colour}?",
        f"Does the {noun} have the same {colour} in both pictures?",
        f"Is the {noun} in the left picture of the same {colour} as the {noun} in the right picture?",
        f"Are the {several} in the two images of the same {colour}?",
        f"Is the {colour} of the {noun} the same in both pictures?",
    )
    draft = Draft()
    crops = draft.crop_from_each(_BOTH, draft.find_in_each(_BOTH, noun))
    answers = draft.ask_each(crops, ask_colour(noun.name))
    answer = draft.yes_if(f"{{{answers}}}[0] == {{{answers}}}[1]")
    scenes = {name: _scene(rng, split, noun, [each]) for name, each in (("LEFT", first), ("RIGHT", second))}
    return Question(text, scenes, yes_no(truth), draft.text_with_result(answer))


def _number(rng: random.Random, split: Split) -> Question:
    noun, compared = choose_noun(rng, split), rng.random() < 0.5
    numbers = rng.randint(0, 3), rng.randint(0, 3)
    scenes, several = _scenes(rng, split, noun, numbers), some(noun)
    draft = Draft()
    counts = draft.number_each(draft.find_in_each(_BOTH, noun))
    if not compared:
        text = choose_wording(
            rng,
            f"How many {several} are there in the two pictures together?",
            f"How many {several} do the two pictures show in total?",
            f"How many {several} are in both pictures together?",
            f"What is the total number of {several} in the two images?",
            f"Count the {several} in the two pictures.",
        )
        answer, total = draft.evaluate(f"sum({{{counts}}})"), str(sum(numbers))
        return Question(text, scenes, total, draft.text_with_result(answer))
    text = choose_wording(
        rng,
        f"Are there more {several} in the left picture than in the right picture?",
        f"Does the left picture show more {several} than the right picture?",
        f"Are there more {several} in the left image than in the right one?",
        f"Do you see more {several} in the left picture than in the right one?",
        f"Is the number of {several} in the left picture higher than in the right picture?",
    )
    answer = draft.yes_if(f"{{{counts}}}[0] > {{{counts}}}[1]")
    return Question(text, scenes, yes_no(numbers[0] > numbers[1]), draft.text_with_result(answer))


FAMILIES: dict[str, Family] = {"two pictures by a list": _pair}
