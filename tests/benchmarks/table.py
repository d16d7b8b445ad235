"""What a benchmark measures of a workload, and the table of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_COLUMNS = ("workload", "original", "baseline", "ours", "limit", "ratio", "reached", "note")


class Row(NamedTuple):
    """A workload's figures, all in `unit`. Less is better: of a rate, the time of one is given.

    `baseline` is what the same work takes one call after the other, with the same warm models, in the same
    run; `original` is what is known of the code that came with the paper. Where there is none, it is None.
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
        """How many times less than the baseline ours is."""
        return self.baseline / self.ours if self.baseline is not None and self.ours else None

    @property
    def reached(self) -> bool | None:
        """Whether ours is within the limit."""
        return None if self.limit is None else self.ours <= self.limit


def print_table(rows: Iterable[Row]) -> None:
    """Print rows as a table in Markdown, each as soon as it is measured."""
    print(_line(_COLUMNS), _line(["---"] * len(_COLUMNS)), sep="\n")
    for row in rows:
        print(_line(_cells(row)), flush=True)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    reached = {None: "", True: "yes", False: "no"}[row.reached]
    figures = (_figure(each, row.unit) for each in (row.baseline, row.ours, row.limit))
    return row.workload, row.original or "", *figures, ratio, reached, row.note


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
