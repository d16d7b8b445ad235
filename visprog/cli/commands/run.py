"""`visprog run`: plan a program and run it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visprog.cli.arguments import check_run, named_pictures, split_words
from visprog.cli.options import (
    Cache,
    Deadline,
    Device,
    Json,
    Model,
    Models,
    Named,
    Output,
    Pictures,
    Planner,
    Task,
    Tools,
    Trace,
)
from visprog.cli.reporting import leave, note, reporting
from visprog.cli.running import finish, run_program, show_plan
from visprog.cli.sessions import make_session, read_checked
from visprog.errors import UsageError
from visprog.files import check_file

if TYPE_CHECKING:
    from visprog.planner.plan import Plan
    from visprog.session import VisProg


def run(
    first: Annotated[
        str | None,
        typer.Argument(
            metavar="INSTRUCTION",
            help="What is asked, in plain words. With --speech, and with --program, pictures alone will do.",
            show_default=False,
        ),
    ] = None,
    others: Pictures = None,
    image: Named = None,
    task: Task = "auto",
    planner: Planner = "auto",
    models: Models = "base",
    model: Model = None,
    device: Device = "auto",
    program: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Run this program instead of planning one.")
    ] = None,
    speech: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Hear the instruction in a recording: .wav or .flac."),
    ] = None,
    votes: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=99, help="Sample so many programs, and let their results vote."),
    ] = 1,
    tools: Tools = None,
    cache: Cache = None,
    deadline: Deadline = None,
    output: Output = None,
    trace: Trace = None,
    as_json: Json = False,
    yes: Annotated[bool, typer.Option("--yes/--confirm", help="Whether to run without asking first.")] = True,
) -> None:
    """Plan a program from an instruction, and run it on pictures."""
    with reporting(as_json):
        words = [*([first] if first is not None else []), *map(str, others or [])]
        instruction, images = split_words(words, optional=program is not None or speech is not None)
        pictures = named_pictures(images, image)
        check_run(pictures, output, trace)
        if speech is not None:
            check_file(speech, "a recording", UsageError)
        session = make_session(planner, models, tools, model, device, cache, deadline)
        if speech is not None:
            instruction = session.transcribe(speech)
            note(f"heard: {instruction}")
        if votes > 1:
            from visprog.cli.voting import shown

            execute = shown(session, pictures)
            elected = session.vote(instruction, pictures, votes=votes, task=task, execute=execute)
            if elected.plan is not None:
                show_plan(elected.plan)
            finish(elected, output, trace, as_json)
            if deadline is not None:
                leave(0)  # a step of another vote may still be running
            return
        plan = _plan(session, instruction, tuple(pictures), task, program)
        show_plan(plan)
        if not yes and not _confirmed():
            raise typer.Exit(1)
        run_program(session, plan, pictures, output, trace, as_json)


def _confirmed() -> bool:
    if sys.stdin is None:
        raise UsageError("standard input is closed, so nobody can confirm", help="leave out `--confirm`")
    try:
        return typer.confirm("Run it?", err=True, default=True)
    except typer.Abort:
        note("")  # ends the line of the question
        raise


def _plan(
    session: VisProg,
    instruction: str,
    names: tuple[str, ...],
    task: str,
    program: Path | None,
) -> Plan:
    if program is None:
        from visprog.cli.planning import planning_shown

        with planning_shown():
            return session.plan(instruction, names, task=task)
    from visprog.planner.plan import Plan

    checked = read_checked(session, program, names)
    return Plan(instruction, task, checked, f"none: the program is {program}", is_given=True)
