"""Properties that some of several things have: cars that are red, animals that are dogs."""

from __future__ import annotations

import random
from typing import NamedTuple

from visprog.miniworld.captions import with_article
from visprog.miniworld.catalogue import Box, categories_of, plural_of
from visprog.miniworld.scene import Scene, Split, Thing
from visprog.miniworld.tasks.language.group import VARIED_KINDS
from visprog.miniworld.tasks.scene_building import (
    SceneBuilder,
    choose_coloured,
    choose_noun,
    is_whole,
    other_colour,
    sprite_box,
)
from visprog.miniworld.tasks.wording import Noun, ask_colour, ask_exists, ask_what

_CROP = 1.5
"""How many times as large as a thing a picture of it is."""

_SMALL_PART = 0.1
"""A picture that shows at most this share of a thing does not show the thing."""


class Property(NamedTuple):
    """A property of things of a noun: the colour red of cars, or being a dog of animals."""

    noun: Noun
    fitting: Noun

    @property
    def of_one(self) -> str:
        """The words for one thing: "red", "a dog"."""
        return self.fitting.colour or with_article(self.fitting.name)

    @property
    def of_many(self) -> str:
        """The words for several things: "red", "dogs"."""
        return self.fitting.colour or plural_of(self.fitting.name)

    @property
    def value(self) -> str:
        """The answer of a thing with the property to `question`."""
        return self.fitting.colour or self.fitting.name

    @property
    def question(self) -> str:
        """The open question about a picture of one thing."""
        return ask_what(self.noun.name) if self.fitting.colour is None else ask_colour(self.noun.name)

    @property
    def closed_question(self) -> str:
        """The question with the answer yes or no about a picture of one thing."""
        return ask_exists(str(self.fitting))

    def value_of(self, thing: Thing) -> str:
        """Return the right answer to `question` about a thing."""
        return (self.fitting.colour and thing.colour) or thing.category


def choose_property(rng: random.Random, split: Split) -> Property:
    """Return a random property: a colour of a category, or a category of a hypernym."""
    if rng.random() < 0.5:
        fitting = choose_coloured(rng, split)
        return Property(Noun(fitting.name), fitting)
    kind = rng.choice(VARIED_KINDS)
    names = [name for name in categories_of(kind) if plural_of(name) != name]
    return Property(Noun(kind), Noun(rng.choice(names)))


def scene_with(rng: random.Random, split: Split, own: Property, fitting: int, other: int) -> Scene:
    """Return a scene with uncovered things of the noun: `fitting` with the property and `other` without."""
    builder = SceneBuilder(rng, split, [Noun(own.fitting.name)])
    builder.add(own.fitting, fitting)
    for _ in range(other):
        colour = own.fitting.colour and other_colour(rng, split, own.fitting)
        builder.add(Noun(own.noun.name, colour))
    for _ in range(rng.randint(0, 2)):
        builder.add(choose_noun(rng, split, [own.noun]))
    return builder.build(lambda scene: is_whole(scene, own.noun) and _are_apart(scene, own))


def _are_apart(scene: Scene, own: Property) -> bool:
    """Return whether a picture of a thing without the property does not show one with it too."""
    fitting = [sprite_box(thing) for thing in scene.things if own.fitting.fits(thing)]
    others = [thing for thing in scene.things if own.noun.fits(thing) and not own.fitting.fits(thing)]
    return not any(_shows(sprite_box(other), box) for other in others for box in fitting)


def _shows(box: Box, other: Box) -> bool:
    """Return whether a crop around a box shows more than a small part of the other."""
    x, y = (_CROP - 1) / 2 * (box[2] - box[0]), (_CROP - 1) / 2 * (box[3] - box[1])
    width = min(box[2] + x, other[2]) - max(box[0] - x, other[0])
    height = min(box[3] + y, other[3]) - max(box[1] - y, other[1])
    return max(width, 0) * max(height, 0) > _SMALL_PART * (other[2] - other[0]) * (other[3] - other[1])
