"""Ctrl-C stops a run at any moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from tests.engine.steps import counting, interpreter, run, session
from visprog import VisProg, tool
from visprog.engine.cache.memory import Memo
from visprog.engine.events import Event, StepFinished
from visprog.engine.interpreter import Interpreter
from visprog.engine.workers import WorkerPool


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_interruption_stops_the_run() -> None:
    double, calls = counting()

    @tool("Interrupt")
    def interrupt() -> int:
        """Press Ctrl-C."""
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session(double, interrupt).execute("A=Interrupt()\nRESULT=Double(A)")
    assert not calls


def test_an_interruption_in_a_worker_reaches_the_caller() -> None:
    meeting = threading.Barrier(2, timeout=20)

    @tool("Interrupt")
    def interrupt(place: int) -> int:
        """Press Ctrl-C in one thread while the other works."""
        meeting.wait()
        if threading.current_thread() is not threading.main_thread():
            raise KeyboardInterrupt
        return place

    with pytest.raises(KeyboardInterrupt):
        session(interrupt).execute("A=Interrupt(1)\nB=Interrupt(2)\nRESULT=Eval('{A} + {B}')")


def test_an_interrupted_run_starts_no_further_step() -> None:
    started: list[int] = []
    meeting, go_on = threading.Barrier(2, timeout=20), threading.Event()

    @tool("Interrupt")
    def interrupt(place: int) -> int:
        """Press Ctrl-C in the main thread while the other works."""
        started.append(place)
        meeting.wait()
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        go_on.wait(20)
        return place

    @tool("After")
    def after(number: int) -> int:
        """Record the call."""
        started.append(number)
        return number

    given = session(interrupt, after)
    engine = interpreter(given)
    workers = engine.workers
    program = "A=Interrupt(1)\nB=Interrupt(2)\nC=After(B)\nD=After(A)\nRESULT=Eval('{C} + {D}')"
    with pytest.raises(KeyboardInterrupt):
        run(engine, given, program)
    go_on.set()
    wait_for(lambda: workers.load.threads == 0)
    assert sorted(started) == [1, 2]


def interrupted_once(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> None:
    """Interrupt the next call of the method before it does anything."""
    usual, calls = getattr(owner, method), []

    def first_interrupted(*args: Any, **named: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return usual(*args, **named)

    monkeypatch.setattr(owner, method, first_interrupted)


def result_in_time(engine: Interpreter, given: VisProg, program: str) -> object:
    done: Future[tuple[Event, ...]] = Future()
    threading.Thread(target=lambda: done.set_result(run(engine, given, program)), daemon=True).start()
    return [event.value for event in done.result(20) if isinstance(event, StepFinished)]


@pytest.mark.parametrize(
    ("owner", "method"),
    [(Memo, "begin"), (Memo, "end"), (WorkerPool, "acquire_slot"), (WorkerPool, "release_slot")],
)
def test_programs_run_after_an_interruption_between_two_lines(
    monkeypatch: pytest.MonkeyPatch, owner: type, method: str
) -> None:
    double, _ = counting()
    given, program = session(double), "A=Double(1)\nRESULT=Double(A)"
    engine = interpreter(given, memo=Memo(), workers=1)
    interrupted_once(monkeypatch, owner, method)
    with pytest.raises(KeyboardInterrupt):
        run(engine, given, program)
    for _ in range(3):
        assert result_in_time(engine, given, program) == [2, 4]
    wait_for(lambda: engine.workers.load == (0, 2, 0))
