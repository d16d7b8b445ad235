"""Threads that are started when they are needed, reused, and ended after a while without a job."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeAlias
from weakref import WeakSet

Job: TypeAlias = Callable[[], None]

IDLE_SECONDS = 10.0
"""Seconds that a thread without a job waits for the next one before it ends."""

_Mailbox: TypeAlias = SimpleQueue["Job | None"]


class ReusedThreads:
    """Runs each job in its own thread: an idle one, or a new one.

    As many threads run as jobs; the caller bounds their number. The process waits for running jobs at its
    end: a thread that is killed inside a library can crash the process.
    """

    def __init__(self, name: str, idle_seconds: float = IDLE_SECONDS) -> None:
        self._name = name
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._alive: set[threading.Thread] = set()
        self._idle: list[_Mailbox] = []
        self._closed = False
        _ALL.add(self)

    @property
    def count(self) -> int:
        """The number of threads, running and idle."""
        return len(self._alive)

    def start(self, job: Job) -> None:
        """Run the job, which must raise nothing, in another thread."""
        with self._lock:
            mailbox = self._idle.pop() if self._idle else None
        if mailbox is not None:
            mailbox.put(job)
            return
        mailbox = SimpleQueue()
        mailbox.put(job)
        thread = threading.Thread(target=self._serve, args=(mailbox,), name=self._name, daemon=True)
        self._alive.add(thread)
        thread.start()

    def close(self) -> None:
        """End the idle threads now, and the others after their jobs."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for mailbox in idle:
            mailbox.put(None)

    def join(self) -> None:
        """Wait until the threads have ended. Call `close` before."""
        for thread in tuple(self._alive):
            thread.join()

    def _serve(self, mailbox: _Mailbox) -> None:
        try:
            while (job := self._next(mailbox)) is not None:
                job()
                del job  # an idle thread must not keep the values of its last job
                with self._lock:
                    if self._closed:
                        return
                    self._idle.append(mailbox)
        finally:
            self._alive.discard(threading.current_thread())

    def _next(self, mailbox: _Mailbox) -> Job | None:
        try:
            return mailbox.get(timeout=self._idle_seconds)
        except Empty:
            with self._lock:
                if mailbox in self._idle:
                    self._idle.remove(mailbox)
                    return None
            return mailbox.get()  # a job is on its way


_ALL: WeakSet[ReusedThreads] = WeakSet()


@atexit.register
def _wait_for_jobs() -> None:
    for threads in tuple(_ALL):
        threads.close()
        threads.join()
