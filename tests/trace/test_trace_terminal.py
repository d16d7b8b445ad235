from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from unicodedata import category

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from visprog.engine.events import StepProgress, StepStarted
from visprog.printable import one_line
from visprog.trace.run import Run
from visprog.trace.terminal import LiveSteps, render
from visprog.values import Image

GOLDEN = Path(__file__).parent / "golden"


def _printed(run: Run) -> str:
    out = io.StringIO()
    render(run, Console(file=out, width=80, color_system=None))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def test_a_printed_run_matches_its_golden_file(dogs_run: Run) -> None:
    assert _printed(dogs_run) == (GOLDEN / "dogs.txt").read_text("utf-8")


def test_a_printed_failed_run_matches_its_golden_file(failed_run: Run) -> None:
    assert _printed(failed_run) == (GOLDEN / "failed.txt").read_text("utf-8")


def test_a_printed_run_with_lifted_steps_matches_its_golden_file(bottles_run: Callable[..., Run]) -> None:
    assert _printed(bottles_run(5)) == (GOLDEN / "lifted.txt").read_text("utf-8")


def test_long_results_leave_room_for_the_names(bottles_run: Callable[..., Run]) -> None:
    out = io.StringIO()
    render(bottles_run(200), Console(file=out, width=60, color_system=None))
    rows = out.getvalue().splitlines()[:6]
    assert [row.split()[2] for row in rows] == ["BOX0", "IMAGES0", "COLOR", "ANSWERS0", "CAPS0", "RESULT"]
    assert all(len(row) <= 60 and row.rstrip().endswith("8.00 ms") for row in rows)


def test_the_progress_of_a_lifted_step_is_shown(bottles_run: Callable[..., Run]) -> None:
    run = bottles_run(64)
    console = Console(file=io.StringIO(), width=80, height=20, force_terminal=True, color_system=None)
    live = LiveSteps(run.checked.steps, console)
    live(StepStarted(3, 0.0))
    live(StepProgress(3, 12, 64))
    with console.capture() as running:
        console.print(live)
    assert "ANSWERS0 Vqa  12/64  0 s" in running.get()
    live(run.events[3])
    with console.capture() as finished:
        console.print(live)
    assert "ANSWERS0 Vqa  ['no', 'yes'" in finished.get()


def test_text_of_a_model_cannot_control_the_terminal(
    run_of: Callable[..., Run], photo: Callable[..., Image]
) -> None:
    answer = "\x1b]0;owned\x07\x1b[2J[red]mark\u202e"
    printed = _printed(run_of("A=Vqa(image=IMAGE, question='q')", {"IMAGE": photo()}, [answer]))
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "[red]mark\\u202e" in printed


@given(st.text())
def test_one_line_contains_no_control_character(text: str) -> None:
    assert not {category(char) for char in one_line(text)} & {"Cc", "Cs", "Co", "Zl", "Zp"}


def test_without_a_terminal_each_finished_step_is_a_line(dogs_run: Run) -> None:
    out = io.StringIO()
    with LiveSteps(dogs_run.checked.steps, Console(file=out, width=80, color_system=None)) as live:
        live(StepStarted(0, 0.0))
        for event in dogs_run.events:
            live(event)
    lines = out.getvalue().splitlines()
    assert len(lines) == 5
    assert lines[0] == "✓ OBJ0 Loc  2 regions: dog, puppy; one box reaches over the edge  8.00 ms"
    assert lines[2] == "– ANSWER0 Count  not needed"


def test_on_a_terminal_a_running_step_is_shown_until_it_finishes(dogs_run: Run) -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, height=20, force_terminal=True, color_system=None)
    with LiveSteps(dogs_run.checked.steps, console) as live:
        live(StepStarted(0, 0.0))
        with console.capture() as running:
            console.print(live)
        live(dogs_run.events[0])
        with console.capture() as finished:
            console.print(live)
    assert "OBJ0 Loc  0 s" in running.get()
    assert "OBJ0 Loc  2 regions" in finished.get()


def test_a_long_program_fits_the_height_of_the_terminal(
    run_of: Callable[..., Run], photo: Callable[..., Image]
) -> None:
    program = "\n".join(f"A{n}=Vqa(image=IMAGE, question='{n}')" for n in range(100))
    run = run_of(program, {"IMAGE": photo(8, 8)}, [str(n) for n in range(100)])
    console = Console(file=io.StringIO(), width=80, height=12, force_terminal=True, color_system=None)
    live = LiveSteps(run.checked.steps, console)
    for event in run.events:
        live(event)
    with console.capture() as shown:
        console.print(live)
    assert len(shown.get().splitlines()) <= 12
    assert "A99" in shown.get()
