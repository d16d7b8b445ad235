"""What `run` and `exec` have in common: a plan shown, a program run, its result and trace kept."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from visprog.cli.reporting import colored, leave, note, print_json, print_result

if TYPE_CHECKING:
    from visprog.images import Source
    from visprog.language.checker import Checked
    from visprog.planner.plan import Plan
    from visprog.session import VisProg
    from visprog.trace.run import Run


def origin(plan: Plan) -> str:
    """Say who planned, after which bank, and what is to be remarked."""
    return "\n".join([f"planned by {plan.planner}, bank {plan.task}", *plan.remarks])


def show_plan(plan: Plan) -> None:
    """Show where a plan comes from, its faults, and its program."""
    if not plan.is_given:
        note(origin(plan))
        show_diagnostics(plan.checked, plan.checked.program.source)
    note("\n" + "\n".join(f"  {line}" for line in str(plan.checked.program).splitlines()) + "\n")


def show_diagnostics(checked: Checked, source: str) -> None:
    """Show the faults of a program where they are."""
    from visprog.language.summary import render_summary

    if checked.diagnostics:
        note(render_summary(checked.diagnostics, source, color=colored(sys.stderr)), styled=True)


def run_program(
    session: VisProg,
    program: Plan | Checked,
    pictures: dict[str, Source],
    output: Path | None,
    trace: Path | None,
    as_json: bool,
) -> None:
    """Run a program under lines that show its steps; then `finish`."""
    from visprog.planner.plan import Plan
    from visprog.results import check_output
    from visprog.trace.terminal import LiveSteps

    checked = program.checked if isinstance(program, Plan) else program
    check_output(checked, output, kept=trace is not None or as_json)
    with LiveSteps(checked.steps) as live:
        finished = session.execute(program, pictures, observer=live)
    finish(finished, output, trace, as_json)


def finish(finished: Run, output: Path | None, trace: Path | None, as_json: bool) -> None:
    """Keep the trace and the result, say what failed, and leave with the right status."""
    from visprog.results import save_result
    from visprog.trace.value_view import whole

    if finished.ok and output is not None:
        save_result(finished.result, output)
    if trace is not None:
        finished.save(trace)
    if as_json:
        print_json(finished.to_json())
    elif finished.ok:
        print_result(str(output) if output is not None else whole(finished.result).text())
    for name, image in finished.inputs.items():
        for remark in image.notes:
            note(f"warning: {name}: {remark}")
    _show_failures(finished)
    if trace is not None:
        note(f"trace: {trace}")
    if any(getattr(step.error and step.error.__cause__, "running", False) for step in finished.steps):
        leave(1)
    if not finished.ok:
        raise typer.Exit(1)


def _show_failures(finished: Run) -> None:
    for step in finished.steps:
        if step.error is not None:
            note(f"error: {step.error}")
            if os.environ.get("VISPROG_TRACEBACK"):
                note("".join(traceback.format_exception(step.error)))
