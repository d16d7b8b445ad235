"""`visprog batch`: run the tasks of a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from visprog.cli.options import (
    Cache,
    Deadline,
    Device,
    Json,
    ModelOverrides,
    Models,
    Planner,
    Task,
    Tools,
)
from visprog.cli.reporting import exit_now, note, reporting
from visprog.cli.sessions import make_session

if TYPE_CHECKING:
    from visprog.batch.runner import Summary

Tasks = Annotated[
    Path,
    typer.Argument(
        metavar="TASKS",
        help="A file with one JSON object on each line: `instruction` or `program`, `images`, and optionally "
        "`id` and `task`. Other fields are copied to the results.",
        show_default=False,
    ),
]
Folder = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        help="The folder for results.jsonl and the journal. A batch that was started there is resumed.",
    ),
]
Save = Annotated[
    bool, typer.Option("--save", help="Keep results that are pictures or lists of pictures, in DIR/pictures.")
]
Traces = Annotated[bool, typer.Option("--traces", help="Keep a page for each run, in DIR/traces.")]
Workers = Annotated[
    int,
    typer.Option(metavar="N", min=1, max=256, help="Maximum number of tasks that run at the same time."),
]
EngineName = Annotated[
    str,
    typer.Option(
        metavar="ENGINE",
        help="local: run in this process. ray: run in several processes, on this machine or a cluster.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="The address of a running Ray cluster; auto finds the one on this machine. Default: start a "
        "new cluster on this machine.",
        show_default=False,
    ),
]
Actors = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="The number of Ray processes. Each loads its own models and runs --workers tasks. Default: one "
        "for each GPU, or one for each machine without GPUs.",
        show_default=False,
    ),
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Run failed tasks again.")]
AllowChanges = Annotated[
    bool,
    typer.Option(
        "--allow-changes",
        help="Resume the batch although its models, planner, tools or options have changed, and rerun the "
        "affected tasks.",
    ),
]


def batch(
    tasks: Tasks,
    out: Folder,
    save: Save = False,
    traces: Traces = False,
    task: Task = "auto",
    planner: Planner = "auto",
    models: Models = "base",
    model: ModelOverrides = None,
    device: Device = "auto",
    tools: Tools = None,
    cache: Cache = None,
    deadline: Deadline = None,
    workers: Workers = 32,
    engine: EngineName = "local",
    address: Address = None,
    actors: Actors = None,
    retry_failed: RetryFailed = False,
    allow_changes: AllowChanges = False,
    as_json: Json = False,
) -> None:
    """Run many tasks from a file. If a batch is stopped, the same command resumes it."""
    with reporting(as_json):
        from visprog.batch.cluster import choose_engine
        from visprog.batch.engines import Options
        from visprog.batch.reporting import ProgressLine
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
                on_warning=_warn,
                engine=chosen,
            )
        _report(summary, as_json)
        if not summary.ok:
            _exit_failed(deadline)


def _exit_failed(deadline: float | None) -> NoReturn:
    if deadline is not None:
        exit_now(1)  # a step that missed the deadline may still be running
    raise typer.Exit(1)


def _warn(message: str) -> None:
    note(f"warning: {message}")


def _report(summary: Summary, as_json: bool) -> None:
    from visprog.batch.reporting import summary_json, summary_text

    typer.echo(summary_json(summary) if as_json else summary.results)
    note(summary_text(summary))
