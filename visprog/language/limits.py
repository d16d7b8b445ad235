"""Limits on the size of a value and on the work of one Eval expression.

Every limit is a constant, so a program's outcome does not depend on the order of its steps or on the cache. A
program has at most 200 steps, so the limits of one expression also limit the whole run.
"""

from __future__ import annotations

import math
from typing import Any

from visprog.errors import ExpressionError

MAX_BITS = 256
"""Maximum bits of a whole number."""

MAX_TEXT = 20_000
"""Maximum characters of a text that an expression builds."""

MAX_ITEMS = 10_000
"""Maximum values in a list, including those of the lists inside it."""

MAX_CHARACTERS = 100_000
"""Maximum characters of all texts in one value; a text that occurs twice counts twice."""

MAX_DEPTH = 40
"""Maximum levels of nested lists."""

MAX_STEPS = 60_000
"""Maximum steps of one expression. A step is about a tenth of a microsecond of work."""

MAX_WORK = 400_000
"""Maximum characters that one expression reads or writes."""

_COLLECTIONS = (list, tuple, set, frozenset, dict)


class Budget:
    """The remaining work of one evaluation. Code spends from it before doing the work."""

    __slots__ = ("_characters", "_steps")

    def __init__(self, steps: float = MAX_STEPS, characters: float = MAX_WORK) -> None:
        self._steps = steps
        self._characters = characters

    def spend(self, steps: int, characters: int = 0) -> None:
        """Take from the budget. Raise ExpressionError if it is used up."""
        self._steps -= steps
        self._characters -= characters
        if self._steps < 0:
            raise ExpressionError(
                f"the expression needs more than {MAX_STEPS:,} steps of work",
                help="use shorter lists",
            )
        if self._characters < 0:
            raise ExpressionError(
                f"the expression reads and writes more than {MAX_WORK:,} characters of text",
                help="use shorter texts or lists",
            )


UNLIMITED = Budget(math.inf, math.inf)
"""The budget for callers whose work is limited in another way."""


def bounded(value: Any, budget: Budget = UNLIMITED) -> Any:
    """Return the value. Raise ExpressionError if it is too large, or not a finite real number."""
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
    """Raise ExpressionError if a text with this number of characters is too long."""
    if characters > MAX_TEXT:
        raise ExpressionError(f"the text has {characters:,} characters, at most {MAX_TEXT:,} are allowed")


def check_size(*values: object, budget: Budget = UNLIMITED) -> None:
    """Raise ExpressionError if the values are nested too deep, or contain too many values or characters.

    The check is iterative and stops at the first limit: a list may contain itself, or another one many times.
    """
    count = characters = 0
    rest: list[tuple[Any, int]] = [(values, -1)]
    while rest:
        collection, depth = rest.pop()
        if depth == MAX_DEPTH:
            raise ExpressionError(f"the lists are nested more than {MAX_DEPTH} levels deep")
        count += len(collection)
        if count > MAX_ITEMS + len(values):
            raise ExpressionError(
                f"the list contains more than {MAX_ITEMS:,} values", help="use shorter lists"
            )
        budget.spend(5 + 2 * len(collection))
        for item in collection.values() if isinstance(collection, dict) else collection:
            if isinstance(item, str):
                characters += len(item)
            elif isinstance(item, _COLLECTIONS):
                rest.append((item, depth + 1))
        if characters > MAX_CHARACTERS:
            raise ExpressionError(
                f"the value contains more than {MAX_CHARACTERS:,} characters of text",
                help="use shorter texts or lists",
            )
