"""The memory cache keeps the most recently used entries within its limit, and computes nothing twice."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog import Image, Region, Regions
from visprog.engine.cache.memory import CacheEntry, Memo


def remembered(value: object) -> CacheEntry:
    return CacheEntry(value, (), ())


def put(memo: Memo, key: bytes, value: object) -> None:
    assert memo.begin(key) is None
    memo.end(key, remembered(value))


def holds(memo: Memo, key: bytes) -> bool:
    found = memo.begin(key)
    if found is None:
        memo.end(key, None)
    return found is not None


def picture(value: int = 0) -> Image:
    return Image(np.full((50, 50, 3), value, dtype=np.uint8))  # 7,500 bytes


def test_an_entry_is_found_under_its_key() -> None:
    memo = Memo()
    put(memo, b"a", 1)
    assert memo.begin(b"a") == remembered(1)
    assert not holds(memo, b"b")


def test_the_least_recently_used_entry_is_removed_first() -> None:
    memo = Memo(limit=30_000)
    for index, key in enumerate((b"a", b"b", b"c")):
        put(memo, key, picture(index))
    memo.begin(b"a")
    put(memo, b"d", picture(9))
    assert [holds(memo, key) for key in (b"a", b"b", b"c", b"d")] == [True, False, True, True]


def test_a_value_larger_than_the_limit_is_not_kept() -> None:
    memo = Memo(limit=1_200)
    put(memo, b"large", "x" * 1_000)
    put(memo, b"small", 1)
    assert not holds(memo, b"large")
    assert holds(memo, b"small")


def test_a_value_larger_than_the_limit_removes_no_other() -> None:
    memo = Memo(limit=10_000)
    put(memo, b"small", "x" * 100)
    put(memo, b"large", Image(np.zeros((100, 100, 3), dtype=np.uint8)))
    assert holds(memo, b"small")
    assert not holds(memo, b"large")


@pytest.mark.parametrize(
    "value",
    [np.zeros(9_000, np.uint8), {"a": np.zeros(9_000, np.uint8)}, (b"x" * 9_000, 1), {b"x" * 9_000}],
    ids=["array", "dict", "tuple", "set"],
)
def test_values_of_other_types_are_counted_too(value: object) -> None:
    memo = Memo(limit=12_000)
    put(memo, b"a", copy.deepcopy(value))
    put(memo, b"b", copy.deepcopy(value) if not isinstance(value, tuple | set) else (b"y" * 9_000,))
    assert not holds(memo, b"a")
    assert holds(memo, b"b")


def test_crops_of_one_picture_are_counted_once() -> None:
    memo, whole = Memo(limit=12_000), picture()
    for place in range(6):
        put(memo, bytes([place]), whole.crop((place, 0, place + 1, 1)))
    assert len(memo) == 6
    put(memo, b"other", picture(1))
    assert len(memo) < 7


def test_the_opacity_of_a_picture_is_counted() -> None:
    memo = Memo(limit=9_000)
    put(memo, b"a", picture())
    put(memo, b"b", picture(1).with_alpha(np.zeros((50, 50), np.uint8)))  # 10,000 bytes
    assert not holds(memo, b"b")


def test_masks_are_counted() -> None:
    memo, mask = Memo(limit=10_000), np.ones((100, 100), dtype=np.bool_)
    put(memo, b"a", Regions([Region((0, 0, 100, 100), mask=mask)], size=(100, 100)))
    assert not holds(memo, b"a")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(2, 3000)), max_size=40))
def test_the_size_never_exceeds_the_limit(puts: list[tuple[int, int]]) -> None:
    memo = Memo(limit=20_000)
    for key, size in puts:
        if not holds(memo, bytes([key])):
            put(memo, bytes([key]), "x" * size)
        assert memo.size <= 20_000
    kept = [found for key in range(6) if (found := memo.begin(bytes([key]))) is not None]
    assert memo.size == sum(500 + 4 * len(entry.value) for entry in kept)


def test_a_cached_list_cannot_be_changed() -> None:
    memo, mine = Memo(), [["a"], "b"]
    put(memo, b"a", mine)
    mine.append("c")
    first = memo.begin(b"a")
    assert first is not None
    first.value[0].append("d")
    assert memo.begin(b"a") == remembered([["a"], "b"])


def test_a_second_caller_waits_for_the_value() -> None:
    memo, got = Memo(), list[CacheEntry | None]()
    assert memo.begin(b"a") is None
    asking = threading.Thread(target=lambda: got.append(memo.begin(b"a")))
    asking.start()
    asking.join(0.05)
    assert asking.is_alive()
    memo.end(b"a", remembered(7))
    asking.join(20)
    assert got == [remembered(7)]


def test_after_a_failed_computation_the_next_caller_computes() -> None:
    memo, got = Memo(), list[CacheEntry | None]()
    assert memo.begin(b"a") is None
    asking = threading.Thread(target=lambda: got.append(memo.begin(b"a")))
    asking.start()
    memo.end(b"a", None)
    asking.join(20)
    assert got == [None]


class Unmeasurable:
    """A value whose size cannot be measured."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __sizeof__(self) -> int:
        raise self.error


def deep(levels: int = 5_000) -> list[object]:
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value


UNKEPT: dict[str, Callable[[], object]] = {
    "too deep": deep,
    "no memory": lambda: Unmeasurable(MemoryError),
    "a custom error": lambda: Unmeasurable(ValueError),
    "partly measured": lambda: ["x" * 100, Unmeasurable(MemoryError)],
}


@pytest.mark.parametrize("kind", UNKEPT)
def test_a_value_that_cannot_be_measured_is_not_kept_and_wakes_waiting_callers(kind: str) -> None:
    memo, got = Memo(), list[CacheEntry | None]()
    assert memo.begin(b"a") is None
    asking = threading.Thread(target=lambda: got.append(memo.begin(b"a")), daemon=True)
    asking.start()
    while not memo.waiting(b"a"):
        time.sleep(0.001)
    memo.end(b"a", remembered(UNKEPT[kind]()))
    asking.join(20)
    assert got == [None]
    assert len(memo) == 0
    assert memo.size == 0
