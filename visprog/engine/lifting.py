"""Calls a tool once for each item of a list, several items at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import copy_context
from functools import partial
from threading import Condition, Lock
from typing import Any

from visprog.engine.cache.memory import CacheEntry
from visprog.engine.observing import ObserverFailed
from visprog.engine.workers import WorkerPool
from visprog.errors import DeadlineExceeded, UsageError

MAX_ELEMENTS = 1_000
"""Maximum length of a list whose items a tool is called for."""

_MAX_LISTED = 10
"""Maximum elements that a merged warning lists."""


class ElementFailed(Exception):  # noqa: N818 - carries the error of one element
    """One element of a lifted step failed. `place` counts from 1."""

    def __init__(self, place: int, count: int, error: BaseException) -> None:
        super().__init__(place, count, error)
        self.place = place
        self.count = count
        self.error = error


def count_elements(lifted: Mapping[str, Sequence[Any]]) -> int:
    """Return the length of the lists. Raises UsageError if they differ or are too long."""
    lengths = {name: len(items) for name, items in lifted.items()}
    (first, count), *others = lengths.items()
    for name, length in others:
        if length != count:
            raise UsageError(
                f"the lists of `{first}` and `{name}` have different lengths: {count} and {length}",
                help="the tool is called once for each item, so the lists must be equally long",
            )
    if count > MAX_ELEMENTS:
        raise UsageError(
            f"the list of `{first}` has {count:,} items, at most {MAX_ELEMENTS:,} are allowed",
            help="use fewer items, such as those that Filter keeps",
        )
    return count


class ElementRunner:
    """Computes the elements of one step, in this thread and in others of the pool.

    `compute` returns the entry of one element, and whether it came from the cache. At most `most` elements
    are computed at the same time. `report` is called after each element.
    """

    def __init__(
        self,
        count: int,
        compute: Callable[[int], tuple[CacheEntry, bool]],
        workers: WorkerPool,
        most: int,
        report: Callable[[], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        self._compute = compute
        self._workers = workers
        self._most = min(most, count)
        self._report = report
        self._is_stopped = is_stopped
        self._rest = iter(range(count))
        self._count = count
        self._running = 0
        self._changed = Condition(Lock())
        self._failures: dict[int, BaseException] = {}
        self._found: dict[int, tuple[CacheEntry, bool]] = {}

    def run(self) -> list[tuple[CacheEntry, bool]]:
        """Return the entries in order. Raises ElementFailed for the first element that failed.

        After a failure no further element starts. The elements before the failed one have started already.
        An interruption and an observer's error are raised as they are.
        """
        try:
            for _ in range(self._most - 1):
                self._workers.submit(partial(copy_context().run, self._work))
            self._work()
        finally:
            self._rest = iter(())
        with self._workers.waiting_for_run(), self._changed:
            self._changed.wait_for(lambda: not self._running)
        for error in self._failures.values():
            if isinstance(error, KeyboardInterrupt | ObserverFailed):
                raise error
        if self._failures:
            place = min(self._failures)
            raise ElementFailed(place + 1, self._count, self._failures[place])
        if len(self._found) < self._count:
            raise DeadlineExceeded(f"the run ended after {len(self._found)} of {self._count} elements")
        return [self._found[place] for place in range(self._count)]

    def _work(self) -> None:
        while (place := self._next()) is not None:
            try:
                self._found[place] = self._compute(place)
                self._report()
            except BaseException as error:  # raised again in the thread of the step
                self._failures[place] = error
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _next(self) -> int | None:
        with self._changed:
            place = None if self._failures or self._is_stopped() else next(self._rest, None)
            self._running += place is not None
            return place


def merged_warnings(warnings: Iterable[Sequence[str]], count: int) -> list[str]:
    """Return the warnings of all elements, each once, with the elements that it concerns."""
    places: dict[str, list[int]] = {}
    for place, each in enumerate(warnings, start=1):
        for warning in dict.fromkeys(each):
            places.setdefault(warning, []).append(place)
    return [f"{warning} ({_places(found, count)})" for warning, found in places.items()]


def _places(found: list[int], count: int) -> str:
    if len(found) == count > 1:
        return f"all {count} elements"
    listed = ", ".join(map(str, found[:_MAX_LISTED])) + ", ..." * (len(found) > _MAX_LISTED)
    return f"{len(found)} of {count}: element{'s' if len(found) > 1 else ''} {listed}"
