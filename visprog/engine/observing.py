"""Observers: functions that are called with the events of a run as they happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TypeAlias

from visprog.engine.events import Event, StepProgress
from visprog.engine.workers import WorkerPool

Observer: TypeAlias = Callable[[Event], None]
"""Called with each event as it happens, one at a time, from the thread in which it happens."""


class Notifier:
    """Calls the observer of one run with one event at a time, until `close`."""

    def __init__(self, observer: Observer, workers: WorkerPool) -> None:
        self._observer = observer
        self._workers = workers
        self._turn = Lock()
        self._elements: Counter[int] = Counter()
        self._is_closed = False

    def notify(self, event: Event) -> None:
        """Call the observer. A waiting thread counts as blocked, as the observer may run a program."""
        with self._own_turn():
            if not self._is_closed:
                self._observer(event)

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        if not self._turn.acquire(blocking=False):
            with self._workers.blocked():
                self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()

    def report_progress(self, index: int, done: int, total: int) -> None:
        """Notify of a model's progress in a step. Raises ObserverFailed if the observer raises an error."""
        try:
            self.notify(StepProgress(index, done, total))
        except Exception as error:
            raise ObserverFailed(error) from error

    def report_element(self, index: int, total: int) -> None:
        """Notify of one more finished element of a step. Raises ObserverFailed like `report_progress`.

        The events count the elements one by one, whichever threads finish them.
        """
        with self._own_turn():
            self._elements[index] += 1
            try:
                if not self._is_closed:
                    self._observer(StepProgress(index, self._elements[index], total))
            except Exception as error:
                raise ObserverFailed(error) from error

    def close(self) -> None:
        """Drop all further events."""
        self._is_closed = True


class ObserverFailed(BaseException):
    """Carries an observer's error through a tool and a model, which must not handle it as their own."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error
