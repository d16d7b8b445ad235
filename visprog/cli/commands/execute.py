"""`visprog exec`: run a program file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from visprog.cli.arguments import check_run, named_pictures
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
    Tools,
    Trace,
)
from visprog.cli.reporting import reporting
from visprog.cli.running import run_program
from visprog.cli.sessions import make_session, read_checked


def execute(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A program (.vp); `-` is standard input.", show_default=False),
    ],
    images: Pictures = None,
    image: Named = None,
    models: Models = "base",
    model: Model = None,
    device: Device = "auto",
    tools: Tools = None,
    cache: Cache = None,
    deadline: Deadline = None,
    output: Output = None,
    trace: Trace = None,
    as_json: Json = False,
) -> None:
    """Run a program file on pictures."""
    with reporting(as_json):
        pictures = named_pictures(images, image)
        check_run(pictures, output, trace)
        session = make_session("examples", models, tools, model, device, cache, deadline)
        checked = read_checked(session, file, tuple(pictures))
        run_program(session, checked, pictures, output, trace, as_json)
