"""A seeded mutator that damages the programs of the banks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from visprog.planner.bank import read_bank
from visprog.prompts import BANKS, bank_text

_PIECES: tuple[str, ...] = (
    *"'\"()[]{}=,#\\\n\r\t\0 .-*`;:≥é９\u2028\x0b\ud800\U0001f600\u202e",
    "**", "```", "Program:", "None", "True", "xor", "{ANSWER0}", "'{'", "IMAGE", "Loc(", "Eval('", "')",
    "if", "else", "and", "not", "0x1F", "1e999", "9" * 90, "lambda: 0", "__import__('os')", "f'", "'''",
    "\\x41", "\\ud800",
)  # fmt: skip


def sources() -> list[str]:
    """Return every program of the banks as text."""
    return [str(example.program) for name in BANKS for example in read_bank(bank_text(name), name).examples]


def mutants(count: int, seed: int) -> Iterator[str]:
    """Yield programs with one to six mutations each."""
    chance = random.Random(seed)
    programs = sources()
    for _ in range(count):
        yield mutated(chance.choice(programs), chance, programs)


def mutated(text: str, chance: random.Random, programs: list[str]) -> str:
    """Return a program with one to six mutations."""
    for _ in range(chance.randint(1, 6)):
        text = chance.choice(_MUTATIONS)(text, chance, programs)
    return text


def _insert(text: str, chance: random.Random, programs: list[str]) -> str:
    place = chance.randint(0, len(text))
    return text[:place] + chance.choice(_PIECES) + text[place:]


def _delete(text: str, chance: random.Random, programs: list[str]) -> str:
    place = chance.randint(0, len(text))
    return text[:place] + text[place + chance.randint(1, 8) :]


def _replace(text: str, chance: random.Random, programs: list[str]) -> str:
    place = chance.randint(0, len(text))
    return text[:place] + chance.choice(_PIECES) + text[place + chance.randint(1, 4) :]


def _repeat(text: str, chance: random.Random, programs: list[str]) -> str:
    place = chance.randint(0, len(text))
    piece = text[place : place + chance.randint(1, 30)]
    return text[:place] + piece * chance.choice((2, 3, 50)) + text[place:]


def _shuffle(text: str, chance: random.Random, programs: list[str]) -> str:
    lines = text.split("\n")
    chance.shuffle(lines)
    return "\n".join(lines)


def _drop(text: str, chance: random.Random, programs: list[str]) -> str:
    lines = text.split("\n")
    del lines[chance.randrange(len(lines))]
    return "\n".join(lines)


def _splice(text: str, chance: random.Random, programs: list[str]) -> str:
    other = chance.choice(programs)
    return text[: chance.randint(0, len(text))] + other[chance.randint(0, len(other)) :]


def _case(text: str, chance: random.Random, programs: list[str]) -> str:
    return chance.choice((str.upper, str.lower, str.swapcase))(text)


def _swap(text: str, chance: random.Random, programs: list[str]) -> str:
    first, second = chance.choice("'\"()[]{}=,"), chance.choice("'\"()[]{}=,")
    return text.replace(first, second, 1)


_MUTATIONS: tuple[Callable[[str, random.Random, list[str]], str], ...] = (
    _insert, _delete, _replace, _repeat, _shuffle, _drop, _splice, _case, _swap,
)  # fmt: skip
