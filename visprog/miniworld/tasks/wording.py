"""Wording: nouns in questions, and the simple questions that programs ask about pictures."""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

from visprog.miniworld.captions import NUMBERS, with_article
from visprog.miniworld.catalogue import COLOURS, KINDS, categories_of, plural_of
from visprog.miniworld.scene import Thing
from visprog.prompts import BANKS, bank_text


class Noun(NamedTuple):
    """A noun in a question: a category or a hypernym, optionally with a colour."""

    name: str
    colour: str | None = None

    def __str__(self) -> str:
        return f"{self.colour} {self.name}" if self.colour else self.name

    def fits(self, thing: Thing) -> bool:
        """Return whether the thing matches the noun."""
        return thing.category in categories_of(self.name) and self.colour in (None, thing.colour)


def fill(template: str, **places: str) -> str:
    """Return a template with its places, such as {what}, filled."""
    for place, text in places.items():
        template = template.replace(f"{{{place}}}", text)
    return template


NAMED_KINDS = tuple(kind for kind in KINDS if kind != "object")
"""The hypernyms that questions may ask about."""

PLURAL_ONLY = frozenset({"scissors"})
"""Names without a singular."""

_MASS = frozenset({"food"})
"""Mass nouns. They are counted in pieces."""


def ask_colour(name: str) -> str:
    """Return the question for the colour of a thing."""
    return f"What color is the {name}?"


def ask_what(kind: str | None = None) -> str:
    """Return the question for the name of the thing in a picture, optionally with its hypernym."""
    return f"What {kind} is this?" if kind else "What is this?"


def ask_exists(name: str) -> str:
    """Return the question whether a picture shows such a thing."""
    return f"Is there {with_article(name)} in the image?"


def ask_count(name: str) -> str:
    """Return the question for the number of such things. A colour may come before the name."""
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
    """Return the plural as in "are there any ...": "dogs", "scissors", "pieces of food"."""
    plural = str(Noun(plural_of(noun.name), noun.colour))
    return f"pieces of {plural}" if noun.name in _MASS else plural


def counted(number: int, noun: Noun) -> str:
    """Return "no dogs", "one dog", "two dogs", "one pair of scissors"."""
    if number == 1:
        return f"one {bare(noun)}"
    pairs = "pairs of " if number and noun.name in PLURAL_ONLY else ""
    return f"{NUMBERS[number]} {pairs}{some(noun)}"


def are(number: int) -> str:
    """Return "is" for 1, "are" for other numbers."""
    return "is" if number == 1 else "are"


def choose_wording(rng: random.Random, *wordings: str) -> str:
    """Return a random wording. The n-th one has the weight 1/n, so that the plainest comes first."""
    return rng.choices(wordings, [1 / number for number in range(1, len(wordings) + 1)])[0]


def choose_place(rng: random.Random) -> str:
    """Return a random phrase for the whole picture."""
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
    """Return a text with a capital first letter."""
    return text[0].upper() + text[1:]


def is_bank_instruction(instruction: str) -> bool:
    """Return whether an example of the prompt banks has exactly this instruction."""
    return instruction.casefold() in _instructions_of_banks()


@cache
def _instructions_of_banks() -> frozenset[str]:
    lines = (line for name in BANKS for line in bank_text(name).splitlines())
    return frozenset(line.partition(": ")[2].strip().casefold() for line in lines if ": " in line)
