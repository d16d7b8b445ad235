"""The threads that run steps: how many may compute at once, and whether any is still under way."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

Job = Callable[[], None]

_THREADS = 64
"""The pool runs at most so many steps; further ones wait in a queue.

A step that runs a program itself does not count while it waits for that program. Otherwise all threads might
wait for steps in the queue.
"""

_NO_LIMIT = 1_000_000


class WorkerPool:
    """Threads that run steps: those of callers, and up to `_THREADS` of the pool. `at_once` of them compute.

    A thread of the pool is at work, and so is any thread inside `working`. A thread at work is awake or
    rests. It rests while it waits for a model, the network or another step, and then does not count as
    computing. When the last thread that is awake goes to rest, the pool calls `when_idle` with `lock` held.
    A thread that is woken counts as awake at once, even before it continues. So does a step that was just
    handed to the pool.
    """

    def __init__(self, at_once: int) -> None:
        self.lock = threading.RLock()
        self.when_idle: Job = _nothing
        self._awake = 0
        self._free = at_once
        self._line: deque[threading.Lock] = deque()  # awake, but all that may compute already do
        self._own = 0
        self._jobs: deque[Job] = deque()
        self._pool: ThreadPoolExecutor | None = None
        self._here = threading.local()

    @property
    def is_at_work(self) -> bool:
        """Whether the calling thread is one that runs steps."""
        return getattr(self._here, "at_work", False)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Make the calling thread one that runs steps."""
        if self.is_at_work:
            yield
            return
        self.wake()
        try:
            self.take_turn()
            self._here.at_work = True
            yield
        finally:
            self._here.at_work = False
            self.rest()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Rest inside the block. It may be entered by any thread, and means nothing to one not at work."""
        if not self.is_at_work:
            yield
            return
        self.rest()
        try:
            yield
        finally:
            self.wake()
            self.take_turn()

    @contextmanager
    def standing_aside(self) -> Iterator[None]:
        """Rest inside the block, while steps are run for the calling thread: another may take its place."""
        is_own = getattr(self._here, "is_own", False)
        if is_own:
            with self.lock:
                self._own -= 1
                self._begin_jobs()
        try:
            with self.resting():
                yield
        finally:
            if is_own:
                with self.lock:
                    self._own += 1

    def submit(self, job: Job) -> None:
        """Have a thread of the pool do the job, now or when one is free. The job must raise nothing."""
        with self.lock:
            self._jobs.append(job)
            self._begin_jobs()

    def _begin_jobs(self) -> None:
        """Start threads for jobs in line, as many as there may be. The lock is held."""
        while self._jobs and self._own < _THREADS:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_NO_LIMIT, thread_name_prefix="visprog-step")
            self._pool.submit(self._serve, self._jobs.popleft())
            self._own += 1
            self._awake += 1

    def close(self) -> None:
        """Let the threads go. Jobs under way are not waited for."""
        with self.lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)  # what is queued is done, or sees that its run has stopped

    def wake(self) -> None:
        """Count one more thread as awake: the calling one, or one that is being woken."""
        with self.lock:
            self._awake += 1

    def rest(self) -> None:
        """Count the calling thread as resting: another may compute."""
        with self.lock:
            if self._line and self._free >= 0:
                self._line.popleft().release()
            else:
                self._free += 1
            self._awake -= 1
            if not self._awake:
                self.when_idle()

    def take_turn(self, *, at_any_rate: bool = False) -> None:
        """Wait until the calling thread, which is awake, may compute; or compute as one too many."""
        with self.lock:
            if at_any_rate or self._free > 0:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._line.append(turn)
        try:
            turn.acquire()
        except BaseException:  # the user interrupts the main thread
            with self.lock:
                if turn in self._line:
                    self._line.remove(turn)
                    self._free -= 1
            raise

    def _serve(self, job: Job) -> None:
        self._here.at_work = self._here.is_own = True
        self.take_turn()
        while True:
            job()
            with self.lock:
                if not self._jobs or self._own > _THREADS:
                    self._own -= 1
                    self._here.at_work = self._here.is_own = False
                    self.rest()
                    return
                job = self._jobs.popleft()


class Pause:
    """A rest of one thread until another ends it."""

    __slots__ = ("_bell", "_over", "_workers")

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers
        self._bell = threading.Lock()
        self._bell.acquire()
        self._over = True

    def begin(self) -> None:
        """Rest from now on. The thread that calls this goes on to `wait`."""
        with self._workers.lock:
            if self._workers.is_at_work:
                self._over = False
                self._workers.rest()

    def end(self) -> None:
        """Wake the thread, once. It counts as awake at once."""
        self._wake()
        self._bell.release()

    def wait(self) -> None:
        """Wait for the end. A thread at work is awake afterwards, and has to `WorkerPool.take_turn` next."""
        try:
            self._bell.acquire()
        except BaseException:  # the user interrupts the main thread: it goes on, out of turn
            self._wake()
            if self._workers.is_at_work:
                self._workers.take_turn(at_any_rate=True)
            raise

    def _wake(self) -> None:
        with self._workers.lock:
            if not self._over:
                self._over = True
                self._workers.wake()


def _nothing() -> None:
    pass
