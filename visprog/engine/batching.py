"""Batches of calls to one model, from all running steps of all programs.

A batch is sent when it is full, or when every running step waits. There is no timer: a call is made
immediately if no other step runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, TypeAlias

from visprog.engine.workers import Pause, WorkerPool

DEFAULT_BATCH_SIZE = 32
"""Maximum number of calls in a batch for a model without a `batch_size`."""

Arguments: TypeAlias = tuple[Any, ...]


class Answer(NamedTuple):
    """The value that a call returned, and the number of different calls in its batch."""

    value: Any
    batch_size: int = 1


_Outcome: TypeAlias = Answer | Exception


class Batcher:
    """Makes the calls of workers to models, and combines calls that a model can answer together.

    `visprog.models.roles` says which calls can be combined. Calls to one method of one model wait in a queue,
    and their threads are blocked. A full queue is sent. If no thread is active, the longest queue is sent.
    The first thread in the queue makes the call for all, and stays active: its answers may lead to
    calls that fill other queues. Other calls of models are made immediately, and block their threads; batches
    do not wait for them.

    The workers cannot all wait forever. A worker is active, or waits in a queue, for a running call, or for
    another step. An active worker has a slot, or waits for a slot of other active workers, and a blocked
    worker gives up its slot. The last worker that is blocked sends a queue, if any queue has calls, and so
    wakes up a worker. Running calls end by themselves. A step waits only for steps that started earlier, so
    steps cannot all wait for each other.

    A tool could break this if it held a lock while it calls a model: another thread that waits for the lock
    counts as active. For this reason, a call from a thread that is not a worker is made alone.
    """

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers
        self._queues: dict[tuple[str, str], _Queue] = {}
        workers.on_idle = self._send_longest

    def can_take(self, model: object, method: str) -> bool:
        """Return whether calls of the method can be combined."""
        return hasattr(model, f"{method}_batch")

    def call(self, model: object, fingerprint: str, method: str, arguments: Arguments) -> Answer:
        """Return the method's value for the arguments, or raise its error."""
        if not self._workers.is_worker:
            return Answer(getattr(model, method)(*arguments))
        call = _Call(model, method, arguments, Pause(self._workers))
        with self._workers.lock:
            queue = self._queue(model, fingerprint, method)
            queue.calls.append(call)
            call.pause.begin()  # first: sending the queue may wake up this thread
            if queue.is_full and not queue.is_running:
                self._send(queue)
        try:
            call.pause.wait()
        except BaseException:
            self._withdraw(queue, call)
            raise
        if call.batch:
            self._make(queue, call)
        self._workers.acquire_slot()
        assert call.outcome is not None, "only answered calls are woken up"  # noqa: S101
        if isinstance(call.outcome, Exception):
            raise call.outcome
        return call.outcome

    def _queue(self, model: object, fingerprint: str, method: str) -> _Queue:
        queue = self._queues.get((fingerprint, method))
        if queue is None:
            queue = self._queues[fingerprint, method] = _Queue(
                getattr(model, "batch_size", DEFAULT_BATCH_SIZE)
            )
        return queue

    def _send_longest(self) -> None:
        """Send a full queue, or the longest. No worker is active, and the caller holds the lock."""
        longest = max(
            self._queues.values(), key=lambda queue: (queue.is_full, len(queue.calls)), default=None
        )
        if longest is not None and longest.calls:
            self._send(longest)

    def _send(self, queue: _Queue) -> None:
        """Wake up the first thread in the queue, to make the call for a batch."""
        batch = [queue.calls.popleft() for _ in range(min(len(queue.calls), queue.size))]
        queue.is_running = True
        batch[0].batch = batch
        batch[0].pause.end()

    def _make(self, queue: _Queue, own: _Call) -> None:
        """Make the call for the batch, and wake up the others. Unanswered calls return to the queue."""
        try:
            _answer(queue, own.batch)
        except BaseException:
            self._workers.acquire_slot(force=True)
            raise
        finally:
            with self._workers.lock:
                queue.is_running = False
                others = [call for call in own.batch if call is not own and not call.is_withdrawn]
                queue.calls.extendleft(call for call in reversed(others) if call.outcome is None)
                for call in others:
                    if call.outcome is not None:
                        call.pause.end()
                if queue.is_full:
                    self._send(queue)

    def _withdraw(self, queue: _Queue, call: _Call) -> None:
        """Remove the call of a thread that was interrupted."""
        with self._workers.lock:
            call.is_withdrawn = True
            if call in queue.calls:
                queue.calls.remove(call)
            if call.batch:
                queue.calls.extendleft(each for each in reversed(call.batch) if each is not call)
                queue.is_running = False


class _Call:
    """A call. `batch` has the calls that its thread makes together with it."""

    __slots__ = ("arguments", "batch", "is_withdrawn", "method", "model", "outcome", "pause")

    def __init__(self, model: object, method: str, arguments: Arguments, pause: Pause) -> None:
        self.model = model
        self.method = method
        self.arguments = arguments
        self.pause = pause
        self.batch: Sequence[_Call] = ()
        self.outcome: _Outcome | None = None
        self.is_withdrawn = False


class _Queue:
    """The waiting calls to one method of one model, and the maximum size of their batches."""

    __slots__ = ("calls", "is_running", "size")

    def __init__(self, size: int) -> None:
        self.calls: deque[_Call] = deque()
        self.size = size
        self.is_running = False

    @property
    def is_full(self) -> bool:
        """Whether the calls fill a batch."""
        return len(self.calls) >= self.size


def _answer(queue: _Queue, batch: Sequence[_Call]) -> None:
    """Set the outcome of every call. Equal calls are made once."""
    equal: dict[Hashable, list[_Call]] = {}
    for call in batch:
        equal.setdefault(_identity(call), []).append(call)
    different = [calls[0] for calls in equal.values()]
    outcomes = _outcomes(queue, different[0], [call.arguments for call in different])
    for calls, outcome in zip(equal.values(), outcomes, strict=True):
        for call in calls:
            call.outcome = outcome


def _identity(call: _Call) -> Hashable:
    values = tuple(tuple(value) if isinstance(value, list) else value for value in call.arguments)
    try:
        hash(values)
    except TypeError:
        return id(call)
    return values


def _outcomes(queue: _Queue, call: _Call, listed: Sequence[Arguments]) -> list[_Outcome]:
    """Return the outcomes of calls of one method.

    They are made together. If that fails, they are made one by one; if memory runs out, in halves, and later
    batches of the queue are not larger than these.
    """
    if len(listed) == 1:
        return [_single(call, listed[0])]
    try:
        return _batch(call, listed)
    except Exception as error:  # it may concern one call alone
        is_exhausted = _is_out_of_memory(error)
    if is_exhausted:
        queue.size = min(queue.size, (len(listed) + 1) // 2)
    outcomes: list[_Outcome] = []
    while len(outcomes) < len(listed):
        size = queue.size if is_exhausted else 1
        outcomes += _outcomes(queue, call, listed[len(outcomes) : len(outcomes) + size])
    return outcomes


def _single(call: _Call, arguments: Arguments) -> _Outcome:
    try:
        return Answer(getattr(call.model, call.method)(*arguments))
    except Exception as error:  # raised again in the step that made the call
        return error


def _batch(call: _Call, listed: Sequence[Arguments]) -> list[_Outcome]:
    values = getattr(call.model, f"{call.method}_batch")(listed)
    if len(values) != len(listed):
        raise ValueError(f"{len(values)} answers to {len(listed)} calls of {call.method}")
    return [Answer(value, len(listed)) for value in values]


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether Python, or torch on an accelerator or a CPU, ran out of memory."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "DefaultCPUAllocator" in str(error)
    )
