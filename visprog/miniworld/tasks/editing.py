"""Editing tasks: changes to things or stuff in a picture."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from visprog.miniworld.captions import coloured, stuff_phrases, with_article
from visprog.miniworld.catalogue import CATEGORIES, STUFF, plural_of
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import Scene, Split, choose_colour, generator, is_held_out
from visprog.miniworld.tasks.scene_building import (
    NoSceneError,
    SceneBuilder,
    choose_coloured,
    choose_noun,
    is_whole,
    other_colour,
)
from visprog.miniworld.tasks.task import Edit, Task
from visprog.miniworld.tasks.wording import Noun, fill, is_bank_instruction

_REPLACE = (
    "Replace {what} with {new}",
    "Turn {what} into {new}",
    "Swap {what} for {new}",
    "Change {what} into {new}",
    "Put {new} in place of {what}",
    "Exchange {what} for {new}",
    "Paint {new} where {what} is",
    "I want {new} instead of {what}",
)
_REMOVE = (
    "Remove {what}",
    "Remove {what} from the picture",
    "Erase {what}",
    "Delete {what}",
    "Get rid of {what}",
    "Make {what} disappear",
    "Take {what} out of the photo",
    "Clear {what} away",
)
_COLOR_POP = (
    "Make a color pop of {what}",
    "Create a color pop of {what}",
    "Keep {what} in color and turn the rest gray",
    "Keep only {what} in color",
    "Make everything but {what} black and white",
    "Show {what} in color and all else in gray",
    "Take the color out of everything except {what}",
    "Leave {what} as the only color in the picture",
    "Turn everything gray apart from {what}",
)
_BLUR = (
    "Blur the background behind {what}",
    "Keep {what} sharp and blur the rest",
    "Blur everything but {what}",
    "Put {what} in focus and blur all else",
    "Make the background of {what} blurry",
    "Defocus everything except {what}",
    "Blur all that is not {what}",
    "Let {what} stand out from a blurred background",
)
_EMOJI = (
    "Hide the face of {what} with {new}",
    "Cover the face of {what} with {new}",
    "Put {new} over the face of {what}",
    "Place {new} on the face of {what}",
    "Stick {new} on the face of {what}",
    "Let {new} hide the face of {what}",
    "Make the face of {what} unrecognizable with {new}",
)
_EMOJI_FOR_ALL = (
    "Cover all faces with {new}",
    "Cover every face with {new}",
    "Hide all the faces behind {new}",
    "Put {new} over all faces",
    "Place {new} on each of the faces",
    "Stick {new} on every face in the picture",
    "Hide the faces of all people with {new}",
)
"""Templates of instructions, with places for the thing to change and its replacement."""

EMOJIS = {
    ":)": ":)",
    ":p": ":p",
    ";)": ";)",
    "8)": "8)",
    ":D": ":D",
    ":o": ":o",
    "a ghost": "ghost",
    "a skull": "skull",
    "an alien": "alien",
    "a rose": "rose",
    "a red heart": "red_heart",
    "a star": "star",
}
"""Emoji by their names in instructions, with their names in programs."""

_SIMILAR = (
    ("man", "boy", "police officer", "construction worker"),
    ("woman", "girl", "princess", "baby"),
    ("cat", "frog", "panda", "bear"),
    ("sheep", "elephant", "frog"),
    ("bus", "truck"),
    ("hamburger", "ball", "cake"),
    ("book", "backpack", "clock"),
)
"""Things with similar outlines, so that one can be painted in place of another."""


def make_task(seed: int, split: Split) -> Task:
    """Return the editing task for a seed."""
    rng = generator(seed, split, "imgedit")
    while True:
        (family,) = rng.choices(tuple(_FAMILIES), (3, 2, 2, 3, 3, 3))
        try:
            instruction, scene, program, edit = _FAMILIES[family](rng, split)
        except NoSceneError:
            continue
        if not is_bank_instruction(instruction):
            return Task("imgedit", family, seed, instruction, {"IMAGE": scene}, program, edit=edit)


_Parts = tuple[str, Scene, str, Edit]
"""An instruction, its scene, the program, and the edit."""


class _Subject(NamedTuple):
    """The subject of an edit: its phrase, the scene, its things there, and the steps that find it as OBJ1."""

    phrase: str
    scene: Scene
    things: tuple[int, ...]
    steps: str


def _replace_stuff(rng: random.Random, split: Split) -> _Parts:
    builder = SceneBuilder(rng, split, [])
    builder.add(choose_noun(rng, split, kinds=0))
    builder.add_others(3)
    scene = builder.build(_shows_stuff)
    old = rng.choice(_wide_stuff(scene))
    new = rng.choice([kind for kind in STUFF if kind not in (*scene.ground.kinds, scene.ground.pond)])
    phrase = rng.choice(stuff_phrases(new))
    instruction = fill(rng.choice(_REPLACE), what=f"the {old}", new=phrase)
    program = _program(_selecting(old), f"Replace(image=IMAGE, object=OBJ1, prompt='{_bare(phrase)}')")
    return instruction, scene, program, Edit("replace", stuff=old, shows=new)


def _replace_thing(rng: random.Random, split: Split) -> _Parts:
    group = rng.choice(_SIMILAR)
    old, new = rng.sample(group, 2)
    if split != "test" and is_held_out(old, new):
        raise NoSceneError
    colour = choose_colour(rng, new, split) if CATEGORIES[new].tints and rng.random() < 0.6 else None
    subject = _single(rng, split, Noun(old))
    shows = coloured(new, colour)
    instruction = fill(rng.choice(_REPLACE), what=subject.phrase, new=with_article(shows))
    program = _program(subject.steps, f"Replace(image=IMAGE, object=OBJ1, prompt='{shows}')")
    return instruction, subject.scene, program, Edit("replace", subject.things, shows=shows)


def _remove(rng: random.Random, split: Split) -> _Parts:
    subject = rng.choice((_single, _of_one_colour))(rng, split)
    instruction = fill(rng.choice(_REMOVE), what=subject.phrase)
    program = _program(subject.steps, "Replace(image=IMAGE, object=OBJ1, prompt='nothing')")
    return instruction, subject.scene, program, Edit("remove", subject.things)


def _color_pop(rng: random.Random, split: Split) -> _Parts:
    subject = rng.choice(_SUBJECTS)(rng, split)
    instruction = fill(rng.choice(_COLOR_POP), what=subject.phrase)
    program = _program(subject.steps, "ColorPop(image=IMAGE, object=OBJ1)")
    return instruction, subject.scene, program, Edit("color pop", subject.things)


def _blur(rng: random.Random, split: Split) -> _Parts:
    subject = rng.choice(_SUBJECTS)(rng, split)
    instruction = fill(rng.choice(_BLUR), what=subject.phrase)
    program = _program(subject.steps, "BgBlur(image=IMAGE, object=OBJ1)")
    return instruction, subject.scene, program, Edit("blur", subject.things)


def _emoji(rng: random.Random, split: Split) -> _Parts:
    """Cover the face of one person, or all faces."""
    person = Noun("person")
    phrase, emoji = rng.choice(tuple(EMOJIS.items()))
    one = Noun(rng.choice([name for name, entry in CATEGORIES.items() if entry.face]))
    everyone = rng.random() < 0.4
    builder = SceneBuilder(rng, split, [] if everyone else [one])
    builder.add(one)
    for _ in range(rng.randint(0, 2)):
        builder.add(person)
    builder.add_others(2)
    scene = builder.build(lambda scene: is_whole(scene, person))
    if everyone:
        program = f"""\
OBJ0=FaceDet(image=IMAGE)
IMAGE0=Emoji(image=IMAGE, object=OBJ0, emoji='{emoji}')
RESULT=IMAGE0"""
        instruction = fill(rng.choice(_EMOJI_FOR_ALL), new=phrase)
        return instruction, scene, program, Edit("emoji", _numbers(scene, person), shows=emoji)
    steps = f"""\
OBJ0=FaceDet(image=IMAGE)
OBJ1=Select(image=IMAGE, object=OBJ0, query='{one}', category=None)"""
    program = _program(steps, f"Emoji(image=IMAGE, object=OBJ1, emoji='{emoji}')")
    instruction = fill(rng.choice(_EMOJI), what=f"the {one}", new=phrase)
    return instruction, scene, program, Edit("emoji", _numbers(scene, one), shows=emoji)


_FAMILIES: dict[str, Callable[[random.Random, Split], _Parts]] = {
    "replace stuff": _replace_stuff,
    "replace thing": _replace_thing,
    "remove": _remove,
    "color pop": _color_pop,
    "blur": _blur,
    "emoji": _emoji,
}


def _single(rng: random.Random, split: Split, noun: Noun | None = None) -> _Subject:
    """Choose a thing that is the only one of its category."""
    noun = noun or _choose_category(rng, split)
    scene = _scene(rng, split, [noun])
    return _Subject(f"the {noun}", scene, _numbers(scene, noun), _selecting(noun.name))


def _of_one_colour(rng: random.Random, split: Split) -> _Subject:
    """Choose a thing that is the only one of its category with its colour."""
    noun = choose_coloured(rng, split)
    builder = SceneBuilder(rng, split, [noun])
    builder.add(noun)
    for _ in range(rng.randint(0, 2)):
        builder.add(Noun(noun.name, other_colour(rng, split, noun)))
    builder.add_others(2)
    scene = builder.build()
    return _Subject(f"the {noun}", scene, _numbers(scene, noun), _selecting(str(noun), f"'{noun.name}'"))


def _all_of_a_category(rng: random.Random, split: Split) -> _Subject:
    noun = _choose_category(rng, split)
    scene = _scene(rng, split, [noun] * rng.randint(2, 3))
    phrase = f"{rng.choice(('the', 'all the', 'all'))} {plural_of(noun.name)}"
    return _Subject(phrase, scene, _numbers(scene, noun), _selecting(noun.name))


def _all_of_a_kind(rng: random.Random, split: Split) -> _Subject:
    noun = choose_noun(rng, split, kinds=1)
    scene = _scene(rng, split, [noun] * rng.randint(1, 3))
    phrase = f"{rng.choice(('the', 'all the', 'all'))} {plural_of(noun.name)}"
    steps = f"""\
OBJ0=Loc(image=IMAGE, object='{noun}')
OBJ1=Mask(image=IMAGE, object=OBJ0)"""
    return _Subject(phrase, scene, _numbers(scene, noun), steps)


def _pair(rng: random.Random, split: Split) -> _Subject:
    """Choose two things, each the only one of its category."""
    one = _choose_category(rng, split)
    other = choose_noun(rng, split, [one], kinds=0, single=True)
    scene = _scene(rng, split, [one, other])
    things = (*_numbers(scene, one), *_numbers(scene, other))
    return _Subject(f"the {one} and the {other}", scene, things, _selecting(f"{one}, {other}"))


_SUBJECTS = (_single, _single, _of_one_colour, _all_of_a_category, _all_of_a_kind, _pair)


def _choose_category(rng: random.Random, split: Split) -> Noun:
    return choose_noun(rng, split, kinds=0, single=True)


def _scene(rng: random.Random, split: Split, nouns: list[Noun]) -> Scene:
    """Return a scene with a thing for each noun, and others that match none of the nouns."""
    builder = SceneBuilder(rng, split, nouns)
    for noun in nouns:
        builder.add(noun)
    builder.add_others(4)
    return builder.build()


def _numbers(scene: Scene, noun: Noun) -> tuple[int, ...]:
    return tuple(number for number, thing in enumerate(scene.things) if noun.fits(thing))


_WIDE = 0.08
"""Minimum share of the picture for stuff that an edit replaces."""


def _wide_stuff(scene: Scene) -> list[str]:
    """Return the kinds of stuff that fill a large part of the picture."""
    drawn = draw(scene)
    return [kind for kind in STUFF if drawn.stuff(kind).mean() > _WIDE]


def _shows_stuff(scene: Scene) -> bool:
    return bool(_wide_stuff(scene))


def _selecting(query: str, category: str = "None") -> str:
    """Return the steps that select from all segments."""
    return f"""\
OBJ0=Seg(image=IMAGE)
OBJ1=Select(image=IMAGE, object=OBJ0, query='{query}', category={category})"""


def _program(steps: str, edit: str) -> str:
    return f"{steps}\nIMAGE0={edit}\nRESULT=IMAGE0"


def _bare(phrase: str) -> str:
    """Return a phrase without its article."""
    first, _, rest = phrase.partition(" ")
    return rest if first in ("a", "an", "the") else phrase
