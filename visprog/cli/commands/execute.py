"""`visprog exec`: run a program file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from visprog.cli.arguments import read_pictures
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
    Tools,
    Trace,
)
from visprog.cli.programs import check_program_file
from visprog.cli.reporting import reporting
from visprog.cli.running import Outputs, check_files, run_program
from visprog.cli.sessions import make_session

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A program (.vp). `-` is standard input.", show_default=False),
]


def execute(
    file: File,
    images: Pictures = None,
    image: NamedPictures = None,
    models: Models = "base",
    model: ModelOverrides = None,
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
        pictures, outputs = read_pictures(images, image), Outputs(output, trace, as_json)
        check_files(pictures, outputs)
        session = make_session("examples", models, tools, model, device, cache, deadline)
        checked = check_program_file(session, file, tuple(pictures))
        run_program(session, checked, pictures, outputs)
