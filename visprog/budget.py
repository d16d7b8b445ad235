"""A limit on the memory that several threads use at the same time."""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Budget:
    """Reserves at most `limit` bytes at the same time. Callers wait in order until there is room.

    `used` is the number of bytes reserved now. A reservation larger than `limit` is granted when nothing else
    is reserved.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._line: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Reserve `size` bytes inside the block; wait until there is room for them."""
        with self._changed:
            self._wait(size)
            self.used += size
        try:
            yield
        finally:
            with self._changed:
                self.used -= size
                self._changed.notify_all()

    def _wait(self, size: int) -> None:
        place = object()
        self._line.append(place)
        try:
            self._changed.wait_for(
                lambda: self._line[0] is place and (not self.used or self.used + size <= self.limit)
            )
        finally:
            self._line.remove(place)
            self._changed.notify_all()


def release_memory() -> None:
    """Return freed memory to the system: glibc can keep hundreds of megabytes for each thread.

    Do nothing if the C library has no such function.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(0)
