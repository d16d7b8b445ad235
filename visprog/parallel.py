"""A bounded parallel map: one function over many items, in a few threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def parallel_map(
    function: Callable[[_Item], _Result],
    items: Iterable[_Item],
    *,
    workers: int,
    ahead: int | None = None,
    weight: Callable[[_Item], int] = lambda _: 0,
    capacity: int = 0,
) -> Generator[_Result, None, None]:
    """Yield `function(item)` for each item, in order, computed in at most `workers` threads.

    At most `ahead` items, by default twice `workers`, are read before their results are yielded. Their
    weights add up to at most `capacity`, unless a single item is heavier. Errors of `function` and `items`
    are raised here. After an error, and after closing the generator, no further item starts; running ones are
    not waited for. The function runs in a copy of the caller's context.
    """
    most = 2 * workers if ahead is None else ahead
    pending = _Pending[_Result]()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="visprog-map")
    try:
        for item in items:
            needed = weight(item)
            while pending.futures and pending.weight + needed > capacity:
                yield pending.next_result()
            pending.add(pool.submit(copy_context().run, function, item), needed)
            while pending.futures and (pending.has_result or len(pending.futures) >= most):
                yield pending.next_result()
        while pending.futures:
            yield pending.next_result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Pending(Generic[_Result]):
    """The items that were read and whose results were not yielded, oldest first."""

    def __init__(self) -> None:
        self.futures: deque[tuple[Future[_Result], int]] = deque()
        self.weight = 0

    @property
    def has_result(self) -> bool:
        """Whether the oldest item is finished."""
        return self.futures[0][0].done()

    def add(self, future: Future[_Result], weight: int) -> None:
        self.futures.append((future, weight))
        self.weight += weight

    def next_result(self) -> _Result:
        """Remove the oldest item and wait for its result."""
        future, weight = self.futures.popleft()
        self.weight -= weight
        return future.result()


def parallel_map_unordered(
    function: Callable[[_Item], _Result], items: Iterable[_Item], *, workers: int
) -> Generator[_Result, None, None]:
    """Yield `function(item)` for each item as soon as it is computed; otherwise like `parallel_map`.

    At most `workers` items are read and not yielded.
    """
    finished: SimpleQueue[Future[_Result]] = SimpleQueue()
    pending = 0
    pool = ThreadPoolExecutor(workers, thread_name_prefix="visprog-map")
    try:
        for item in items:
            pool.submit(copy_context().run, function, item).add_done_callback(finished.put)
            pending += 1
            if pending == workers:
                yield finished.get().result()
                pending -= 1
        for _ in range(pending):
            yield finished.get().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
