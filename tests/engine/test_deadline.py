"""After a run's deadline, unfinished steps fail, finished results are kept, and nobody waits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.steps import counting, session, statuses
from visprog import DeadlineExceeded, Run, UsageError, VisProg, tool
from visprog.engine.events import Event, StepFailed, StepFinished, StepSkipped
from visprog.tools import Tool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


def waiting(gate: threading.Event, *, started: threading.Event | None = None) -> Tool:
    @tool("Wait")
    def wait(number: int = 0) -> int:
        """Wait for the gate."""
        if started is not None:
            started.set()
        gate.wait(60)
        return number

    return wait


PROGRAM = "A=Double(1)\nB=Wait(A)\nC=Double(B)\nD=Double(4)\nRESULT=Eval('{C} + {D}')"


def late(run: Run) -> list[tuple[str, bool]]:
    causes = [(step.name, step.error.__cause__) for step in run.steps if step.error is not None]
    return [(name, cause.running) for name, cause in causes if isinstance(cause, DeadlineExceeded)]


def test_the_running_step_fails_and_the_other_results_are_kept(gate: threading.Event) -> None:
    double, _ = counting()
    run = session(double, waiting(gate)).execute(PROGRAM, deadline=0.3)
    assert statuses(run) == ["done", "failed", "skipped", "done", "skipped"]
    assert late(run) == [("B", True)]
    assert run.variables == {"A": 2, "D": 8}
    assert run.error is not None
    assert run.error.message == "B (line 2, Wait): the deadline of 0.3 s passed while this step ran"
    assert run.error.help == "use a longer deadline (`--deadline SECONDS`)"


def test_a_step_without_a_thread_fails_as_not_started(gate: threading.Event) -> None:
    given = session(waiting(gate), workers=1)
    steps = [f"A{n}=Wait({n})" for n in range(100)]
    names = ", ".join(f"A{n}" for n in range(100))
    run = given.execute("\n".join([*steps, f"RESULT=Result([{names}])"]), deadline=0.3)
    assert statuses(run) == [*["failed"] * 100, "skipped"]
    assert {running for _, running in late(run)} == {True, False}
    message = next(s.error.message for s in run.steps if s.error and "before" in s.error.message)
    assert "passed before this step started" in message


def test_a_run_that_waits_for_another_runs_step_stops_at_its_deadline(gate: threading.Event) -> None:
    started = threading.Event()
    runs: list[Run] = []
    given = session(waiting(gate, started=started))
    first = threading.Thread(target=lambda: runs.append(given.execute("RESULT=Wait(3)")))
    first.start()
    assert started.wait(20)
    second = given.execute("RESULT=Wait(3)", deadline=0.2)
    assert late(second) == [("RESULT", True)]
    gate.set()
    first.join(20)
    assert [run.result for run in runs] == [3]
    assert given.execute("RESULT=Wait(3)", deadline=20).result == 3


def test_a_late_result_changes_nothing(gate: threading.Event) -> None:
    events: list[Event] = []
    given = session(waiting(gate))
    run = given.execute("A=Wait(1)\nRESULT=Eval('{A} + 1')", observer=events.append, deadline=0.2)
    before, kept = len(events), len(run.events)
    gate.set()
    assert given.execute("RESULT=Wait(1)", deadline=20).result == 1
    assert (len(events), len(run.events)) == (before, kept)
    assert [type(event) for event in run.events] == [StepFailed, StepSkipped]


def test_a_run_within_its_deadline_is_a_usual_run() -> None:
    double, calls = counting()
    program = "A=Double(1)\nB=Double(A)\nC=Double(3)\nRESULT=Eval('{B} + {C}')"
    run = session(double).execute(program, deadline=60)
    assert run.result == 10
    assert sorted(calls) == [1, 2, 3]
    assert all(isinstance(event, StepFinished) for event in run.events)


def test_an_error_of_the_observer_is_raised() -> None:
    def observer(event: Event) -> None:
        raise LookupError("observed")

    with pytest.raises(LookupError, match="observed"):
        session().execute("RESULT=Eval('1')", observer=observer, deadline=60)


def test_the_sessions_deadline_applies_to_each_run(gate: threading.Event) -> None:
    given = VisProg(tools=[waiting(gate)], deadline=0.2)
    assert [late(given.execute(f"RESULT=Wait({n})")) for n in range(2)] == [[("RESULT", True)]] * 2
    assert given.execute("RESULT=Eval('1')").result == 1


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_deadline_is_a_positive_number_of_seconds(seconds: float) -> None:
    with pytest.raises(UsageError, match="the deadline must be"):
        VisProg(deadline=seconds)
    with pytest.raises(UsageError, match="the deadline must be"):
        VisProg().execute("RESULT=Eval('1')", deadline=seconds)


@pytest.fixture
def hanging(tmp_path: Path) -> Path:
    """Return a folder with a tool that hangs, a program that uses it, and a batch of two tasks."""
    (tmp_path / "own.py").write_text(
        textwrap.dedent(
            '''
            import time
            from visprog import tool

            @tool("Hang")
            def hang() -> int:
                """Hang."""
                time.sleep(600)
                return 1
            '''
        )
    )
    (tmp_path / "hang.vp").write_text("RESULT=Hang()")
    (tmp_path / "tasks.jsonl").write_text('{"program": "hang.vp"}\n{"program": "RESULT=Eval(\'2\')"}\n')
    return tmp_path


def command_line(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "visprog", *words, "--tools", "own.py", "--deadline", "0.5"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_command_line_does_not_wait_for_a_hanging_step(hanging: Path) -> None:
    done = command_line(hanging, "exec", "hang.vp")
    assert done.returncode == 1
    assert "deadline of 0.5 s passed while this step ran" in done.stderr


def test_a_batch_does_not_wait_for_a_hanging_step(hanging: Path) -> None:
    done = command_line(hanging, "batch", "tasks.jsonl", "--out", "out")
    assert (done.returncode, done.stdout) == (1, "out/results.jsonl\n")
    assert done.stderr.startswith("2 tasks: 1 done, 1 failed")
    lines = [json.loads(line) for line in (hanging / "out" / "results.jsonl").read_text().splitlines()]
    assert [line["ok"] for line in lines] == [False, True]


def test_a_deadline_beyond_the_range_of_timers_is_accepted() -> None:
    assert VisProg().execute("RESULT=Eval('1')", deadline=1e308).result == 1
