"""What models cost in tokens, counted for whoever asks.

    with counting() as usage:
        model.answer(image, question)
    usage.tokens

Counted is what is spent in the same thread, the same task of an event loop, or a thread that runs in a copy
of its context.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from threading import Lock
from typing import NamedTuple


class Tokens(NamedTuple):
    """How many tokens models were given, and how many they returned."""

    input_tokens: int = 0
    output_tokens: int = 0


NOTHING = Tokens()
"""What no model has cost."""


def total(costs: Iterable[Tokens]) -> Tokens:
    """Return the sum."""
    listed = tuple(costs)
    return Tokens(sum(each.input_tokens for each in listed), sum(each.output_tokens for each in listed))


class Usage:
    """What was counted so far, in `tokens`; counting goes on inside its block."""

    __slots__ = ("_before", "tokens")

    def __init__(self) -> None:
        self.tokens = NOTHING

    def __enter__(self) -> Usage:
        self._before = _COUNTED.set((*_COUNTED.get(), self))
        return self

    def __exit__(self, *exception: object) -> None:
        _COUNTED.reset(self._before)

    def add(self, spent: Tokens) -> None:
        """Add to the count. Safe between threads."""
        with _ADDING:
            self.tokens = total((self.tokens, spent))


_ADDING = Lock()
"""One for all: what costs tokens takes far longer than to add them, and a step is often free."""

_COUNTED: ContextVar[tuple[Usage, ...]] = ContextVar("_COUNTED", default=())


def counting() -> Usage:
    """Count the tokens that are spent inside the block; one block inside another counts for both."""
    return Usage()


def spend(input_tokens: int | None, output_tokens: int | None) -> None:
    """Say what a model has cost; None where that is not known. Models call this once a request."""
    spent = Tokens(input_tokens or 0, output_tokens or 0)
    for usage in _COUNTED.get():
        usage.add(spent)
