"""Who may use the libraries of models: many models compute at once, and a checkpoint is loaded alone.

While the libraries build a network, they change what belongs to the whole process: torch's default precision,
and functions of their own, by which weights are shared and first drawn. Two that load at once put back each
other's changes for good, and a model that computes meanwhile may do so in another's precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, RLock, local


class ModelLock:
    """A model's lock, held while it computes: by one thread, and not while a checkpoint is being loaded."""

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
    """Wait until no model computes and nothing else is loaded, and hold all that off inside the block.

    Not for a thread that holds a `ModelLock`, which would wait for itself: RuntimeError.
    """
    with _GATE.alone():
        yield


class _Gate:
    """Lets in any number of threads that compute, or the one that loads.

    Who is in already may go in again. Who wants to load comes before those that want to compute.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._computing = 0
        self._to_load = 0
        self._alone = RLock()
        self._here = _Depths()

    def enter(self) -> None:
        if not self._here.computing and not self._here.loading:
            with self._changed:
                self._changed.wait_for(lambda: not self._to_load)
                self._computing += 1
        self._here.computing += 1

    def leave(self) -> None:
        self._here.computing -= 1
        if not self._here.computing and not self._here.loading:
            with self._changed:
                self._computing -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        if self._here.computing and not self._here.loading:
            raise RuntimeError("a checkpoint is being loaded while a model's lock is held")
        with self._changed:
            self._to_load += 1
        try:
            with self._alone:
                with self._changed:
                    self._changed.wait_for(lambda: not self._computing)
                self._here.loading += 1
                try:
                    yield
                finally:
                    self._here.loading -= 1
        finally:
            with self._changed:
                self._to_load -= 1
                self._changed.notify_all()


class _Depths(local):
    """In how many blocks of each kind a thread is."""

    computing = 0
    loading = 0


_GATE = _Gate()
