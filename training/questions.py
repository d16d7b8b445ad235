"""Training data of VisualQA: simple questions about pictures and parts of pictures, with answers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.pictures import Pictures
from training.views import View, make_view
from visprog.miniworld.captions import with_article
from visprog.miniworld.catalogue import CATEGORIES, COLOURS, STUFF, categories_of, plural_of
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import Split, Thing
from visprog.miniworld.tasks import gqa
from visprog.miniworld.tasks.task import Task
from visprog.miniworld.tasks.wording import (
    NAMED_KINDS,
    Noun,
    ask_colour,
    ask_count,
    ask_exists,
    ask_what,
    fill,
    some,
)

NOUNS = tuple(Noun(name) for name in (*CATEGORIES, *NAMED_KINDS))
"""Nouns in questions: categories and hypernyms."""

_SIDES = ("left", "right", "above", "below")
ANSWERS = tuple(
    dict.fromkeys(
        ("yes", "no", *COLOURS, *map(str, range(11)), *CATEGORIES, *STUFF, *_SIDES, *map(some, NOUNS))
    )
)
"""All possible answers. Sides and plurals answer only questions of the world's GQA."""


class Sample(NamedTuple):
    """A question about pixels, RGB of shape (height, width, 3), and its answer.

    `form` is the kind of question and of picture: "colour of a crop", "count of a view".
    """

    pixels: NDArray[np.uint8]
    question: str
    answer: str
    form: str


Fits = Callable[[int, int], bool]


QuestionAnswer = tuple[str, str]


class Mix(NamedTuple):
    """Weights of the kinds of questions, in the order colour, what, exists, count, stuff.

    `crops` is for parts around an object and `views` for whole pictures and halves. Only the share `kept` of
    the views is used.
    """

    crops: tuple[int, ...]
    views: tuple[int, ...]
    kept: float = 1.0


EVERYTHING = Mix(crops=(38, 24, 32, 4, 2), views=(32, 18, 32, 15, 3))
MOSTLY_EXISTENCE = Mix(crops=(10, 16, 70, 2, 2), views=(14, 8, 50, 26, 2), kept=0.5)
"""All kinds of questions. "Is there a ...?" is learned last, because the model must know all names."""


def make_sample(
    rng: random.Random, pictures: Pictures, fits: Fits = lambda *_: True, mix: Mix = EVERYTHING
) -> Sample:
    """Return a simple question about a picture of the pool, or a part like those that programs crop.

    `fits` returns whether a picture of this width and height may be used.
    """
    while True:
        view = make_view(rng, pictures[rng.randrange(len(pictures))])
        if not fits(*view.size) or (view.main is None and rng.random() >= mix.kept):
            continue
        shown, weights = ("a view", mix.views) if view.main is None else ("a crop", mix.crops)
        form = rng.choices(_FORMS, weights)[0]
        asked = form(rng, view)
        if asked is not None:
            return Sample(view.pixels, *asked, f"{form.__name__} of {shown}")


def colour(rng: random.Random, view: View) -> QuestionAnswer | None:
    """Ask for the colour of the object that the view is centred on, or of the only one of its name."""
    number = view.main if view.main is not None else _one_of(rng, view.present)
    if number is None:
        return None
    thing = view.picture.scene.things[number]
    nouns = [noun for noun in _plain_nouns(thing) if number in (view.main, view.only(noun))]
    if thing.colour is None or not nouns:
        return None
    return _varied(rng, ask_colour, _COLOUR, rng.choice(nouns)), thing.colour


def what(rng: random.Random, view: View) -> QuestionAnswer | None:
    """Ask what the object is that the view is centred on, or the only one of its kind."""
    number = view.main if view.main is not None else _one_of(rng, view.present)
    if number is None:
        return None
    thing = view.picture.scene.things[number]
    if number == view.main and rng.random() < 0.5:
        return rng.choice((ask_what(), ask_what(), *_WHAT)), thing.category
    kinds = [noun for noun in _plain_nouns(thing)[1:] if number in (view.main, view.only(noun))]
    return (_varied(rng, ask_what, _WHAT_KIND, rng.choice(kinds)), thing.category) if kinds else None


def exists(rng: random.Random, view: View) -> QuestionAnswer | None:
    """Ask whether an object is present. Half of the answers are yes."""
    things = view.picture.scene.things
    if rng.random() < 0.5:
        number = _one_of(rng, view.present)
        return None if number is None else (_exists(rng, rng.choice(_nouns(things[number]))), "yes")
    absent = (noun for noun in (_tempting(rng, things) for _ in range(6)) if view.named(noun) == [])
    noun = next(absent, None)
    return None if noun is None else (_exists(rng, noun), "no")


def _tempting(rng: random.Random, things: Sequence[Thing]) -> Noun:
    """Return an object from another part of the picture, one similar to an object in it, or any noun."""
    way, thing = rng.random(), rng.choice(things)
    if way < 0.35:
        return rng.choice(_nouns(thing))
    return _similar(rng, thing) if way < 0.7 else rng.choice(NOUNS)


def count(rng: random.Random, view: View) -> QuestionAnswer | None:
    """Ask how many objects of a name there are. Few answers are zero."""
    number = _one_of(rng, view.present)
    if number is None or rng.random() < 0.15:
        noun = rng.choice(NOUNS)
    else:
        thing = view.picture.scene.things[number]
        noun = rng.choice(_nouns(thing) if rng.random() < 0.2 else _plain_nouns(thing))
    named = view.named(noun)
    if named is None:
        return None
    if noun.colour is None and rng.random() < 0.7:
        return ask_count(noun.name), str(len(named))
    return rng.choice(_COUNT).replace("{}", str(Noun(plural_of(noun.name), noun.colour))), str(len(named))


def stuff(rng: random.Random, view: View) -> QuestionAnswer | None:
    """Ask whether a kind of stuff is present."""
    there = rng.random() < 0.5
    shares = zip(STUFF, view.stuff(), strict=True)
    kinds = [kind for kind, share in shares if (share >= 0.05 if there else share == 0)]
    if not kinds:
        return None
    kind = rng.choice(kinds)
    article = "a " if kind in ("road", "brick wall", "wooden floor") else ""
    return fill(rng.choice(_STUFF), what=article + kind, kind=kind), "yes" if there else "no"


_FORMS = (colour, what, exists, count, stuff)

_COLOUR = ("What colour is the {}?", "What is the color of the {}?", "Which color does the {} have?")
_WHAT = ("What is it?", "What is in the picture?", "What is in the image?", "What is shown here?")
_WHAT_KIND = ("Which {} is this?", "What kind of {} is this?", "What {} is in the image?")
_EXISTS = ("Is there {} here?", "Is there {}?", "Can you see {}?", "Do you see {} in the picture?")
_COUNT = ("How many {} are there?", "How many {} can you see?", "How many {} are in the picture?")
_STUFF = ("Is there {what} in the image?", "Is there any {kind}?", "Can you see {what}?")


def _varied(rng: random.Random, usual: Callable[[str], str], others: Sequence[str], noun: Noun) -> str:
    """Return the question in the words of programs, or in other words."""
    return usual(str(noun)) if rng.random() < 0.6 else rng.choice(others).replace("{}", str(noun))


def _exists(rng: random.Random, noun: Noun) -> str:
    name = str(noun)
    return ask_exists(name) if rng.random() < 0.6 else rng.choice(_EXISTS).replace("{}", with_article(name))


def _one_of(rng: random.Random, numbers: Sequence[int]) -> int | None:
    return rng.choice(numbers) if numbers else None


def _plain_nouns(thing: Thing) -> list[Noun]:
    """Return an object's nouns without colours, its category first."""
    kinds = (kind for kind in CATEGORIES[thing.category].kinds if kind in NAMED_KINDS)
    return [Noun(name) for name in (thing.category, *kinds)]


def _nouns(thing: Thing) -> list[Noun]:
    """Return an object's nouns, without and with its colour."""
    plain = _plain_nouns(thing)
    return plain + [noun._replace(colour=thing.colour) for noun in plain if thing.colour]


def _similar(rng: random.Random, thing: Thing) -> Noun:
    """Return a similar object: of the same kind, or in another colour."""
    category = CATEGORIES[thing.category]
    if thing.colour and rng.random() < 0.5:
        others = [each for each in category.tints or COLOURS if each != thing.colour]
        return rng.choice(_plain_nouns(thing))._replace(colour=rng.choice(others))
    return Noun(rng.choice(categories_of(category.kinds[0])))


class WholeQuestions:
    """The questions of the first `count` tasks of the world's GQA. Their pictures are drawn again."""

    def __init__(self, split: Split, count: int) -> None:
        self._count = count
        self._task = cache(lambda number: gqa.make_task(number, split))

    def sample(self, rng: random.Random, fits: Fits = lambda *_: True) -> Sample | None:
        """Return one of them, or None if its picture does not fit."""
        task: Task = self._task(rng.randrange(self._count))
        scene = task.scenes["IMAGE"]
        if not fits(scene.width, scene.height):
            return None
        return Sample(draw(scene).pixels, task.instruction, str(task.answer), "whole question")

    def texts(self, count: int) -> Iterator[str]:
        """Yield the first questions."""
        return (self._task(number).instruction for number in range(count))


def all_wordings() -> Iterator[str]:
    """Yield each form of question in all its wordings: the words of this file, and every name."""
    for noun in NOUNS:
        for wording in (*_COLOUR, *_WHAT_KIND, *_EXISTS):
            yield wording.replace("{}", str(noun))
        yield from (wording.replace("{}", plural_of(noun.name)) for wording in _COUNT)
        yield from (ask(noun.name) for ask in (ask_colour, ask_what, ask_exists, ask_count))
    for kind in STUFF:
        yield from (fill(wording, what=kind, kind=kind) for wording in _STUFF)
    yield from (*_WHAT, ask_what(), *COLOURS)
