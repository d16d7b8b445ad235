"""`visprog eval`: measure models and planners."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from visprog.cli.options import Device, ModelOverrides, Models
from visprog.cli.reporting import reporting
from visprog.cli.sessions import make_zoo

eval_app = typer.Typer(no_args_is_help=True)

Samples = Annotated[
    int, typer.Option("--n", metavar="N", min=1, help="The number of samples for each figure.")
]
Seed = Annotated[
    int, typer.Option(metavar="N", min=0, help="The seed of the first sample. The next has seed N+1.")
]
SplitName = Annotated[
    str, typer.Option(metavar="SPLIT", help="The split of the samples: train, validation or test.")
]
Parts = Annotated[
    str | None,
    typer.Option(
        metavar="PART,...",
        help="The parts to measure, separated by commas: gqa, nlvr, knowtag, imgedit, composition, language, "
        "and the modules loc, facedet, seg, mask, classify, select, vqa. Default: all.",
        show_default=False,
    ),
]
Planners = Annotated[
    list[str] | None,
    typer.Option(
        "--planner",
        metavar="PLANNER",
        help="gold, auto, examples, patterns, openai, openai:MODEL or transformers:MODEL. gold uses the "
        "correct programs. May be repeated. Default: gold, examples, and the language model of the profile "
        "mini.",
        show_default=False,
    ),
]
JsonFile = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Where to write all figures: .json, or `-` for standard output.",
        show_default=False,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where to write a page with charts, examples and traces: .html or .htm.",
        show_default=False,
    ),
]


@eval_app.callback()
def _measure() -> None:
    """Measure models and planners."""


@eval_app.command("miniworld")
def miniworld(
    n: Samples = 500,
    seed: Seed = 0,
    split: SplitName = "test",
    models: Models = "mini",
    model: ModelOverrides = None,
    device: Device = "auto",
    tasks: Parts = None,
    planner: Planners = None,
    as_json: JsonFile = None,
    report: Report = None,
) -> None:
    """Measure modules, programs and planners on the miniature world, and show the causes of failures."""
    printed = str(as_json) == "-"
    with reporting(printed):
        from visprog.evaluation.benchmarks.miniworld.benchmark import MINIWORLD
        from visprog.evaluation.command import evaluate

        evaluate(
            MINIWORLD,
            make_zoo(models, model, device),
            n=n,
            seed=seed,
            split=split,
            tasks=tasks,
            planners=planner,
            data=as_json,
            page=report,
        )
