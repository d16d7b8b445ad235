"""Independent steps run at the same time, and their values are the same as in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.steps import counting, session
from visprog import Run, tool


def test_independent_steps_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=20)

    @tool("Meet")
    def meet(place: int) -> int:
        """Return only when three calls run at the same time."""
        meeting.wait()
        return place

    run = session(meet).execute("A=Meet(1)\nB=Meet(2)\nC=Meet(3)\nRESULT=Eval('{A} + {B} + {C}')")
    assert run.result == 6


def test_a_quick_tool_stays_in_the_callers_thread_after_one_slow_call() -> None:
    threads: list[str] = []

    @tool("Next")
    def following(number: int) -> int:
        """Add one."""
        threads.append(threading.current_thread().name)
        if number == 40:
            time.sleep(0.05)
        return number + 1

    engine = session(following, memory=0)
    engine.execute("\n".join(["A=Next(number=1)", *["A=Next(number=A)"] * 39]))  # the last call is slow
    threads.clear()
    wide = [f"A{number}=Next(number={number})" for number in range(20)]
    total = " + ".join(f"{{A{number}}}" for number in range(20))
    engine.execute("\n".join([*wide, f"RESULT=Eval('{total}')"]))
    assert threads == [threading.current_thread().name] * 20


def test_at_most_the_given_number_of_workers_and_the_caller_compute() -> None:
    lock, now, most = threading.Lock(), [0], [0]
    release = threading.Event()

    @tool("Hold")
    def hold(place: int) -> int:
        """Take a while."""
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        release.wait(0.02)
        with lock:
            now[0] -= 1
        return place

    lines = [f"A{i}=Hold({i})" for i in range(12)]
    total = " + ".join(f"{{A{i}}}" for i in range(12))
    run = session(hold, workers=2).execute("\n".join([*lines, f"RESULT=Eval('{total}')"]))
    assert run.result == sum(range(12))
    assert 2 <= most[0] <= 3


def test_rebinding_keeps_each_use_with_its_value() -> None:
    double, _ = counting()
    run = session(double).execute("A=Double(1)\nB=A\nA=Double(A)\nRESULT=Eval('{A} * 100 + {B}')")
    assert run.result == 402
    assert run.variables["A"] == 4


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Return a random program: each step uses numbers and earlier steps, and some fail."""
    lines = []
    for index in range(draw(st.integers(1, 12))):
        earlier = [str(n) for n in range(-2, 3)] + [f"{{V{i}}}" for i in range(index)]
        left, right = draw(st.sampled_from(earlier)), draw(st.sampled_from(earlier))
        sign = draw(st.sampled_from(["+", "-", "*", "/"]))
        slow = draw(st.booleans())
        source = f"V{index}=Eval('{left} {sign} {right}')"
        if slow and index:
            source = f"V{index}=Slow(V{draw(st.integers(0, index - 1))})"
        lines.append(source)
    return "\n".join(lines)


@settings(max_examples=60, deadline=None)
@given(programs())
def test_the_values_are_the_same_as_in_order(program: str) -> None:
    @tool("Slow")
    def slow(number: float) -> float:
        """Take long enough to be worth a thread."""
        threading.Event().wait(0.0005)
        return number + 1

    def values(run: Run) -> list[tuple[str, Any]]:
        return [(step.status.replace("cached", "done"), step.value) for step in run.steps]

    given = session(slow, workers=4)
    fresh, again = given.execute(program), given.execute(program)
    bare = session(slow, memory=0, workers=1).execute(program)
    assert values(fresh) == values(again) == values(bare)
    assert values(fresh) == in_order(program, fresh, lambda number: number + 1)


def in_order(program: str, run: Run, slow: Callable[[float], float]) -> list[tuple[str, Any]]:
    """Return the values of the needed steps when they run in order."""
    known: dict[str, float] = {}
    outcome: list[tuple[str, Any]] = []
    for index, step in enumerate(run.checked.steps):
        if index not in run.checked.needed:
            outcome.append(("unneeded", None))
        elif any(name not in known for name in step.uses):
            outcome.append(("skipped", None))
        else:
            try:
                if step.tool == "Slow":
                    known[step.name] = slow(float(known[step.uses[0]]))
                else:
                    known[step.name] = step.expressions["expr"].expression.bind(known).evaluate()
                outcome.append(("done", known[step.name]))
            except Exception:
                outcome.append(("failed", None))
    return outcome


def test_runs_complete_after_the_session_is_closed() -> None:
    @tool("Slow")
    def slow(number: int) -> int:
        """Take a while."""
        threading.Event().wait(0.02)
        return number

    given = session(slow, workers=1)
    lines = [f"A{i}=Slow({i})" for i in range(6)]
    program = "\n".join([*lines, f"RESULT=Eval('{' + '.join(f'{{A{i}}}' for i in range(6))}')"])
    results: list[object] = []
    running = threading.Thread(target=lambda: results.append(given.execute(program).result))
    running.start()
    threading.Event().wait(0.03)
    given.close()
    running.join(20)
    assert results == [15]
