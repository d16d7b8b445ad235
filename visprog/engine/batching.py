"""Calls to one model, gathered from all the steps that are under way, of one program or of many.

A batch goes when it is full, or when every step under way waits: there is no timer, and a call that nothing
else is under way beside goes at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, TypeAlias

from visprog.engine.workers import Pause, WorkerPool

MOST = 32
"""So many calls are made at once of a model that names no `batch_size` of its own."""

Arguments: TypeAlias = tuple[Any, ...]


class Answer(NamedTuple):
    """What a call came to, and how many different calls were made in one pass with it, itself included."""

    value: Any
    together: int = 1


_Outcome: TypeAlias = Answer | Exception


class Batcher:
    """Makes the calls of worker threads to models, and combines those that a model can answer together.

    Which those are `visprog.models.roles` says. Calls to one method of one model stand in a queue, and their
    threads rest. A full queue is sent; where no thread is awake, so is the longest. The first thread in it
    makes the call for all and is awake meanwhile, so that no other queue is sent half full which the answers
    might fill. Any other call of a model is made at once, and rests its thread: batches do not wait for it.

    No set of steps can wait for ever. A thread under way is awake, or in a queue, or waits for a call that
    is under way, or for another step. One that is awake has its turn to compute, or stands in line for it
    behind others that are awake: who rests gives the turn up. The last to rest sends a queue, if there is
    any with calls in it, and so wakes a thread. There remain waits for calls, which end by themselves, and
    for steps; a step is waited for by those that began after it, hence not all wait for each other.

    Tools must not break this: where one holds a lock as it calls a model, another that waits for the lock
    counts as awake. Therefore a call from a thread that is not at work is made alone.
    """

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers
        self._queues: dict[tuple[str, str], _Queue] = {}
        workers.when_idle = self._send_longest

    def can_take(self, model: object, method: str) -> bool:
        """Whether calls of the method can be gathered."""
        return hasattr(model, f"{method}_batch")

    def call(self, model: object, fingerprint: str, method: str, arguments: Arguments) -> Answer:
        """Return what the method returns for the arguments; or raise what it raises for them."""
        if not self._workers.is_at_work:
            return Answer(getattr(model, method)(*arguments))
        call = _Call(model, method, arguments, Pause(self._workers))
        with self._workers.lock:
            queue = self._queue(model, fingerprint, method)
            queue.calls.append(call)
            call.pause.begin()  # before the queue is sent, which may wake this very thread
            if queue.is_full and not queue.is_under_way:
                self._send(queue)
        try:
            call.pause.wait()
        except BaseException:
            self._withdraw(queue, call)
            raise
        if call.batch:
            self._make(queue, call)
        self._workers.take_turn()
        assert call.outcome is not None, "an unanswered call is not woken"  # noqa: S101
        if isinstance(call.outcome, Exception):
            raise call.outcome
        return call.outcome

    def _queue(self, model: object, fingerprint: str, method: str) -> _Queue:
        queue = self._queues.get((fingerprint, method))
        if queue is None:
            queue = self._queues[fingerprint, method] = _Queue(getattr(model, "batch_size", MOST))
        return queue

    def _send_longest(self) -> None:
        """Send a full queue, else the longest. All rest, and the lock is held."""
        longest = max(
            self._queues.values(), key=lambda queue: (queue.is_full, len(queue.calls)), default=None
        )
        if longest is not None and longest.calls:
            self._send(longest)

    def _send(self, queue: _Queue) -> None:
        """Wake the first thread in the queue to make the call for a batch."""
        batch = [queue.calls.popleft() for _ in range(min(len(queue.calls), queue.size))]
        queue.is_under_way = True
        batch[0].batch = batch
        batch[0].pause.end()

    def _make(self, queue: _Queue, own: _Call) -> None:
        """Make the call for the batch, and wake the others. Who had no answer goes back to the queue."""
        try:
            _answer(queue, own.batch)
        except BaseException:
            self._workers.take_turn(at_any_rate=True)
            raise
        finally:
            with self._workers.lock:
                queue.is_under_way = False
                others = [call for call in own.batch if call is not own and not call.is_withdrawn]
                queue.calls.extendleft(call for call in reversed(others) if call.outcome is None)
                for call in others:
                    if call.outcome is not None:
                        call.pause.end()
                if queue.is_full:
                    self._send(queue)

    def _withdraw(self, queue: _Queue, call: _Call) -> None:
        """Take back the call of a thread that was interrupted."""
        with self._workers.lock:
            call.is_withdrawn = True
            if call in queue.calls:
                queue.calls.remove(call)
            if call.batch:
                queue.calls.extendleft(each for each in reversed(call.batch) if each is not call)
                queue.is_under_way = False


class _Call:
    """A call that is to be made; in `batch`, the calls that its thread is to make with it."""

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
    """The calls to one method of one model that wait, and how many of them are made at once at most."""

    __slots__ = ("calls", "is_under_way", "size")

    def __init__(self, size: int) -> None:
        self.calls: deque[_Call] = deque()
        self.size = size
        self.is_under_way = False

    @property
    def is_full(self) -> bool:
        """Whether there are as many calls as are made at once."""
        return len(self.calls) >= self.size


def _answer(queue: _Queue, batch: Sequence[_Call]) -> None:
    """Give every call its outcome; equal calls are made once."""
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
    """Return what comes of calls of one method, made at once; or in halves, or one by one, where that fails.

    Where memory did not suffice, later batches of the queue are no larger than what is tried next.
    """
    if len(listed) == 1:
        return [_single(call, listed[0])]
    try:
        return _together(call, listed)
    except Exception as error:  # whatever it is, it may concern one call alone
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
    except Exception as error:  # it is raised in the step that made the call
        return error


def _together(call: _Call, listed: Sequence[Arguments]) -> list[_Outcome]:
    values = getattr(call.model, f"{call.method}_batch")(listed)
    if len(values) != len(listed):
        raise ValueError(f"{len(values)} answers to {len(listed)} calls of {call.method}")
    return [Answer(value, len(listed)) for value in values]


def _is_out_of_memory(error: Exception) -> bool:
    """Whether Python, or torch on an accelerator or the processor, had no memory left."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "DefaultCPUAllocator" in str(error)
    )
