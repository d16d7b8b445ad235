"""The report as tables for a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from visprog.evaluation.benchmark import GOLD
from visprog.evaluation.report import Report, TaskResult, headlines
from visprog.evaluation.statistics import Figure
from visprog.evaluation.trials import Blame


def show(report: Report, console: Console) -> None:
    """Print the report on a console."""
    console.print(Text(_facts(report), "dim"))
    if report.modules:
        console.print(_figures("Modules", report.modules))
    for task in report.tasks:
        console.print(_results(task))
        details = [(result.planner, each) for result in task.planners for each in result.details]
        if details:
            console.print(_details(task, details))
        if any(result.families for result in task.planners):
            console.print(_families(task))
    if report.planning:
        console.print(_figures("Planners, over all tasks of the paper", report.planning))
    if rows := list(_cause_rows(report)):
        console.print(_causes(rows))


def markdown(report: Report) -> str:
    """Return the figures with targets as a Markdown table, with the facts of the evaluation below it."""
    rows = ["| measured | reached (95% interval) | n | target | |", "|---|---|---|---|---|"]
    rows += [
        f"| {each.name} | {amount(each)} | {each.n} | {target(each)} | {_verdict(each)} |"
        for each in headlines(report)
    ]
    return "\n".join([*rows, "", f"{_facts(report)}."]) + "\n"


def amount(figure: Figure) -> str:
    """Return a figure's value and interval: `91.2% (89.0 to 93.1)`, `+23.4 points (19.8 to 27.0)`."""
    value, interval = _parts(figure)
    return f"{value} ({interval})"


def _parts(figure: Figure) -> tuple[str, str]:
    unit = f"{100 * figure.value:+.1f} points" if figure.unit == "points" else f"{100 * figure.value:.1f}%"
    return unit, f"{100 * figure.low:.1f} to {100 * figure.high:.1f}"


def target(figure: Figure) -> str:
    """Return a figure's target: `90%`, `+15 points`; empty without a target."""
    if figure.target is None:
        return ""
    return f"+{100 * figure.target:.0f} points" if figure.unit == "points" else f"{100 * figure.target:.0f}%"


def short_of(figure: Figure) -> str:
    """Return the distance to a missed target: `1.2 short`; empty otherwise."""
    if figure.target is None or figure.reached:
        return ""
    return f"{100 * (figure.target - figure.value):.1f} short"


def planner_title(planner: str) -> str:
    """Return a short title of a planner."""
    if planner == GOLD:
        return "gold programs"
    kind, _, model = planner.partition(":")
    return f"planner {model.rpartition('/')[2] or kind}"


def _facts(report: Report) -> str:
    return "; ".join(f"{name}: {value}" for name, value in report.facts.items())


def _verdict(figure: Figure) -> str:
    return "reached" if figure.reached else short_of(figure)


def _stacked(figure: Figure | None) -> str:
    """Return a value with its interval below it, so that a table fits into 80 columns."""
    return "\n".join(_parts(figure)) if figure else ""


def _target(figure: Figure | None) -> Text:
    """Return a target and the verdict below it."""
    if figure is None or figure.target is None:
        return Text()
    verdict = ("✓ reached", "green") if figure.reached else (f"✗ {short_of(figure)}", "red")
    return Text.assemble(f"{target(figure)}\n", verdict)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", show_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 else "right")
    return table


def _figures(title: str, figures: Iterable[Figure]) -> Table:
    table = _table(title, "", "95% interval", "n", "target")
    for each in figures:
        table.add_row(Text(each.name), _stacked(each), str(each.n), _target(each))
    return table


def _results(task: TaskResult) -> Table:
    table = _table(
        task.title, "", task.planners[0].accuracy.name, "program right", "over the\nbaseline", "target"
    )
    for result in task.planners:
        table.add_row(
            Text(planner_title(result.planner)),
            _stacked(result.accuracy),
            _stacked(result.planning),
            _stacked(result.gain),
            _target(result.gain),
        )
    if task.baseline is not None:
        table.add_row(Text(task.baseline.name), _stacked(task.baseline), "", "", "")
    return table


def _details(task: TaskResult, details: Iterable[tuple[str, Figure]]) -> Table:
    table = _table("", "", "", "95% interval", "n")
    for planner, each in details:
        table.add_row(Text(each.name), planner_title(planner), amount(each), str(each.n))
    for each in task.baseline_details:
        whose, _, what = each.name.rpartition(": ")
        table.add_row(Text(what), Text(whose), amount(each), str(each.n))
    return table


def _families(task: TaskResult) -> Table:
    """Return a table with a row for each form of the instruction and a column for each planner."""
    table = _table("", "", *(planner_title(result.planner) for result in task.planners), "n", "target")
    for figures in zip(*(result.families for result in task.planners), strict=True):
        goal = next((each for each in figures if each.target is not None), None)
        table.add_row(Text(figures[0].name), *map(_stacked, figures), str(figures[0].n), _target(goal))
    return table


def _causes(rows: Iterable[tuple[str, str, int, Mapping[str, int]]]) -> Table:
    """Return a table with a row for each title, and below it a row for each planner."""
    table = _table("Causes of failures", "", "right", *(cause.value for cause in Blame))
    for title, planners in groupby(rows, key=itemgetter(0)):
        table.add_row(Text(title))
        for _, planner, right, causes in planners:
            table.add_row(Text(f"  {planner}"), str(right), *(str(causes[cause.value]) for cause in Blame))
    return table


def _cause_rows(report: Report) -> Iterator[tuple[str, str, int, Mapping[str, int]]]:
    """Yield the title, the planner, the number of right samples and the failures by cause, where known."""
    for task in report.tasks:
        for result in task.planners:
            if result.blame is not None:
                right = result.tried - sum(result.blame.values())
                yield task.title, planner_title(result.planner), right, result.blame
