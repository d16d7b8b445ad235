"""The results of steps in memory, by the keys of the steps, so that no step is computed twice."""

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
"""Maximum number of bytes that cached values take, if the user sets none."""


class CacheEntry(NamedTuple):
    """A step's value, its warnings, and the fingerprints of its models."""

    value: Any
    warnings: tuple[str, ...]
    models: tuple[str, ...]


class Store(Protocol):
    """Keeps results after the process has ended. `visprog.engine.cache.disk.DiskMemo` is one."""

    def get(self, key: bytes) -> CacheEntry | None:
        """Return the entry under the key, if there is one."""
        ...

    def put(self, key: bytes, entry: CacheEntry) -> None:
        """Keep an entry, if its kind can be kept."""
        ...


class Memo:
    """Keeps the most recently used results, up to about `limit` bytes. Safe between threads.

    On a miss, `begin` reserves the key; the caller computes the value, then calls `end`. Other callers with
    the same key wait for it. A `store` keeps the values of lasting keys for other processes. A key that is
    not lasting is valid in this process only.
    """

    def __init__(self, limit: int = DEFAULT_BYTES, store: Store | None = None) -> None:
        self.store = store
        self._limit = limit
        self._entries: OrderedDict[bytes, CacheEntry] = OrderedDict()
        self._sizes = _Sizes()
        self._reserved: dict[bytes, list[Pause]] = {}  # with the threads that wait for each key
        self._lock = Lock()

    def begin(
        self, key: bytes, workers: WorkerPool | None = None, *, lasting: bool = True
    ) -> CacheEntry | None:
        """Return the entry under the key; or None, and reserve the key for the caller until `end`.

        A worker that has to wait counts as blocked.
        """
        found = self._find(key, workers)
        if found is not None or self.store is None or not lasting:
            return found
        try:
            found = self.store.get(key)  # others with this key wait, as for a computation
        except BaseException:
            self._release(key, None)
            raise
        if found is not None:
            self._release(key, found)
        return found

    def _find(self, key: bytes, workers: WorkerPool | None) -> CacheEntry | None:
        while True:
            with self._lock:
                entry = self._entries.get(key)
                if entry is not None:
                    self._entries.move_to_end(key)
                    return _with_copied_list(entry)
                waiting = self._reserved.get(key)
                if waiting is None:
                    self._reserved[key] = []
                    return None
                workers = workers or WorkerPool(1)
                pause = Pause(workers)
                waiting.append(pause)
                pause.begin()
            pause.wait()
            if workers.is_worker:
                workers.acquire_slot()

    def end(self, key: bytes, computed: CacheEntry | None, *, lasting: bool = True) -> None:
        """Release the key, and keep the computed entry, if there is one.

        Without room, the least recently used entries are removed. A value above the limit is not kept.
        """
        self._release(key, computed)
        if computed is not None and self.store is not None and lasting:
            with contextlib.suppress(
                MemoryError, RecursionError
            ):  # the step succeeds even if its value is not kept
                self.store.put(key, computed)

    def waiting(self, key: bytes) -> int:
        """Return the number of threads that wait for a key which another one computes."""
        with self._lock:
            return len(self._reserved.get(key, ()))

    @property
    def size(self) -> int:
        """The bytes that the kept values take, about."""
        return self._sizes.total

    def release_keys(self) -> None:
        """Release every reserved key, as the threads that reserved them may never do so."""
        with self._lock:
            reserved, self._reserved = self._reserved, {}
        for waiting in reserved.values():
            for pause in waiting:
                pause.end()

    def clear(self) -> None:
        """Remove all entries."""
        with self._lock:
            self._entries.clear()
            self._sizes = _Sizes()

    def _release(self, key: bytes, computed: CacheEntry | None) -> None:
        """Wake up all threads that wait for the key, even if the value cannot be measured or copied."""
        waiting: list[Pause] = []
        try:
            with self._lock:
                waiting = self._reserved.pop(key, [])
                if computed is not None and key not in self._entries:
                    with contextlib.suppress(
                        Exception
                    ):  # a custom tool's value may raise any error when it is measured
                        self._keep(key, _with_copied_list(computed))
        finally:
            for pause in waiting:
                pause.end()

    def _keep(self, key: bytes, entry: CacheEntry) -> None:
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
    """Counts the bytes that values keep in memory. Values that share memory, such as crops, count it once."""

    def __init__(self) -> None:
        self._holders: Counter[int] = Counter()
        self.total = 0

    def add(self, value: Any) -> None:
        found = [] if isinstance(value, _SMALL) else list(parts(value))  # first, as it may fail
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
"""Bytes that an entry takes besides the parts of its value, about."""


def _with_copied_list(entry: CacheEntry) -> CacheEntry:
    """Copy a list, the only kind of value that can be changed, so that nobody changes the kept one."""
    return entry._replace(value=copied(entry.value)) if isinstance(entry.value, list) else entry


def copied(value: Any) -> Any:
    """Copy a list, and the lists in it."""
    return [copied(item) for item in value] if isinstance(value, list) else value


@singledispatch
def parts(value: object) -> Iterator[tuple[int, int]]:
    """Yield the identity and the bytes of each large object that a value keeps in memory."""
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
    owner = value if value.base is None else value.base  # a crop keeps its whole picture
    yield id(owner), int(getattr(owner, "nbytes", value.nbytes))


@parts.register
def _(value: Image) -> Iterator[tuple[int, int]]:
    yield from parts(value.pixels)
    if value.alpha is not None:
        yield from parts(value.alpha)


@parts.register
def _(value: Regions) -> Iterator[tuple[int, int]]:
    for region in value:
        if region.mask is not None:
            yield id(region.mask), region.mask.nbytes
    yield id(value), 200 * len(value)
