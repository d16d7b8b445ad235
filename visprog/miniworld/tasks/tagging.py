"""Tagging tasks: things to label with their names, some of which need knowledge to find."""

from __future__ import annotations

import random
from collections.abc import Sequence

from visprog.miniworld.captions import NUMBERS
from visprog.miniworld.catalogue import KINDS, categories_of, plural_of
from visprog.miniworld.drawing import draw
from visprog.miniworld.knowledge import FACTS
from visprog.miniworld.scene import Scene, Split, generator
from visprog.miniworld.tasks.scene_building import (
    NoSceneError,
    SceneBuilder,
    choose_coloured,
    choose_noun,
    other_colour,
)
from visprog.miniworld.tasks.task import Tag, Task
from visprog.miniworld.tasks.wording import NAMED_KINDS, PLURAL_ONLY, Noun, fill, is_bank_instruction

_MASS = frozenset({"food"})
"""Mass nouns: "it" replaces them for any amount."""

_MANY = (
    "Tag {what}",
    "Label {what}",
    "Mark {what} with {names}",
    "Put {names} on {what}",
    "Write {names} next to {what}",
    "Find {what} and tag {them}",
    "Draw boxes with labels around {what}",
    "Show with labels where {what} {are}",
    "Add name tags to {what}",
    "Attach {names} to {what}",
    "Please tag {what} in the picture",
    "Point out {what} with a labeled box",
)
_ONE = (
    "Tag {what}",
    "Label {what}",
    "Mark {what} with its name",
    "Put a name tag on {what}",
    "Write its name next to {what}",
    "Find {what} and tag it",
    "Draw a box with a label around {what}",
    "Show with a label where {what} is",
    "Please tag {what} in the picture",
    "Point out {what} with a labeled box",
)
_OWN_NAMES = (
    "Tag every {kind} with its name",
    "Label each {kind} by what it is",
    "Tag all {kinds} with what they are",
    "Write on every {kind} what it is",
    "Put the right name on each {kind}",
    "Name every {kind} in the picture",
    "Tell the {kinds} apart with tags",
    "Tag each {kind} with its kind",
)
_OWN_NAMES_OF_FOOD = (
    "Tag all the food with its name",
    "Label all food by what it is",
    "Write on the food what it is",
    "Put the right name on all food",
    "Name all the food in the picture",
    "Tag the food with its kind",
)
"""Templates of instructions, with places for the things to tag."""


def make_task(seed: int, split: Split) -> Task:
    """Return the tagging task for a seed."""
    rng = generator(seed, split, "knowtag")
    families = {"knowledge": _knowledge, "names": _names, "things": _things, "coloured": _coloured}
    while True:
        (family,) = rng.choices(tuple(families), (5, 2, 3, 2))
        try:
            instruction, scene, program, tags = families[family](rng, split)
        except NoSceneError:
            continue
        if not is_bank_instruction(instruction):
            return Task("knowtag", family, seed, instruction, {"IMAGE": scene}, program, tags=tags)


_Parts = tuple[str, Scene, str, tuple[Tag, ...]]
"""An instruction, its picture, the program, and the tags."""


def _knowledge(rng: random.Random, split: Split) -> _Parts:
    """Tag the things of a kind with a known property: "the animals that can fly"."""
    fact = rng.choice(FACTS)
    fitting = [Noun(name) for name in fact.names]
    others = [Noun(name) for name in categories_of(fact.kind) if name not in fact.names]
    builder = SceneBuilder(rng, split, fitting)
    for noun in rng.sample(fitting, min(rng.choice((1, 2, 2, 3)), len(fitting))):
        builder.add(noun, rng.choice((1, 1, 2)))
    for noun in rng.sample(others, min(rng.choice((0, 1, 1, 2)), len(others))):
        builder.add(noun)
    builder.add_others(2)
    scene = builder.build()
    query = rng.choice(fact.queries)
    instruction = _instruct(rng, f"{rng.choice(('the', 'the', 'all', 'all the'))} {query}", fact.kind, 2)
    program = f"""\
LIST0=List(query='{query}', max=20)
OBJ0=Loc(image=IMAGE, object=LIST0)
IMAGE0=Tag(image=IMAGE, object=OBJ0)
RESULT=IMAGE0"""
    return instruction, scene, program, _tags(scene, fitting)


def _names(rng: random.Random, split: Split) -> _Parts:
    """Tag all things of a kind with the names of their categories."""
    kind = rng.choice([kind for kind in NAMED_KINDS if len(categories_of(kind)) <= 20])
    noun = Noun(kind)
    builder = SceneBuilder(rng, split, [noun])
    builder.add(noun, rng.randint(1, 4))
    builder.add_others(3)
    scene = builder.build()
    wording = rng.choice(_OWN_NAMES_OF_FOOD if kind in _MASS else _OWN_NAMES)
    program = f"""\
OBJ0=Loc(image=IMAGE, object='{kind}')
LIST0=List(query='kinds of {kind}', max=20)
OBJ1=Classify(image=IMAGE, object=OBJ0, categories=LIST0, unique=False)
IMAGE0=Tag(image=IMAGE, object=OBJ1)
RESULT=IMAGE0"""
    instruction = fill(wording, kind=kind, kinds=KINDS[kind])
    return instruction, scene, program, _tags(scene, [Noun(name) for name in categories_of(kind)])


def _things(rng: random.Random, split: Split) -> _Parts:
    """Tag all things with a name: "the dogs", "all the people", "the two birds"."""
    noun = choose_noun(rng, split, kinds=0.4)
    number = rng.randint(1, 4)
    builder = SceneBuilder(rng, split, [noun])
    builder.add(noun, number)
    builder.add_others(4)
    scene = builder.build()
    program = f"""\
OBJ0=Loc(image=IMAGE, object='{noun}')
IMAGE0=Tag(image=IMAGE, object=OBJ0)
RESULT=IMAGE0"""
    return _instruct(rng, _phrase(rng, noun, number), noun.name, number), scene, program, _tags(scene, [noun])


def _coloured(rng: random.Random, split: Split) -> _Parts:
    """Tag the things with a name and a colour. Others have the name but not the colour."""
    noun = choose_coloured(rng, split)
    number = rng.randint(1, 3)
    builder = SceneBuilder(rng, split, [noun])
    builder.add(noun, number)
    for _ in range(rng.choice((0, 1, 1, 2))):
        builder.add(Noun(noun.name, other_colour(rng, split, noun)))
    builder.add_others(3)
    scene = builder.build()
    program = f"""\
OBJ0=Loc(image=IMAGE, object='{noun.name}')
OBJ1=Filter(image=IMAGE, object=OBJ0, query='{noun}')
IMAGE0=Tag(image=IMAGE, object=OBJ1)
RESULT=IMAGE0"""
    return _instruct(rng, _phrase(rng, noun, number), noun.name, number), scene, program, _tags(scene, [noun])


def _phrase(rng: random.Random, noun: Noun, number: int) -> str:
    """Return a phrase for all things that match the noun: "the dog", "all the dogs", "the two dogs"."""
    if noun.name in _MASS:
        return f"{rng.choice(('the', 'all', 'all the'))} {noun}"
    if number == 1 and noun.name not in PLURAL_ONLY:
        return f"the {noun}"
    plural = Noun(plural_of(noun.name), noun.colour)
    counts = ["the", "the", "all", "all the"]
    if number > 1 and noun.name not in PLURAL_ONLY:
        counts += [f"the {NUMBERS[number]}", f"the {number}"]
    return f"{rng.choice(counts)} {plural}"


def _instruct(rng: random.Random, what: str, name: str, number: int) -> str:
    if name in _MASS:
        return fill(rng.choice(_MANY), what=what, names="its name", them="it", are="is")
    if number == 1 and name not in PLURAL_ONLY:
        return fill(rng.choice(_ONE), what=what)
    return fill(rng.choice(_MANY), what=what, names="their names", them="them", are="are")


def _tags(scene: Scene, nouns: Sequence[Noun]) -> tuple[Tag, ...]:
    """Return a tag for each thing that matches a noun."""
    drawn = draw(scene)
    return tuple(
        Tag(noun.name, drawn.box(number))
        for number, thing in enumerate(scene.things)
        for noun in nouns
        if noun.fits(thing)
    )
