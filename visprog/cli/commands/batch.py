"""`visprog batch`: run the tasks of a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from visprog.cli.options import Cache, Deadline, Device, Json, Model, Models, Planner, Task, Tools
from visprog.cli.reporting import leave, note, reporting
from visprog.cli.sessions import make_session
from visprog.printable import printable


def batch(
    tasks: Annotated[
        Path,
        typer.Argument(
            metavar="TASKS",
            help="A file of JSON lines: `instruction` or `program`, `images`, and optionally `id`, `task`; "
            "further fields are passed through.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="The folder for results.jsonl and the journal; one begun is gone on with."
        ),
    ],
    save: Annotated[
        bool, typer.Option("--save", help="Keep results that are pictures, in pictures/.")
    ] = False,
    traces: Annotated[bool, typer.Option("--traces", help="Keep a page of each run, in traces/.")] = False,
    task: Task = "auto",
    planner: Planner = "auto",
    models: Models = "base",
    model: Model = None,
    device: Device = "auto",
    tools: Tools = None,
    cache: Cache = None,
    deadline: Deadline = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=256, help="So many tasks are under way at once.")
    ] = 32,
    engine: Annotated[
        str,
        typer.Option(
            metavar="ENGINE", help="local: in this process; ray: in several, on this machine or a cluster."
        ),
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="A Ray cluster that runs already, or auto for this machine's; else one is started here.",
            show_default=False,
        ),
    ] = None,
    actors: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="So many processes of Ray, with models and --workers of their own; else one for each GPU, "
            "or for each machine.",
            show_default=False,
        ),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run again what failed.")] = False,
    allow_changes: Annotated[
        bool,
        typer.Option(
            "--allow-changes",
            help="Go on although models, planner, tools or options are others than before: what was done "
            "with those is done anew.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run many tasks from a file. Stopped in any way, the same command goes on where it was."""
    with reporting(as_json):
        from visprog.batch.cluster import choose_engine
        from visprog.batch.engines import Options
        from visprog.batch.reporting import ProgressLine, summary_json, summary_text
        from visprog.batch.runner import run_batch

        make = partial(make_session, planner, models, tools, model, device, cache, deadline)
        chosen = choose_engine(engine, make, address, actors)
        with make() as session, ProgressLine() as line:
            summary = run_batch(
                session,
                tasks,
                out,
                Options(task, save, traces),
                workers=workers,
                retry_failed=retry_failed,
                changes_allowed=allow_changes,
                on_progress=line,
                on_warning=lambda words: note(f"warning: {printable(words)}"),
                engine=chosen,
            )
        typer.echo(summary_json(summary) if as_json else summary.results)
        note(summary_text(summary))
        if not summary.ok and deadline is not None:
            leave(1)  # a step that missed the deadline may still be running
        if not summary.ok:
            raise typer.Exit(1)
