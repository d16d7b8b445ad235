"""Groups of things of which a question means one: its colour or its name is asked for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from visprog.miniworld.catalogue import CATEGORIES
from visprog.miniworld.scene import Scene, Split, Thing
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.scene_building import NoSceneError, choose_coloured, choose_noun, is_whole
from visprog.miniworld.tasks.wording import Noun, ask_colour, ask_what, choose_place, choose_wording

VARIED_KINDS = ("animal", "vehicle", "person", "plant")
"""Hypernyms with many categories."""


class Group(NamedTuple):
    """Things with a noun, such as "car" or "animal", and whether their colours or their names differ."""

    noun: Noun
    by_colour: bool

    def answer(self, thing: Thing | None) -> str:
        """Return the colour or the name of a thing. Raise NoSceneError without a thing."""
        if thing is None:
            raise NoSceneError
        return (self.by_colour and thing.colour) or thing.category

    def question(self) -> str:
        """Return the simple question for the answer about a picture of one of the things."""
        return ask_colour(self.noun.name) if self.by_colour else ask_what(self.noun.name)

    def members(self, scene: Scene) -> tuple[Thing, ...]:
        """Return the things of the group."""
        return tuple(filter(self.noun.fits, scene.things))

    def shows(self, scene: Scene, chosen: Thing | None) -> bool:
        """Return whether the group is uncovered, and the answer about a thing tells it from the others."""
        if chosen is None or not is_whole(scene, self.noun):
            return False
        return [self.answer(thing) for thing in self.members(scene)].count(self.answer(chosen)) == 1


def choose_group(rng: random.Random, split: Split, beside: Sequence[Noun] = ()) -> Group:
    """Return a random group that has no category in common with the nouns `beside` it."""
    if rng.random() < 0.5:
        return Group(Noun(choose_coloured(rng, split, beside, least=4).name), by_colour=True)
    taken = {kind for noun in beside for kind in (noun.name, *CATEGORIES[noun.name].kinds)}
    kinds = [kind for kind in VARIED_KINDS if kind not in taken]
    return Group(Noun(rng.choice(kinds)), by_colour=False)


def choose_reference(rng: random.Random, split: Split, beside: Sequence[Noun] = ()) -> Noun:
    """Return the name of a single thing that others are compared with."""
    return choose_noun(rng, split, beside, kinds=0, single=True)


def describe(draft: Draft, box: str, group: Group) -> str:
    """Add the steps that cut out a found thing and ask for its colour or its name."""
    return draft.ask(draft.crop("IMAGE", box), group.question())


def wording(rng: random.Random, group: Group, the: str) -> str:
    """Return a question about "the leftmost car" in words."""
    where = choose_place(rng)
    if group.by_colour:
        colour = choose_wording(rng, "color", "colour")
        return choose_wording(
            rng,
            f"What {colour} is {the}?",
            f"What is the {colour} of {the}?",
            f"Which {colour} does {the} have?",
            f"What {colour} is {the} {where}?",
            f"Tell me the {colour} of {the}.",
            f"What {colour} does {the} have?",
        )
    if group.noun.name == "person":
        return choose_wording(
            rng,
            f"Who is {the}?",
            f"Who is {the} {where}?",
            f"What kind of person is {the}?",
            f"Tell me who {the} is.",
            f"What is {the} {where}?",
            f"What sort of person is {the}?",
        )
    return choose_wording(
        rng,
        f"What is {the}?",
        f"What is {the} {where}?",
        f"What kind of {group.noun} is {the}?",
        f"What sort of {group.noun} is {the}?",
        f"Tell me what {the} is.",
        f"Which {group.noun} is {the}?",
    )
