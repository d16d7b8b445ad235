"""What a model made of pictures and texts, kept so that what comes again is not encoded again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")

ROOM = 256 * 2**20
"""Bytes. Enough for SAM's embeddings of 64 pictures."""


class Encodings(Generic[Item, Value]):
    """The encodings last asked for, up to `room` bytes of them, by key; a picture's key is its digest.

    `encode` is given items that are new, at most `at_once`, and returns an encoding for each: an array, a
    tensor, or a tuple with some. Not safe between threads: a model asks under its own lock.
    """

    def __init__(
        self, encode: Callable[[Sequence[Item]], Iterable[Value]], *, at_once: int = 32, room: int = ROOM
    ) -> None:
        self._encode = encode
        self._at_once = at_once
        self._room = room
        self._kept: OrderedDict[str, Value] = OrderedDict()
        self._taken = 0

    def of(self, items: Mapping[str, Item]) -> dict[str, Value]:
        """Return the encoding of each item, under its key. Those that are new are encoded, each once."""
        found = {key: self._kept[key] for key in items if key in self._kept}
        new = [key for key in items if key not in found]
        for start in range(0, len(new), self._at_once):
            keys = new[start : start + self._at_once]
            found.update(zip(keys, self._encode([items[key] for key in keys]), strict=True))
        for key in items:
            self._keep(key, found[key])
        return found

    def _keep(self, key: str, value: Value) -> None:
        if key not in self._kept:
            self._taken += size_of(value)
        self._kept[key] = value
        self._kept.move_to_end(key)
        while self._taken > self._room and len(self._kept) > 1:
            self._taken -= size_of(self._kept.popitem(last=False)[1])

    def __len__(self) -> int:
        return len(self._kept)


def size_of(value: Any) -> int:
    """Return the bytes of all arrays and tensors in a value."""
    if isinstance(value, tuple | list):
        return sum(map(size_of, value))
    return int(getattr(value, "nbytes", 0))
