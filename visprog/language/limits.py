"""How large a value may be, and how much work one Eval expression may do.

Every limit is a constant, so a program always ends the same way, in whatever order its steps run and whatever
is cached. A program has at most 200 steps, so the limits of one expression also limit the whole run.
"""

from __future__ import annotations

import math
from typing import Any

from visprog.errors import ExpressionError

MAX_BITS = 256
"""Bits of a whole number."""

MAX_TEXT = 20_000
"""Characters of a text that an expression builds."""

MAX_ITEMS = 10_000
"""Values in a list, those of the lists inside it included."""

MAX_CHARACTERS = 100_000
"""Characters of all texts in one value together; a text that stands in it twice counts twice."""

MAX_DEPTH = 40
"""Lists inside lists."""

MAX_STEPS = 60_000
"""Steps of one expression. A step is about a tenth of a microsecond of work."""

MAX_WORK = 400_000
"""Characters that one expression reads or writes."""

_COLLECTIONS = (list, tuple, set, frozenset, dict)


class Budget:
    """The work that one evaluation may still do. Code asks for it before it does the work."""

    __slots__ = ("_characters", "_steps")

    def __init__(self, steps: float = MAX_STEPS, characters: float = MAX_WORK) -> None:
        self._steps = steps
        self._characters = characters

    def spend(self, steps: int, characters: int = 0) -> None:
        """Take from the budget. Raises ExpressionError if it is used up."""
        self._steps -= steps
        self._characters -= characters
        if self._steps < 0:
            raise ExpressionError(
                f"the expression needs more than {MAX_STEPS:,} steps of work",
                help="compute with shorter lists",
            )
        if self._characters < 0:
            raise ExpressionError(
                f"the expression works through more than {MAX_WORK:,} characters of text",
                help="compute with shorter texts or lists",
            )


UNLIMITED = Budget(math.inf, math.inf)
"""For callers whose work is limited in another way."""


def bounded(value: Any, budget: Budget = UNLIMITED) -> Any:
    """Return the value. Raises ExpressionError if it is larger than the language allows, or not a value."""
    if isinstance(value, int | float | complex):
        check_number(value)
    elif isinstance(value, str):
        check_text(len(value))
    else:
        check_size(value, budget=budget)
    return value


def check_number(value: Any) -> None:
    """Raise ExpressionError if a number is too large, or not a finite real number."""
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            message = f"the result has {value.bit_length()} bits, at most {MAX_BITS} are allowed"
            raise ExpressionError(message)
    elif isinstance(value, complex) or not math.isfinite(value):
        raise ExpressionError("the result is not a finite real number")


def check_text(characters: int) -> None:
    """Raise ExpressionError if a text of so many characters is too long."""
    if characters > MAX_TEXT:
        raise ExpressionError(f"the text has {characters:,} characters, at most {MAX_TEXT:,} are allowed")


def check_size(*values: object, budget: Budget = UNLIMITED) -> None:
    """Raise ExpressionError if values together are nested too deep, or hold too many values or characters.

    The check is iterative and stops at the first limit: a list may hold itself, or one large list many times.
    """
    count = characters = 0
    rest: list[tuple[Any, int]] = [(values, -1)]
    while rest:
        collection, depth = rest.pop()
        if depth == MAX_DEPTH:
            raise ExpressionError(f"the lists are nested more than {MAX_DEPTH} deep")
        count += len(collection)
        if count > MAX_ITEMS + len(values):
            raise ExpressionError(
                f"the list holds more than {MAX_ITEMS:,} values", help="compute with shorter lists"
            )
        budget.spend(5 + 2 * len(collection))
        for item in collection.values() if isinstance(collection, dict) else collection:
            if isinstance(item, str):
                characters += len(item)
            elif isinstance(item, _COLLECTIONS):
                rest.append((item, depth + 1))
        if characters > MAX_CHARACTERS:
            raise ExpressionError(
                f"the value holds more than {MAX_CHARACTERS:,} characters of text",
                help="compute with shorter texts or lists",
            )
