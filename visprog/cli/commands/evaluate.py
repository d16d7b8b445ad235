"""`visprog eval`: measure models and planners."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from visprog.cli.arguments import make_zoo
from visprog.cli.options import Device, Model, Models
from visprog.cli.reporting import reporting

eval_app = typer.Typer(no_args_is_help=True)


@eval_app.callback()
def _measure() -> None:
    """Measure models and planners."""


@eval_app.command("miniworld")
def miniworld(
    n: Annotated[
        int, typer.Option("--n", metavar="N", min=1, help="Number of samples for each figure.")
    ] = 500,
    seed: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Seed of the first sample; the others count up."),
    ] = 0,
    split: Annotated[str, typer.Option(metavar="SPLIT", help="train, validation or test.")] = "test",
    models: Models = "mini",
    model: Model = None,
    device: Device = "auto",
    tasks: Annotated[
        str | None,
        typer.Option(
            metavar="PART,...",
            help="What to measure, separated by commas: gqa, nlvr, knowtag, imgedit, composition, and the "
            "modules loc, facedet, seg, mask, classify, select, vqa. Default: everything.",
            show_default=False,
        ),
    ] = None,
    planner: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLANNER",
            help="gold, auto, examples, openai, openai:MODEL or transformers:MODEL; may be repeated. "
            "Default: gold, examples, and the language model of the profile mini.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write all figures to this .json file; `-` prints them.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a page with charts, examples and traces to this .html or .htm file.",
            show_default=False,
        ),
    ] = None,
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
