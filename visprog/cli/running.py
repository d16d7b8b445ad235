"""Runs programs, and writes and prints their results, traces and errors."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from visprog.cli.reporting import exit_now, note, print_json, print_result
from visprog.errors import DeadlineExceeded, UsageError
from visprog.files import PAGE_ENDINGS, OutputFile, check_file, check_output_files
from visprog.printable import one_line

if TYPE_CHECKING:
    from visprog.images import Source
    from visprog.language.checked import Checked
    from visprog.planner.plan import Plan
    from visprog.session import VisProg
    from visprog.trace.record import StepRecord
    from visprog.trace.run import Run

    Pictures = dict[str, Source]


class Outputs(NamedTuple):
    """Where the result and the trace of a run are written, and whether the record is printed as JSON."""

    result: Path | None
    trace: Path | None
    as_json: bool


def check_files(pictures: Pictures, outputs: Outputs) -> None:
    """Raise UsageError if a picture is missing, or the result or the trace cannot be written."""
    given = [(name, path) for name, path in pictures.items() if isinstance(path, Path)]
    for name, path in given:
        check_file(path, "a picture", UsageError, f"{name}: ")
    result = OutputFile("the result", outputs.result, may_be_folder=True)
    trace = OutputFile("the trace", outputs.trace, (*PAGE_ENDINGS, ".json"))
    check_output_files(result, trace, given=[path for _, path in given])


def run_program(session: VisProg, program: Plan | Checked, pictures: Pictures, outputs: Outputs) -> None:
    """Run a program, show its steps as they finish, and report the run."""
    from visprog.planner.plan import Plan
    from visprog.results import check_output
    from visprog.trace.terminal import LiveSteps

    checked = program.checked if isinstance(program, Plan) else program
    check_output(checked, outputs.result, kept=outputs.trace is not None or outputs.as_json)
    with LiveSteps(checked.steps) as live:
        run = session.execute(program, pictures, observer=live)
    report_run(run, outputs)


def vote_executor(session: VisProg, pictures: Pictures) -> Callable[[Plan], Run]:
    """Return a function that runs one of the programs that vote, and prints the program and its result."""
    from visprog.trace.terminal import LiveSteps
    from visprog.trace.value_view import describe

    numbers = count(1)

    def execute(plan: Plan) -> Run:
        name = f"program {next(numbers)}"
        note(f"{name}: {one_line('; '.join(str(plan).splitlines()))}")
        with LiveSteps(plan.checked.steps) as live:
            run = session.execute(plan, pictures, observer=live)
        result = describe(run.result).summary if run.ok else "no result, because a step failed"
        note(f"{name} returned {one_line(result)}\n")
        return run

    return execute


def report_run(run: Run, outputs: Outputs) -> None:
    """Write and print the result, the trace and the errors. Exit with status 1 if a step failed."""
    from visprog.results import loses_transparency, save_result

    files = save_result(run.result, outputs.result) if run.ok and outputs.result is not None else None
    if outputs.result is not None and files and loses_transparency(run.result, files[0]):
        note(f"warning: {outputs.result.name} cannot store transparency: it has a white background")
    if outputs.trace is not None:
        run.save(outputs.trace)
    _print_run(run, outputs, files)
    if outputs.trace is not None:
        note(f"trace: {outputs.trace}")
    if any(map(_still_computes, run.steps)):
        exit_now(1)
    if not run.ok:
        raise typer.Exit(1)


def _still_computes(step: StepRecord) -> bool:
    """Return whether a step that missed the deadline still occupies its thread."""
    cause = step.error and step.error.__cause__
    return isinstance(cause, DeadlineExceeded) and cause.running


def _print_run(run: Run, outputs: Outputs, files: list[Path] | None) -> None:
    if outputs.as_json:
        print_json(run.to_json())
    elif run.ok:
        _print_result(run.result, files)
    for name, image in run.inputs.items():
        for remark in image.notes:
            note(f"warning: {name}: {remark}")
    for step in run.steps:
        if step.error is not None:
            note(f"error: {step.error}")
            if os.environ.get("VISPROG_TRACEBACK"):
                note("".join(traceback.format_exception(step.error)))


def _print_result(value: object, files: list[Path] | None) -> None:
    """Print the names of the files of a result, one on each line. Without files, print the result itself."""
    from visprog.trace.value_view import whole

    if files is None:
        print_result(whole(value).text())
    elif files:
        print_result("\n".join(map(str, files)))
    else:
        note("the result is an empty list, so no file was written")
