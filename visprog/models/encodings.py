"""A bounded cache of the encodings that a model computes from pictures and texts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")

CAPACITY = 256 * 2**20
"""The default capacity in bytes: SAM's embeddings of 64 pictures."""


class Encodings(Generic[Item, Value]):
    """The most recently used encodings, by key, up to `capacity` bytes. The key of a picture is its digest.

    `encode` gets new items, at most `batch_size`, and returns an encoding for each: an array, a tensor, or a
    tuple of them. Not safe between threads: models use it under their own lock.
    """

    def __init__(
        self,
        encode: Callable[[Sequence[Item]], Iterable[Value]],
        *,
        batch_size: int = 32,
        capacity: int = CAPACITY,
    ) -> None:
        self.encode = encode
        self._batch_size = batch_size
        self.capacity = capacity
        self._kept: OrderedDict[str, Value] = OrderedDict()
        self.nbytes = 0

    def of(self, items: Mapping[str, Item]) -> dict[str, Value]:
        """Return the encoding of each item, by key. Encodes the new items, each once."""
        found = {key: self._kept[key] for key in items if key in self._kept}
        new = [key for key in items if key not in found]
        for start in range(0, len(new), self._batch_size):
            keys = new[start : start + self._batch_size]
            found.update(zip(keys, self.encode([items[key] for key in keys]), strict=True))
        for key in items:
            self._keep(key, found[key])
        return found

    def _keep(self, key: str, value: Value) -> None:
        if key not in self._kept:
            self.nbytes += size_of(value)
        self._kept[key] = value
        self._kept.move_to_end(key)
        while self.nbytes > self.capacity and len(self._kept) > 1:
            self.nbytes -= size_of(self._kept.popitem(last=False)[1])

    def __iter__(self) -> Iterator[Value]:
        return iter(self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)


def size_of(value: Any) -> int:
    """Return the bytes of all arrays and tensors in a value."""
    if isinstance(value, tuple | list):
        return sum(map(size_of, value))
    return int(getattr(value, "nbytes", 0))
