"""Wording: nouns as questions name them, and the simple questions that programs put to a VisualQA."""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

from visprog.miniworld.captions import NUMBERS, with_article
from visprog.miniworld.catalogue import COLOURS, KINDS, categories_of, plural_of
from visprog.miniworld.scene import Thing
from visprog.prompts import BANKS, bank_text


class Noun(NamedTuple):
    """What a question names: a category or a hypernym, of one colour or of any."""

    name: str
    colour: str | None = None

    def __str__(self) -> str:
        return f"{self.colour} {self.name}" if self.colour else self.name

    def fits(self, thing: Thing) -> bool:
        """Whether the thing is one of these."""
        return thing.category in categories_of(self.name) and self.colour in (None, thing.colour)


def fill(wording: str, **places: str) -> str:
    """Return a wording with its places, such as {what}, filled."""
    for place, text in places.items():
        wording = wording.replace(f"{{{place}}}", text)
    return wording


NAMED_KINDS = tuple(kind for kind in KINDS if kind != "object")
"""The hypernyms that questions ask about."""

PLURAL_ONLY = frozenset({"scissors"})
"""Names with which no one says "the ... is"."""

_MASS = frozenset({"food"})
"""Names of what is not counted by itself, but in pieces."""


def ask_colour(name: str) -> str:
    """Return the question for the colour of a thing in sight."""
    return f"What color is the {name}?"


def ask_what(kind: str | None = None) -> str:
    """Return the question for what a picture shows; with a hypernym, of that kind."""
    return f"What {kind} is this?" if kind else "What is this?"


def ask_exists(name: str) -> str:
    """Return the question whether a picture shows such a thing."""
    return f"Is there {with_article(name)} in the image?"


def ask_count(name: str) -> str:
    """Return the question for how many such things a picture shows; a colour may stand before the name."""
    colour, _, rest = name.partition(" ")
    plural = f"{colour} {plural_of(rest)}" if colour in COLOURS else plural_of(name)
    return f"How many {plural} are in the image?"


def one(noun: Noun) -> str:
    """Return "a dog", "an apple", "a pair of scissors", "a piece of food"."""
    return with_article(f"piece of {noun}" if noun.name in _MASS else str(noun))


def bare(noun: Noun) -> str:
    """Return the singular without its article: "dog", "pair of scissors"."""
    return one(noun).partition(" ")[2]


def some(noun: Noun) -> str:
    """Return the plural as "are there any ..." takes it: "dogs", "scissors", "pieces of food"."""
    plural = str(Noun(plural_of(noun.name), noun.colour))
    return f"pieces of {plural}" if noun.name in _MASS else plural


def counted(number: int, noun: Noun) -> str:
    """Return "no dogs", "one dog", "two dogs", "one pair of scissors"."""
    if number == 1:
        return f"one {bare(noun)}"
    pairs = "pairs of " if number and noun.name in PLURAL_ONLY else ""
    return f"{NUMBERS[number]} {pairs}{some(noun)}"


def are(number: int) -> str:
    """Return the verb for this many."""
    return "is" if number == 1 else "are"


def choose_wording(rng: random.Random, *wordings: str) -> str:
    """Return one of the wordings: the first, the plainest, twice as often as the second, and so on."""
    return rng.choices(wordings, [1 / number for number in range(1, len(wordings) + 1)])[0]


def choose_place(rng: random.Random) -> str:
    """Return where a question looks: the whole picture."""
    return choose_wording(
        rng,
        "in the image",
        "in the picture",
        "in the photo",
        "in this picture",
        "in this image",
        "in the scene",
    )


def capitalised(text: str) -> str:
    """Return a sentence with a capital at its beginning."""
    return text[0].upper() + text[1:]


def is_bank_instruction(instruction: str) -> bool:
    """Whether one of the in-context examples says exactly this."""
    return instruction.casefold() in _instructions_of_banks()


@cache
def _instructions_of_banks() -> frozenset[str]:
    lines = (line for name in BANKS for line in bank_text(name).splitlines())
    return frozenset(line.partition(": ")[2].strip().casefold() for line in lines if ": " in line)
