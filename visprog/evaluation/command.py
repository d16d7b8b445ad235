"""`visprog eval`: evaluates models with progress bars on standard error, and prints or writes the report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from visprog.evaluation import runner, tables
from visprog.evaluation.benchmark import Benchmark
from visprog.evaluation.report import Report, to_json
from visprog.evaluation.runner import Settings
from visprog.files import PAGE_ENDINGS, OutputFile, check_output_files, write_atomically
from visprog.models.zoo import Zoo

_STANDARD_OUTPUT = Path("-")


def evaluate(
    benchmark: Benchmark,
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
    """Evaluate models with the options of the command line. Raise UsageError or ModelUnavailable."""
    settings = Settings(
        n,
        seed,
        split,
        tuple(part.strip() for part in tasks.split(",")) if tasks else None,
        tuple(dict.fromkeys(planners)) if planners else None,
    )
    runner.check(benchmark, settings)
    _check_files(data, page)
    _share_cores()
    report = _evaluated(benchmark, models, settings)
    if page is not None:
        from visprog.evaluation.page import render_page

        write_atomically(page, render_page(report).encode())
    _write(report, data)
    if page is not None:
        Console(stderr=True).print(f"report: {page}", highlight=False, soft_wrap=True)


def _check_files(data: Path | None, page: Path | None) -> None:
    """Check the output files before the evaluation, which takes minutes."""
    figures = None if data == _STANDARD_OUTPUT else data
    check_output_files(
        OutputFile("the report", page, PAGE_ENDINGS), OutputFile("the data", figures, (".json",))
    )


def _share_cores() -> None:
    """Limit each model call to one core by default, because two samples run at the same time."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # is read when the models' libraries are loaded


def _evaluated(benchmark: Benchmark, models: Zoo, settings: Settings) -> Report:
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

        return runner.evaluate(benchmark, models, settings, advance)


def _write(report: Report, data: Path | None) -> None:
    if data == _STANDARD_OUTPUT:
        print(to_json(report))  # noqa: T201 - the requested output
        return
    if data is not None:
        write_atomically(data, to_json(report) + "\n")
    tables.show(report, Console())
