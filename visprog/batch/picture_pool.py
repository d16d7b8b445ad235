"""The input pictures of running tasks: each is read once for all tasks that use it, within a memory limit."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from visprog.images import MemoryNeed, load_image, need_of
from visprog.values import Image

MEMORY_LIMIT = 2**30
"""Bytes of all pictures that are loaded or being read. A task that needs more must run alone."""


@dataclass(slots=True)
class _Entry:
    """A picture of `size` bytes that `users` tasks use. The first of them reads it."""

    size: int
    image: Future[Image] = field(default_factory=Future)
    users: int = 0


class PicturePool:
    """Loads pictures for tasks, in the order of the tasks if memory is short. Thread-safe.

    `read` and `need_of` are called from several threads. `need_of` returns the memory that a picture needs.
    """

    def __init__(
        self,
        limit: int = MEMORY_LIMIT,
        read: Callable[[Path], Image] = load_image,
        need_of: Callable[[Path], MemoryNeed] = need_of,
    ) -> None:
        self._limit = limit
        self._read = read
        self._need_of = need_of
        self._reading = 0
        self._entries: dict[Path, _Entry] = {}
        self._queue: deque[object] = deque()
        self._changed = Condition()

    @property
    def used(self) -> int:
        """Bytes of the pictures that are loaded or being read."""
        with self._changed:
            return self._reading + sum(entry.size for entry in self._entries.values())

    @property
    def waiting(self) -> int:
        """Number of tasks that wait for memory."""
        return len(self._queue)

    def users(self, path: Path) -> int:
        """Return how many tasks use a picture or wait until it is read."""
        with self._changed:
            return self._entries[path].users if path in self._entries else 0

    @contextmanager
    def load(self, paths: Mapping[str, Path]) -> Iterator[dict[str, Image]]:
        """Load a task's pictures, and keep them loaded inside the block. Raises ImageError."""
        needs = {path: self._need(path) for path in paths.values()}
        with self._changed:
            self._wait_for_memory(needs)
            unread = needs.keys() - self._entries.keys()
            entries = self._add_user(needs)
            reading = _memory_to_read(needs[path] for path in unread)
            self._reading += reading
        try:
            try:
                for path in unread:
                    self._fetch(path, entries[path])
            finally:
                with self._changed:
                    self._reading -= reading
                    self._changed.notify_all()
            yield {name: entries[path].image.result() for name, path in paths.items()}
        finally:
            self._remove_user(entries)

    def _need(self, path: Path) -> MemoryNeed:
        entry = self._entries.get(path)
        return MemoryNeed(entry.size) if entry is not None else self._need_of(path)

    def _add_user(self, needs: Mapping[Path, MemoryNeed]) -> dict[Path, _Entry]:
        entries = {path: self._entries.setdefault(path, _Entry(need.held)) for path, need in needs.items()}
        for entry in entries.values():
            entry.users += 1
        return entries

    def _remove_user(self, entries: Mapping[Path, _Entry]) -> None:
        with self._changed:
            for path, entry in entries.items():
                entry.users -= 1
                if not entry.users:
                    del self._entries[path]
            self._changed.notify_all()

    def _wait_for_memory(self, needs: Mapping[Path, MemoryNeed]) -> None:
        """Wait behind earlier tasks. A task whose pictures are all loaded need not wait."""
        ticket = object()
        self._queue.append(ticket)
        try:
            self._changed.wait_for(lambda: self._has_memory(needs, first=self._queue[0] is ticket))
        finally:
            self._queue.remove(ticket)
            self._changed.notify_all()

    def _has_memory(self, needs: Mapping[Path, MemoryNeed], *, first: bool) -> bool:
        unread = [need for path, need in needs.items() if path not in self._entries]
        more = sum(need.held for need in unread) + _memory_to_read(unread)
        used = self.used
        return not more or (first and (not used or used + more <= self._limit))

    def _fetch(self, path: Path, entry: _Entry) -> None:
        """Read a picture. Every task that waits for it gets the picture or the error."""
        try:
            entry.image.set_result(self._read(path))
        except BaseException as error:
            entry.image.set_exception(error)


def _memory_to_read(needs: Iterable[MemoryNeed]) -> int:
    """Return the bytes needed to read pictures one after the other, without the results."""
    return max((need.reading for need in needs), default=0)
