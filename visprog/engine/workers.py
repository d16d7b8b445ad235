"""The threads that run steps, and the slots that bound how many of them compute at the same time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from visprog.engine.threads import Job, ReusedThreads

MAX_THREADS = 64
"""Maximum number of the pool's threads that run steps; further steps wait in a queue.

A thread is not counted while its step waits for a program that the step itself runs. If it were counted, all
threads could wait for steps in the queue.
"""


class Load(NamedTuple):
    """The state of a pool at one moment.

    `active` threads are not blocked; `free_slots` more may compute; `threads` of the pool run a step and do
    not wait for a program that their step runs.
    """

    active: int
    free_slots: int
    threads: int


class WorkerPool:
    """The threads that run steps: callers' threads, and up to `MAX_THREADS` of the pool's own.

    A worker is a thread of the pool, or any thread inside `as_worker`. A worker is active or blocked. It is
    blocked while it waits for a model, the network or another step. An active worker computes in one of the
    `slots`, or waits for a slot. When the last active worker is blocked, the pool calls `on_idle` while it
    holds `lock`. A worker that is woken up is active immediately, even before it continues. So is a thread
    that was just given a step.
    """

    def __init__(self, slots: int) -> None:
        self.lock = threading.RLock()
        self.on_idle: Job = _do_nothing
        self.slots = slots
        self._active = 0
        self._free_slots = slots
        self._slot_queue: deque[threading.Lock] = deque()
        self._occupied = 0
        self._jobs: deque[Job] = deque()
        self._threads = ReusedThreads("visprog-step")
        self._local = _Local()

    @property
    def is_worker(self) -> bool:
        """Whether the calling thread is a worker."""
        return self._local.is_worker

    @property
    def load(self) -> Load:
        """The pool's state now."""
        with self.lock:
            return Load(self._active, self._free_slots, self._occupied)

    @contextmanager
    def as_worker(self) -> Iterator[None]:
        """Make the calling thread a worker inside the block."""
        if self.is_worker:
            yield
            return
        self.count_active()
        try:
            self.acquire_slot()
            self._local.is_worker = True
            yield
        finally:
            self._local.is_worker = False
            self.release_slot()

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """Count the calling thread as blocked inside the block, if it is a worker."""
        if not self.is_worker:
            yield
            return
        self.release_slot()
        try:
            yield
        finally:
            self.count_active()
            self.acquire_slot()

    @contextmanager
    def waiting_for_run(self) -> Iterator[None]:
        """Count the calling thread as blocked, and let another thread of the pool take its place."""
        is_pool_thread = self._local.is_pool_thread
        if is_pool_thread:
            with self.lock:
                self._occupied -= 1
                self._start_jobs()
        try:
            with self.blocked():
                yield
        finally:
            if is_pool_thread:
                with self.lock:
                    self._occupied += 1

    def submit(self, job: Job) -> None:
        """Run the job, which must raise nothing, in a thread of the pool, as soon as one is free."""
        with self.lock:
            self._jobs.append(job)
            self._start_jobs()

    def close(self) -> None:
        """End the threads. Running jobs are not waited for, and queued jobs still run."""
        self._threads.close()

    def count_active(self) -> None:
        """Count one more active worker: the calling thread, or one that is being woken up."""
        with self.lock:
            self._active += 1

    def release_slot(self) -> None:
        """Count the calling thread as blocked, and give its slot to another."""
        with self.lock:
            if self._slot_queue and self._free_slots >= 0:
                self._slot_queue.popleft().release()
            else:
                self._free_slots += 1
            self._active -= 1
            if not self._active:
                self.on_idle()

    def acquire_slot(self, *, force: bool = False) -> None:
        """Wait until the calling thread, which is active, may compute. With `force` it may do so now."""
        with self.lock:
            if force or self._free_slots > 0:
                self._free_slots -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._slot_queue.append(turn)
        try:
            turn.acquire()
        except BaseException:  # the user interrupts the main thread
            with self.lock:
                if turn in self._slot_queue:
                    self._slot_queue.remove(turn)
                    self._free_slots -= 1
            raise

    def _start_jobs(self) -> None:
        """Start queued jobs while threads are allowed. The caller holds the lock."""
        while self._jobs and self._occupied < MAX_THREADS:
            self._occupied += 1
            self._active += 1
            self._threads.start(partial(self._serve, self._jobs.popleft()))

    def _serve(self, job: Job) -> None:
        self._local.is_worker = self._local.is_pool_thread = True
        self.acquire_slot()
        while True:
            job()
            with self.lock:
                if not self._jobs or self._occupied > MAX_THREADS:
                    self._occupied -= 1
                    self._local.is_worker = self._local.is_pool_thread = False
                    self.release_slot()
                    return
                job = self._jobs.popleft()


class _Local(threading.local):
    """The state of the calling thread in the pool."""

    is_worker = False
    is_pool_thread = False


class Pause:
    """A wait of one thread, which another thread ends."""

    __slots__ = ("_is_over", "_signal", "_workers")

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers
        self._signal = threading.Lock()
        self._signal.acquire()
        self._is_over = True

    def begin(self) -> None:
        """Count the calling thread as blocked. It calls `wait` next."""
        with self._workers.lock:
            if self._workers.is_worker:
                self._is_over = False
                self._workers.release_slot()

    def end(self) -> None:
        """Wake the thread up, once. It counts as active immediately."""
        self._count_active()
        self._signal.release()

    def wait(self) -> None:
        """Wait for `end`. A worker is active afterwards, and calls `WorkerPool.acquire_slot` next."""
        try:
            self._signal.acquire()
        except BaseException:  # the user interrupts the main thread, which continues without a free slot
            self._count_active()
            if self._workers.is_worker:
                self._workers.acquire_slot(force=True)
            raise

    def _count_active(self) -> None:
        with self._workers.lock:
            if not self._is_over:
                self._is_over = True
                self._workers.count_active()


def _do_nothing() -> None:
    pass
