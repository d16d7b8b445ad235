"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Instruction = Annotated[
    str, typer.Argument(metavar="INSTRUCTION", help="The task, in plain words.", show_default=False)
]
Pictures = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="IMAGE",
        help="Pictures. Programs call a single one IMAGE, and two LEFT and RIGHT.",
        show_default=False,
    ),
]
NamedPictures = Annotated[
    list[str] | None,
    typer.Option("--image", metavar="NAME=PATH", help="A picture with its name. May be repeated."),
]
Task = Annotated[
    str,
    typer.Option(metavar="TASK", help="The bank of examples to follow: auto, gqa, nlvr, knowtag or imgedit."),
]
Planner = Annotated[
    str,
    typer.Option(
        metavar="PLANNER",
        help="auto, examples, patterns, openai, openai:MODEL or transformers:MODEL. auto means openai if "
        "OPENAI_API_KEY, OPENAI_BASE_URL or the base_url of the role language_model is set, and the "
        "profile's planner otherwise. openai uses the options of the role language_model.",
    ),
]
Models = Annotated[
    str, typer.Option(metavar="PROFILE", help="The profile of models: a name or a .toml file.")
]
ModelOverrides = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="ROLE=MODEL",
        help="Use another model for one role: detector=transformers:ID. Options follow after commas: "
        "language_model=openai:gpt-5,deadline=300. May be repeated.",
    ),
]
Device = Annotated[
    str, typer.Option(metavar="DEVICE", help="Where local models run: auto, cuda, mps or cpu.")
]
Tools = Annotated[
    list[Path] | None,
    typer.Option("--tools", metavar="FILE", help="A Python file that defines more tools. May be repeated."),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to write the result: a picture, text, or .json. A list of pictures goes to FILE-1.png, "
        "FILE-2.png and so on, or to 1.png, 2.png and so on in a folder.",
        show_default=False,
    ),
]
Trace = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where to write the trace of the run: .html, .htm or .json.",
        show_default=False,
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="A folder that keeps the results of steps for later runs.", show_default=False
    ),
]
Deadline = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="The time limit of a run. Unfinished steps fail; the results of the others are kept.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for use by other programs.")]
