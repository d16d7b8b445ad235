"""`visprog run`: plan a program and run it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from visprog.cli.arguments import read_pictures, split_instruction
from visprog.cli.options import (
    Cache,
    Deadline,
    Device,
    Json,
    ModelOverrides,
    Models,
    NamedPictures,
    Output,
    Pictures,
    Planner,
    Task,
    Tools,
    Trace,
)
from visprog.cli.planning import plan_instruction, show_plan
from visprog.cli.programs import check_program_file
from visprog.cli.reporting import exit_now, note, reporting
from visprog.cli.running import Outputs, check_files, report_run, run_program, vote_executor
from visprog.cli.sessions import make_session
from visprog.errors import UsageError
from visprog.files import check_file

if TYPE_CHECKING:
    from visprog.images import Source
    from visprog.planner.plan import Plan
    from visprog.session import VisProg

Instruction = Annotated[
    str | None,
    typer.Argument(
        metavar="INSTRUCTION",
        help="The task, in plain words. Optional with --speech and --program.",
        show_default=False,
    ),
]
Program = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Run this program instead of planning one.")
]
Speech = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Take the instruction from a recording: .wav or .flac."),
]
Votes = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        max=99,
        help="Plan N programs, run them all, and return the most frequent result. Needs a language model.",
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes/--confirm", help="Run the plan immediately, or ask for confirmation first.")
]


def run(
    first: Instruction = None,
    others: Pictures = None,
    image: NamedPictures = None,
    task: Task = "auto",
    planner: Planner = "auto",
    models: Models = "base",
    model: ModelOverrides = None,
    device: Device = "auto",
    program: Program = None,
    speech: Speech = None,
    votes: Votes = 1,
    tools: Tools = None,
    cache: Cache = None,
    deadline: Deadline = None,
    output: Output = None,
    trace: Trace = None,
    as_json: Json = False,
    yes: Yes = True,
) -> None:
    """Plan a program from an instruction, and run it on pictures."""
    with reporting(as_json):
        words = [*([first] if first is not None else []), *map(str, others or [])]
        instruction, images = split_instruction(words, optional=program is not None or speech is not None)
        pictures, outputs = read_pictures(images, image), Outputs(output, trace, as_json)
        check_files(pictures, outputs)
        if speech is not None:
            check_file(speech, "a recording", UsageError)
        session = make_session(planner, models, tools, model, device, cache, deadline)
        if speech is not None:
            instruction = session.transcribe(speech)
            note(f"heard: {instruction}")
        request = _Request(instruction, pictures, task)
        if votes > 1:
            _vote(session, request, votes, outputs)
            if deadline is not None:
                exit_now(0)  # a step of another program may still be running
        else:
            _plan_and_run(session, request, program, outputs, confirm=not yes)


class _Request(NamedTuple):
    instruction: str
    pictures: dict[str, Source]
    task: str


def _vote(session: VisProg, request: _Request, votes: int, outputs: Outputs) -> None:
    execute = vote_executor(session, request.pictures)
    winner = session.vote(
        request.instruction, request.pictures, votes=votes, task=request.task, execute=execute
    )
    if winner.plan is not None:
        show_plan(winner.plan)
    report_run(winner, outputs)


def _plan_and_run(
    session: VisProg, request: _Request, program: Path | None, outputs: Outputs, *, confirm: bool
) -> None:
    names = tuple(request.pictures)
    if program is None:
        plan = plan_instruction(session, request.instruction, names, request.task)
    else:
        plan = _given_plan(session, request, program)
    show_plan(plan)
    if confirm and not _confirmed():
        raise typer.Exit(1)
    run_program(session, plan, request.pictures, outputs)


def _given_plan(session: VisProg, request: _Request, program: Path) -> Plan:
    from visprog.planner.plan import Plan

    checked = check_program_file(session, program, tuple(request.pictures))
    planner = f"none: the program is {program}"
    return Plan(request.instruction, request.task, checked, planner, is_given=True)


def _confirmed() -> bool:
    if sys.stdin is None:
        raise UsageError(
            "standard input is closed, so you cannot be asked for confirmation", help="leave out `--confirm`"
        )
    try:
        return typer.confirm("Run it?", err=True, default=True)
    except typer.Abort:
        note("")  # ends the line of the question
        raise
