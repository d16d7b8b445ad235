"""Doing the same for many, two at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from visprog.parallel import parallel_map

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

_WORKERS = 2


def each(function: Callable[[_Item], _Made], items: Iterable[_Item]) -> Iterator[_Made]:
    """Yield what the function returns for each item, in order, computed in two threads."""
    return parallel_map(function, items, workers=_WORKERS)
