"""Locks for the libraries of models: many models compute at the same time, but a checkpoint is loaded alone.

While a library builds a network, it changes global state: torch's default precision, and its own functions
that share and initialise weights. Two threads that load at the same time could restore each other's changes,
and a model that computes during a load could use the wrong precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, RLock, local


class ModelLock:
    """A model's lock. One thread holds it while the model computes, never while a checkpoint is loaded."""

    def __init__(self) -> None:
        self._own = RLock()

    def __enter__(self) -> None:
        _GATE.enter()
        try:
            self._own.acquire()
        except BaseException:
            _GATE.leave()
            raise

    def __exit__(self, *_: object) -> None:
        self._own.release()
        _GATE.leave()


@contextmanager
def loading_alone() -> Iterator[None]:
    """Wait until no model computes and nothing is loaded, and keep it so inside the block.

    Raises RuntimeError in a thread that holds a `ModelLock`, because it would wait for itself.
    """
    with _GATE.alone():
        yield


class _Gate:
    """Admits any number of threads that compute, or one thread that loads.

    A thread can enter again while it is inside. Threads that wait to load go before threads that wait to
    compute.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._computing = 0
        self._waiting_to_load = 0
        self._alone = RLock()
        self._depths = _Depths()

    def enter(self) -> None:
        if not self._depths.computing and not self._depths.loading:
            with self._changed:
                self._changed.wait_for(lambda: not self._waiting_to_load)
                self._computing += 1
        self._depths.computing += 1

    def leave(self) -> None:
        self._depths.computing -= 1
        if not self._depths.computing and not self._depths.loading:
            with self._changed:
                self._computing -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        if self._depths.computing and not self._depths.loading:
            raise RuntimeError("a checkpoint is being loaded while a model's lock is held")
        with self._changed:
            self._waiting_to_load += 1
        try:
            with self._alone:
                with self._changed:
                    self._changed.wait_for(lambda: not self._computing)
                self._depths.loading += 1
                try:
                    yield
                finally:
                    self._depths.loading -= 1
        finally:
            with self._changed:
                self._waiting_to_load -= 1
                self._changed.notify_all()


class _Depths(local):
    """The number of blocks of each kind that the current thread is inside."""

    computing = 0
    loading = 0


_GATE = _Gate()
