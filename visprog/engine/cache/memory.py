"""Results that were computed before, under the keys of their steps: never the same step twice."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterator
from functools import singledispatch
from threading import Lock
from typing import Any, NamedTuple, Protocol

import numpy as np

from visprog.engine.workers import Pause, WorkerPool
from visprog.values import Image, Regions

DEFAULT_BYTES = 512 * 2**20


class Remembered(NamedTuple):
    """A step's value, with what the step had to say."""

    value: Any
    warnings: tuple[str, ...]
    models: tuple[str, ...]


class Store(Protocol):
    """Where results outlast the process. `visprog.engine.cache.disk.DiskMemo` is one."""

    def get(self, key: bytes) -> Remembered | None:
        """Return what is kept under the key."""
        ...

    def put(self, key: bytes, entry: Remembered) -> None:
        """Keep an entry, if it can be kept."""
        ...


class Memo:
    """Keeps what was used last, up to about `limit` bytes. Safe between threads.

    Who finds nothing by `begin` computes the value, and says so by `end`; others who ask for the same key
    meanwhile wait for it. Behind it, a `store` keeps the values of lasting keys for other processes; one that
    does not last means something in this process only.
    """

    def __init__(self, limit: int = DEFAULT_BYTES, store: Store | None = None) -> None:
        self.store = store
        self._limit = limit
        self._entries: OrderedDict[bytes, Remembered] = OrderedDict()
        self._sizes = _Sizes()
        self._busy: dict[bytes, list[Pause]] = {}  # who waits for each key that is being computed
        self._lock = Lock()

    def begin(
        self, key: bytes, workers: WorkerPool | None = None, *, lasting: bool = True
    ) -> Remembered | None:
        """Return what is remembered under the key. None hands the key to the caller, until `end`.

        While a thread at work has to wait, it rests.
        """
        found = self._find(key, workers)
        if found is not None or self.store is None or not lasting:
            return found
        try:
            found = self.store.get(key)  # others wait for it, as for a computation
        except BaseException:
            self._give_back(key, None)
            raise
        if found is not None:
            self._give_back(key, found)
        return found

    def _find(self, key: bytes, workers: WorkerPool | None) -> Remembered | None:
        while True:
            with self._lock:
                entry = self._entries.get(key)
                if entry is not None:
                    self._entries.move_to_end(key)
                    return _with_own_list(entry)
                waiting = self._busy.get(key)
                if waiting is None:
                    self._busy[key] = []
                    return None
                workers = workers or WorkerPool(1)
                pause = Pause(workers)
                waiting.append(pause)
                pause.begin()
            pause.wait()
            if workers.is_at_work:
                workers.take_turn()

    def end(self, key: bytes, computed: Remembered | None, *, lasting: bool = True) -> None:
        """Give the key back, with what was computed, if anything was; the longest unused make room for it.

        A value larger than the limit is not kept in memory.
        """
        self._give_back(key, computed)
        if computed is not None and self.store is not None and lasting:
            with contextlib.suppress(MemoryError, RecursionError):  # the step has its value all the same
                self.store.put(key, computed)

    def forget_the_busy(self) -> None:
        """Give every key back: whoever had it may never do so. Who still computes one need not mind."""
        with self._lock:
            busy, self._busy = self._busy, {}
        for waiting in busy.values():
            for pause in waiting:
                pause.end()

    def _give_back(self, key: bytes, computed: Remembered | None) -> None:
        """Wake everyone who waits for the key, even if the value cannot be measured or copied."""
        waiting: list[Pause] = []
        try:
            with self._lock:
                waiting = self._busy.pop(key, [])
                if computed is not None and key not in self._entries:
                    with contextlib.suppress(Exception):  # whatever measuring a tool's own value leads to
                        self._keep(key, _with_own_list(computed))
        finally:
            for pause in waiting:
                pause.end()

    def _keep(self, key: bytes, entry: Remembered) -> None:
        self._sizes.add(entry.value)
        if self._sizes.total > self._limit and sum(dict(parts(entry.value)).values()) > self._limit:
            self._sizes.remove(entry.value)
            return
        self._entries[key] = entry
        while self._sizes.total > self._limit:
            self._sizes.remove(self._entries.popitem(last=False)[1].value)

    def __len__(self) -> int:
        return len(self._entries)


class _Sizes:
    """The bytes that values hold on to. What several share, as crops do their picture, counts once."""

    def __init__(self) -> None:
        self._holders: Counter[int] = Counter()
        self.total = 0

    def add(self, value: Any) -> None:
        found = [] if isinstance(value, _SMALL) else list(parts(value))  # it may fail: before any is counted
        self.total += _ENTRY
        for owner, size in found:
            self._holders[owner] += 1
            if self._holders[owner] == 1:
                self.total += size

    def remove(self, value: Any) -> None:
        self.total -= _ENTRY
        if isinstance(value, _SMALL):
            return
        for owner, size in parts(value):
            self._holders[owner] -= 1
            if not self._holders[owner]:
                del self._holders[owner]
                self.total -= size


_SMALL = (bool, int, float)

_ENTRY = 500
"""About what an entry takes beside its value's parts."""


def _with_own_list(entry: Remembered) -> Remembered:
    """Copy a list, the one kind of value that can be changed: nobody gets, or leaves, the remembered one."""
    return entry._replace(value=copied(entry.value)) if isinstance(entry.value, list) else entry


def copied(value: Any) -> Any:
    """Copy a list, and the lists in it."""
    return [copied(item) for item in value] if isinstance(value, list) else value


@singledispatch
def parts(value: object) -> Iterator[tuple[int, int]]:
    """Yield the identity and the bytes of each large thing that a value holds on to."""
    yield id(value), sys.getsizeof(value)


@parts.register
def _(value: str) -> Iterator[tuple[int, int]]:
    yield id(value), 4 * len(value)


@parts.register(list)
@parts.register(tuple)
@parts.register(set)
@parts.register(frozenset)
def _(value: Collection[Any]) -> Iterator[tuple[int, int]]:
    for item in value:
        yield from parts(item)
    yield id(value), 8 * len(value)


@parts.register
def _(value: dict) -> Iterator[tuple[int, int]]:  # type: ignore[type-arg]
    for item in value.values():
        yield from parts(item)
    yield id(value), 16 * len(value)


@parts.register
def _(value: np.ndarray) -> Iterator[tuple[int, int]]:
    owner = value if value.base is None else value.base  # a crop keeps all of its parent
    yield id(owner), int(getattr(owner, "nbytes", value.nbytes))


@parts.register
def _(value: Image) -> Iterator[tuple[int, int]]:
    yield from parts(value.pixels)


@parts.register
def _(value: Regions) -> Iterator[tuple[int, int]]:
    for region in value:
        if region.mask is not None:
            yield id(region.mask), region.mask.nbytes
    yield id(value), 200 * len(value)
