"""The figures of a workload, and the table that shows them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

_COLUMNS = ("workload", "unit", "original", "baseline", "ours", "limit", "ratio", "reached", "note")


class Row(NamedTuple):
    """The figures of a workload, all in `unit`. Less is better, so a rate is given as the time of one task.

    `baseline` is the figure of the same work one call after the other, with the same warm models, in the same
    run. `original` is the figure of the code that was published with the paper. Unknown figures are None.
    """

    workload: str
    baseline: float | None
    ours: float
    limit: float | None
    unit: str
    note: str = ""
    original: str | None = None

    @property
    def ratio(self) -> float | None:
        """The baseline divided by our figure."""
        return self.baseline / self.ours if self.baseline is not None and self.ours else None

    @property
    def reached(self) -> bool | None:
        """Whether our figure is within the limit."""
        return None if self.limit is None else self.ours <= self.limit


def print_table(rows: Iterable[Row]) -> None:
    """Print rows as a table in Markdown, each as soon as it is measured."""
    print(_line(_COLUMNS), _line(["---"] * len(_COLUMNS)), sep="\n")
    for row in rows:
        print(_line(_cells(row)), flush=True)


def record(row: Row) -> dict[str, Any]:
    """Return a row as plain data."""
    return {**row._asdict(), "ratio": row.ratio, "reached": row.reached}


def median(work: Callable[[], object], rounds: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the median seconds of some rounds, by the clock."""
    seconds = []
    for _ in range(rounds):
        start = clock()
        work()
        seconds.append(clock() - start)
    return statistics.median(seconds)


def _cells(row: Row) -> tuple[str, ...]:
    figures = map(_figure, (row.baseline, row.ours, row.limit))
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    reached = {None: "", True: "yes", False: "no"}[row.reached]
    return row.workload, row.unit, row.original or "", *figures, ratio, reached, row.note


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
