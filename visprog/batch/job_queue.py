"""A queue of jobs that gives jobs on the same picture to the same worker, as long as no worker is idle."""

from __future__ import annotations

from collections import deque

from visprog.batch.engines import Job

_REMEMBERED_PICTURES = 10_000
"""Number of pictures whose worker is remembered. A worker keeps the encodings of fewer pictures."""


class JobQueue:
    """Jobs that wait for a worker, grouped by their first picture. Workers are known by their numbers."""

    def __init__(self) -> None:
        self._groups: dict[str, deque[Job]] = {}
        self._workers: dict[str, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, job: Job) -> None:
        """Add a job."""
        picture = str(next(iter(job[1].pictures.values()), ""))
        self._groups.setdefault(picture, deque()).append(job)
        self._count += 1

    def take(self, worker: int, *, idle: bool) -> Job | None:
        """Return the oldest job on one of the worker's pictures, or on a picture that no worker has had.

        An idle worker otherwise gets a job on another worker's picture, the one with the most jobs.
        """
        picture = self._choose_picture(worker, idle=idle)
        if picture is None:
            return None
        if picture:
            self._remember(picture, worker)
        group = self._groups[picture]
        if len(group) == 1:
            del self._groups[picture]
        self._count -= 1
        return group.popleft()

    def _choose_picture(self, worker: int, *, idle: bool) -> str | None:
        new = None
        for picture in self._groups:
            owner = self._workers.get(picture)
            if owner == worker:
                return picture
            if owner is None and new is None:
                new = picture
        if new is None and idle:
            return max(self._groups, key=lambda picture: len(self._groups[picture]), default=None)
        return new

    def _remember(self, picture: str, worker: int) -> None:
        self._workers.pop(picture, None)
        self._workers[picture] = worker  # at the end: the least recently used picture is forgotten first
        if len(self._workers) > _REMEMBERED_PICTURES:
            del self._workers[next(iter(self._workers))]
