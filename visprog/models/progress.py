"""How far a model has come with what it does, for whoever watches.

Reported is to who listens in the same thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

Listener: TypeAlias = Callable[[int, int], None]
"""Called with how many parts are done, and of how many."""

_LISTENER: ContextVar[Listener | None] = ContextVar("_LISTENER", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have `listener` called for all that is reported inside the block."""
    before = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(before)


def report(done: int, total: int) -> None:
    """Say that `done` of `total` parts are done. Models call this as they go."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(done, total)
