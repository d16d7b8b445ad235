"""`visprog eval miniworld`: measure, with progress on standard error, and show or keep the report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from visprog.errors import UsageError
from visprog.files import PAGE_ENDINGS, OutputFile, check_output_files, write_atomically
from visprog.miniworld.evaluation import measuring, tables
from visprog.miniworld.evaluation.measuring import Settings, measure
from visprog.miniworld.evaluation.report import Report, to_json
from visprog.miniworld.scene import Split
from visprog.models.zoo import Zoo

PRINTED = "-"
"""The name of standard output."""


def evaluate(
    models: Zoo,
    *,
    n: int,
    seed: int,
    split: str,
    tasks: str | None,
    planners: Sequence[str] | None,
    data: Path | None,
    page: Path | None,
) -> None:
    """Measure what the command line asks for. Raises UsageError, and ModelUnavailable."""
    if split not in get_args(Split):
        raise UsageError(f"there is no split `{split}`", help=f"choose one of {', '.join(get_args(Split))}")
    settings = Settings(
        n,
        seed,
        cast(Split, split),
        tuple(part.strip() for part in tasks.split(",")) if tasks else measuring.PARTS,
        tuple(dict.fromkeys(planners)) if planners else measuring.PLANNERS,
    )
    measuring.check(settings)
    _check_files(data, page)
    _share_cores()
    report = _measured(models, settings)
    if page is not None:
        from visprog.miniworld.evaluation.page import render_page

        write_atomically(page, render_page(report).encode())
    _keep(report, data)
    if page is not None:
        Console(stderr=True).print(f"report: {page}", highlight=False, soft_wrap=True)


def _check_files(data: Path | None, page: Path | None) -> None:
    """See beforehand that what is measured for minutes can be kept."""
    figures = None if str(data) == PRINTED else data
    check_output_files(
        OutputFile("the report", page, PAGE_ENDINGS), OutputFile("the data", figures, (".json",))
    )


def _share_cores() -> None:
    """Keep each model call to one core, unless told otherwise: two tasks run side by side."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # is read when the models' libraries are loaded


def _measured(models: Zoo, settings: Settings) -> Report:
    """Measure, with a bar for each part on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        parts: dict[str, int] = {}

        def advance(title: str, done: int, total: int) -> None:
            if title not in parts:
                parts[title] = bars.add_task(title, total=total)
            bars.update(parts[title], completed=done)  # type: ignore[arg-type]

        return measure(models, settings, advance)


def _keep(report: Report, data: Path | None) -> None:
    if data is not None and str(data) == PRINTED:
        print(to_json(report))  # noqa: T201 - the output that was asked for
        return
    if data is not None:
        write_atomically(data, to_json(report) + "\n")
    tables.show(report, Console())
