"""The parallel map equals `map`, and works on few items at a time."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.parallel import parallel_map, parallel_map_unordered

WORKERS = st.integers(1, 5)


@given(st.lists(st.integers(), max_size=30), WORKERS, st.none() | st.integers(1, 7))
def test_parallel_map_equals_map(items: list[int], workers: int, ahead: int | None) -> None:
    assert list(parallel_map(str, items, workers=workers, ahead=ahead)) == list(map(str, items))


@given(st.lists(st.integers(0, 9), max_size=30), WORKERS, st.integers(0, 20))
def test_parallel_map_with_weights_equals_map(items: list[int], workers: int, capacity: int) -> None:
    found = parallel_map(str, items, workers=workers, weight=lambda item: item, capacity=capacity)
    assert list(found) == list(map(str, items))


@given(st.lists(st.integers(), max_size=30), WORKERS)
def test_the_unordered_map_yields_the_same_results(items: list[int], workers: int) -> None:
    found = parallel_map_unordered(str, items, workers=workers)
    assert sorted(found) == sorted(map(str, items))


@given(st.lists(st.booleans(), max_size=20), WORKERS)
def test_parallel_map_raises_the_first_error_after_the_results_before_it(
    fails: list[bool], workers: int
) -> None:
    def work(place: int) -> int:
        if fails[place]:
            raise LookupError(place)
        return place

    places = range(len(fails))
    expected: list[int] = list(itertools.takewhile(lambda place: not fails[place], places))
    parallel: list[int] = []
    error = ""
    try:
        for result in parallel_map(work, places, workers=workers):
            parallel += [result]
    except LookupError as failure:
        error = str(failure)
    assert parallel == expected
    assert error == (str(len(expected)) if any(fails) else "")


class Gate:
    """A function that counts its calls, and waits in each until the gate opens."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.running = self.most = 0
        self.opened = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, item: int) -> int:
        with self._lock:
            self.started.append(item)
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.opened.wait(20)
        with self._lock:
            self.running -= 1
        return item


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()


def open_later(gate: Gate, started: int) -> None:
    """Open the gate when so many calls have started, and give others the time to start too."""

    def wait() -> None:
        assert eventually(lambda: len(gate.started) == started)
        time.sleep(0.02)
        gate.opened.set()

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize("mapped", [parallel_map, parallel_map_unordered])
def test_at_most_so_many_items_run_at_the_same_time(mapped: Callable[..., Iterator[int]]) -> None:
    gate = Gate()
    open_later(gate, 3)
    assert sorted(mapped(gate, range(20), workers=3)) == list(range(20))
    assert gate.most == 3


def test_items_are_read_when_they_are_needed() -> None:
    gate, read = Gate(), list[int]()

    def numbers() -> Iterator[int]:
        for number in itertools.count():
            read.append(number)
            yield number

    results = parallel_map(gate, numbers(), workers=2, ahead=5)
    assert read == []
    open_later(gate, 2)
    assert next(results) == 0
    assert len(read) <= 5
    results.close()


def test_a_full_capacity_holds_up_the_next_item() -> None:
    gate = Gate()
    open_later(gate, 2)
    results = parallel_map(gate, [4, 5, 6, 7], workers=4, weight=lambda item: item, capacity=10)
    assert next(results) == 4
    results.close()
    assert gate.most == 2


def test_an_item_heavier_than_the_capacity_runs_alone() -> None:
    gate = Gate()
    gate.opened.set()
    results = parallel_map(gate, [50, 60, 70], workers=3, weight=lambda item: item, capacity=10)
    assert list(results) == [50, 60, 70]
    assert gate.most == 1


@pytest.mark.parametrize("mapped", [parallel_map, parallel_map_unordered])
def test_no_item_starts_after_an_error(mapped: Callable[..., Iterator[int]]) -> None:
    started: list[int] = []

    def work(item: int) -> int:
        started.append(item)
        if item == 0:
            raise LookupError("the first")
        time.sleep(0.01)
        return item

    with pytest.raises(LookupError, match="the first"):
        list(mapped(work, itertools.count(), workers=1))
    count = len(started)
    time.sleep(0.05)
    assert len(started) <= count + 1  # one may have been on its way


@pytest.mark.parametrize("mapped", [parallel_map, parallel_map_unordered])
def test_an_error_of_the_input_is_raised(mapped: Callable[..., Iterator[int]]) -> None:
    def numbers() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(mapped(abs, numbers(), workers=2))


def test_closing_stops_the_rest_and_waits_for_nothing() -> None:
    gate = Gate()
    results = parallel_map(lambda item: item if item == 0 else gate(item), range(20), workers=2, ahead=3)
    assert next(results) == 0
    results.close()
    count = len(gate.started)
    gate.opened.set()
    assert eventually(lambda: gate.running == 0)
    assert len(gate.started) <= count + 1


def test_the_function_runs_in_the_callers_context() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="unset")
    variable.set("the caller's")
    assert set(parallel_map(lambda _: variable.get(), range(5), workers=2)) == {"the caller's"}
    assert set(parallel_map_unordered(lambda _: variable.get(), range(5), workers=2)) == {"the caller's"}


def test_many_items_need_few_threads() -> None:
    names = set(parallel_map(lambda _: threading.current_thread().name, range(500), workers=3))
    assert len(names) <= 3
