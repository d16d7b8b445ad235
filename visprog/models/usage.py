"""Counts the tokens that models use.

    with counting() as usage:
        model.answer(image, question)
    usage.tokens

A block counts the tokens that are used in its thread, in its task of an event loop, and in threads that run
in a copy of its context.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from threading import Lock
from typing import NamedTuple


class Tokens(NamedTuple):
    """The number of tokens that models read and wrote."""

    input_tokens: int = 0
    output_tokens: int = 0


NOTHING = Tokens()
"""The cost of no request."""


def total(costs: Iterable[Tokens]) -> Tokens:
    """Return the sum of the costs."""
    listed = tuple(costs)
    return Tokens(sum(each.input_tokens for each in listed), sum(each.output_tokens for each in listed))


class Usage:
    """A running count, in `tokens`. It grows inside its block."""

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
"""One lock is enough: a request takes far longer than adding its tokens."""

_COUNTED: ContextVar[tuple[Usage, ...]] = ContextVar("_COUNTED", default=())


def counting() -> Usage:
    """Count the tokens that are used inside the block. Nested blocks count for all outer blocks too."""
    return Usage()


def spend(input_tokens: int | None, output_tokens: int | None) -> None:
    """Add the tokens of one request; None if a number is unknown. Models call this once for each request."""
    spent = Tokens(input_tokens or 0, output_tokens or 0)
    for usage in _COUNTED.get():
        usage.add(spent)
