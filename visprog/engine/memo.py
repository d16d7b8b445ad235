"""Results that were computed before, under the keys of their steps: never the same step twice."""

from __future__ import annotations

from collections import OrderedDict
from functools import singledispatch
from threading import Lock
from typing import Any, NamedTuple

from visprog.values import Image, Regions

DEFAULT_BYTES = 512 * 2**20


class Remembered(NamedTuple):
    """A step's value, with what the step had to say."""

    value: Any
    warnings: tuple[str, ...]
    models: tuple[str, ...]


class Memo:
    """Keeps what was used last, up to about `limit` bytes of pictures and masks. Safe between threads."""

    def __init__(self, limit: int = DEFAULT_BYTES) -> None:
        self._limit = limit
        self._held = 0
        self._entries: OrderedDict[bytes, tuple[Remembered, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes) -> Remembered | None:
        """Return what is remembered under the key."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: bytes, remembered: Remembered) -> None:
        """Remember a value; the ones longest unused make room. One larger than the limit is not kept."""
        size = 500 + size_of(remembered.value)
        if size > self._limit:
            return
        with self._lock:
            if key in self._entries:
                return
            self._entries[key] = (remembered, size)
            self._held += size
            while self._held > self._limit:
                self._held -= self._entries.popitem(last=False)[1][1]

    def __len__(self) -> int:
        return len(self._entries)


@singledispatch
def size_of(value: object) -> int:  # noqa: ARG001 - what is not registered is small
    """Return about how many bytes a value holds on to."""
    return 100


@size_of.register
def _(value: str) -> int:
    return 50 + 4 * len(value)


@size_of.register
def _(value: list) -> int:  # type: ignore[type-arg]
    return sum(map(size_of, value))


@size_of.register
def _(value: Image) -> int:
    base = value.pixels.base  # a crop keeps all of its parent alive
    return int(getattr(base, "nbytes", 0) or value.pixels.nbytes)


@size_of.register
def _(value: Regions) -> int:
    return 200 * len(value) + sum(region.mask.nbytes for region in value if region.mask is not None)
