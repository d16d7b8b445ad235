"""The worker pool: bounded threads, bounded slots, and threads that end when they are idle."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.steps import session
from visprog import tool
from visprog.engine.threads import ReusedThreads
from visprog.engine.workers import MAX_THREADS, WorkerPool


def eventually(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return bool(condition())


def test_a_thread_is_reused() -> None:
    threads, names = ReusedThreads("reused"), set[int]()
    for _ in range(20):
        done = threading.Event()

        def job(done: threading.Event = done) -> None:
            names.add(threading.get_ident())
            done.set()

        threads.start(job)
        assert done.wait(20)
        time.sleep(0.005)  # it is idle soon after
    assert threads.count <= 2
    threads.close()
    assert eventually(lambda: threads.count == 0)


def test_an_idle_thread_ends() -> None:
    threads, done = ReusedThreads("idle", idle_seconds=0.05), threading.Event()
    threads.start(done.set)
    assert done.wait(20)
    assert eventually(lambda: threads.count == 0)


def test_an_idle_thread_keeps_nothing_of_its_last_job() -> None:
    class Large:
        pass

    threads, done, value = ReusedThreads("idle"), threading.Event(), Large()
    threads.start(lambda value=value: done.set())  # type: ignore[misc]
    gone = weakref.ref(value)
    del value
    assert done.wait(20)
    assert eventually(lambda: gc.collect() >= 0 and gone() is None)
    threads.close()


def test_jobs_that_arrive_while_threads_end_all_run() -> None:
    threads, ran = ReusedThreads("short", idle_seconds=0.0005), list[int]()
    for number in range(300):
        threads.start(lambda number=number: ran.append(number))  # type: ignore[misc]
        time.sleep(0.0005)
    assert eventually(lambda: len(ran) == 300)


def test_closing_ends_running_threads_after_their_jobs_and_later_jobs_still_run() -> None:
    threads, gate, ran = ReusedThreads("closing"), threading.Event(), list[int]()
    threads.start(lambda: ran.append(int(gate.wait(20))))
    threads.close()
    threads.start(lambda: ran.append(2))
    assert eventually(lambda: ran == [2])
    gate.set()
    threads.join()
    assert ran == [2, 1]
    assert threads.count == 0


def test_more_jobs_than_threads_wait_in_a_queue() -> None:
    pool, gate, ran = WorkerPool(4), threading.Event(), list[int]()

    def job(number: int) -> None:
        with pool.blocked():
            assert gate.wait(20)
        ran.append(number)

    for number in range(MAX_THREADS + 30):
        pool.submit(lambda number=number: job(number))  # type: ignore[misc]
    assert eventually(lambda: pool.load == (0, 4, MAX_THREADS))
    gate.set()
    assert eventually(lambda: pool.load == (0, 4, 0))
    assert sorted(ran) == list(range(MAX_THREADS + 30))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.lists(st.sampled_from(["compute", "block", "nest"]), max_size=30))
def test_at_most_the_slots_compute_and_all_jobs_end(slots: int, kinds: list[str]) -> None:
    pool, lock = WorkerPool(slots), threading.Lock()
    computing, most, left = 0, 0, len(kinds)

    def compute() -> None:
        nonlocal computing, most
        with lock:
            computing += 1
            most = max(most, computing)
        time.sleep(0.0002)
        with lock:
            computing -= 1

    def job(kind: str) -> None:
        nonlocal left
        compute()
        if kind == "block":
            with pool.blocked():
                time.sleep(0.0002)
        if kind == "nest":
            inner = threading.Event()
            pool.submit(inner.set)
            with pool.waiting_for_run():
                assert inner.wait(20)
        compute()
        with lock:
            left -= 1

    for kind in kinds:
        pool.submit(lambda kind=kind: job(kind))  # type: ignore[misc]
    assert eventually(lambda: left == 0 and pool.load == (0, slots, 0))
    assert most <= slots


def test_steps_that_wait_for_nested_programs_occupy_no_threads() -> None:
    """There are more such steps than threads, and their programs need threads too."""

    @tool("Inner")
    def inner(number: int) -> int:
        """Return a number."""
        return number

    @tool("Outer")
    def outer(number: int) -> int:
        """Run a program in other threads."""
        result = nesting.execute(f"RESULT=Inner({number})", deadline=60).result
        assert isinstance(result, int)
        return result

    nesting = session(inner, outer, workers=2, memory=0)
    numbers = range(MAX_THREADS + 16)
    lines = [f"A{number}=Outer({number})" for number in numbers]
    names = ", ".join(f"A{number}" for number in numbers)
    run = nesting.execute("\n".join([*lines, f"RESULT=Result([{names}])"]), deadline=60)
    assert run.result == list(numbers)


SCRIPT = """
import os, time
from visprog import VisProg, tool

@tool("Work")
def work(number: int) -> int:
    "Work a little longer than the program that asked."
    time.sleep(0.3)
    os.write(1, b"finished %d\\n" % number)  # not in pieces, as `print` may
    return number

given = VisProg(tools=[work])
run = given.execute("A=Work(1)\\nB=Work(2)\\nRESULT=Eval('{A} + {B}')", deadline=0.05)
print("ok" if run.ok else "late", flush=True)
"""


def test_the_process_waits_for_running_steps_but_not_for_idle_threads() -> None:
    root = Path(__file__).parents[2]
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert sorted(done.stdout.splitlines()) == ["finished 1", "finished 2", "late"]
    assert done.stderr == ""
    assert time.monotonic() - started < 60
