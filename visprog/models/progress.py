"""Progress of models. A model reports its progress to the listener of its thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

Listener: TypeAlias = Callable[[int, int], None]
"""Called with the number of finished parts and the total number."""

_LISTENER: ContextVar[Listener | None] = ContextVar("_LISTENER", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call `listener` for all progress that is reported inside the block."""
    before = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(before)


def report(done: int, total: int) -> None:
    """Report that `done` of `total` parts are finished. Models call this while they work."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(done, total)
