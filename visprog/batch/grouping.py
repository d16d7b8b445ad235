"""Which worker takes which task: those on one picture stay together, as long as nobody is idle for it."""

from __future__ import annotations

from collections import deque

from visprog.batch.runner import Job

_REMEMBERED = 10_000
"""Of so many pictures it is known who had them: more than a worker keeps encodings of."""


class Waiting:
    """Jobs that wait, by their first picture. Workers are known by numbers."""

    def __init__(self) -> None:
        self._groups: dict[str, deque[Job]] = {}
        self._homes: dict[str, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, job: Job) -> None:
        """Let a job wait."""
        picture = str(next(iter(job[1].pictures.values()), ""))
        self._groups.setdefault(picture, deque()).append(job)
        self._count += 1

    def take(self, worker: int, *, idle: bool) -> Job | None:
        """Return a job on a picture that the worker has had, else on one that nobody has had, oldest first.

        An idle worker is given what another one's picture has most of, before it is given nothing.
        """
        picture = self._choose(worker, idle=idle)
        if picture is None:
            return None
        if picture:
            self._settle(picture, worker)
        group = self._groups[picture]
        if len(group) == 1:
            del self._groups[picture]
        self._count -= 1
        return group.popleft()

    def _choose(self, worker: int, *, idle: bool) -> str | None:
        fresh = None
        for picture in self._groups:
            home = self._homes.get(picture)
            if home == worker:
                return picture
            if home is None and fresh is None:
                fresh = picture
        if fresh is None and idle:
            return max(self._groups, key=lambda picture: len(self._groups[picture]), default=None)
        return fresh

    def _settle(self, picture: str, worker: int) -> None:
        self._homes.pop(picture, None)
        self._homes[picture] = worker  # as the last: the longest unused is forgotten first
        if len(self._homes) > _REMEMBERED:
            del self._homes[next(iter(self._homes))]
