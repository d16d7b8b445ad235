"""A parallel map over samples."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_WORKERS = 2
_PENDING = 4
"""Maximum number of results that are pending. It bounds the pictures in memory."""


def each(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Yield the function's results in the order of the items. Closing the iterator cancels waiting items."""
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="visprog-eval")
    waiting: deque[Future[_Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= _PENDING:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
