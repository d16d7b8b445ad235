"""The arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Instruction = Annotated[
    str, typer.Argument(metavar="INSTRUCTION", help="What is asked, in plain words.", show_default=False)
]
Pictures = Annotated[
    list[Path] | None,
    typer.Argument(metavar="IMAGE", help="One picture is IMAGE; two are LEFT and RIGHT.", show_default=False),
]
Named = Annotated[
    list[str] | None,
    typer.Option(
        "--image", metavar="NAME=PATH", help="A picture under a name of your choice; may be repeated."
    ),
]
Task = Annotated[
    str,
    typer.Option(metavar="TASK", help="The bank of examples to follow: auto, gqa, nlvr, knowtag or imgedit."),
]
Planner = Annotated[
    str,
    typer.Option(
        metavar="PLANNER",
        help="auto, examples, openai, openai:MODEL or transformers:MODEL. auto is openai if OPENAI_API_KEY, "
        "OPENAI_BASE_URL or the base_url of the language model is set, else the profile's planner. openai "
        "has the options of the role language_model.",
    ),
]
Models = Annotated[
    str, typer.Option(metavar="PROFILE", help="A profile of models, by name or as a .toml file.")
]
Model = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="ROLE=MODEL",
        help="Override one role: detector=transformers:ID. Options follow the model: "
        "language_model=openai:gpt-5,deadline=300,base_url=http://host/v1. May be repeated.",
    ),
]
Device = Annotated[
    str, typer.Option(metavar="DEVICE", help="Where local models run: auto, cuda, mps or cpu.")
]
Tools = Annotated[
    list[Path] | None,
    typer.Option("--tools", metavar="FILE", help="A Python file with further tools; may be repeated."),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to write the result: a picture, text, or .json.",
        show_default=False,
    ),
]
Trace = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where to write the record of every step: .html, .htm or .json.",
        show_default=False,
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="A folder where results are kept for the next run.", show_default=False),
]
Deadline = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="How long a run may take. Steps that are not done by then fail; the other results stay.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
