"""Ctrl-C stops a run, wherever it is noticed."""

from __future__ import annotations

import threading

import pytest

from tests.engine.steps import counting, session
from visprog import tool


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
        """Press Ctrl-C in one thread while the other is at work."""
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
        """Press Ctrl-C in the main thread while the other is at work."""
        started.append(place)
        meeting.wait()
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        go_on.wait(20)
        return place

    @tool("After")
    def after(number: int) -> int:
        """Note that it runs."""
        started.append(number)
        return number

    given = session(interrupt, after)
    with pytest.raises(KeyboardInterrupt):
        given.execute("A=Interrupt(1)\nB=Interrupt(2)\nC=After(B)\nD=After(A)\nRESULT=Eval('{C} + {D}')")
    go_on.set()
    pool = given._interpreter._crew._pool
    assert pool is not None
    pool.shutdown(wait=True)
    assert sorted(started) == [1, 2]
