"""The report as tables: for a terminal, and in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from visprog.miniworld.evaluation.blame import Blame
from visprog.miniworld.evaluation.report import Figure, Report, TaskResult, headlines
from visprog.miniworld.evaluation.trials import GOLD


def show(report: Report, console: Console) -> None:
    """Print the report."""
    console.print(Text(_facts(report), "dim"))
    if report.modules:
        console.print(_figures("Modules", report.modules))
    for task in report.tasks:
        console.print(_results(task))
        details = [(result.planner, each) for result in task.planners for each in result.details]
        if details:
            console.print(_details(task, details))
    if report.planning:
        console.print(_figures("Planners, over all tasks of the paper", report.planning))
    if report.tasks:
        console.print(_blame(report))


def markdown(report: Report) -> str:
    """Return what has a target as a table in Markdown, with what it was measured on below."""
    rows = ["| measured | reached (95% interval) | n | target | |", "|---|---|---|---|---|"]
    rows += [
        f"| {each.name} | {amount(each)} | {each.n} | {target(each)} | {_verdict(each)} |"
        for each in headlines(report)
    ]
    return "\n".join([*rows, "", f"{_facts(report)}."]) + "\n"


def amount(figure: Figure) -> str:
    """Return a figure's value and interval: `91.2% (89.0 to 93.1)`, `+23.4 points (19.8 to 27.0)`."""
    interval = f"({100 * figure.low:.1f} to {100 * figure.high:.1f})"
    if figure.unit == "points":
        return f"{100 * figure.value:+.1f} points {interval}"
    return f"{100 * figure.value:.1f}% {interval}"


def target(figure: Figure) -> str:
    """Return a figure's target: `90%`, `+15 points`; nothing where it has none."""
    if figure.target is None:
        return ""
    return f"+{100 * figure.target:.0f} points" if figure.unit == "points" else f"{100 * figure.target:.0f}%"


def short_of(figure: Figure) -> str:
    """Return by how much a figure falls short of its target: `1.2 short`; nothing where it does not."""
    if figure.target is None or figure.reached:
        return ""
    return f"{100 * (figure.target - figure.value):.1f} short"


def planner_title(planner: str) -> str:
    """Return what a planner is called where there is little room."""
    if planner == GOLD:
        return "gold programs"
    kind, _, model = planner.partition(":")
    return f"planner {model.rpartition('/')[2] or kind}"


def _facts(report: Report) -> str:
    return "; ".join(f"{name}: {value}" for name, value in report.facts.items())


def _verdict(figure: Figure) -> str:
    return "reached" if figure.reached else short_of(figure)


def _marked(figure: Figure) -> Text:
    if figure.reached is None:
        return Text()
    return Text("✓ reached", "green") if figure.reached else Text(f"✗ {short_of(figure)}", "red")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", show_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 else "right")
    return table


def _figures(title: str, figures: Iterable[Figure]) -> Table:
    table = _table(title, "", "95% interval", "n", "target", "")
    for each in figures:
        table.add_row(Text(each.name), amount(each), str(each.n), target(each), _marked(each))
    return table


def _results(task: TaskResult) -> Table:
    table = _table(task.title, "", "right", "program right", "over the baseline", "target", "")
    for result in task.planners:
        table.add_row(
            Text(planner_title(result.planner)),
            amount(result.accuracy),
            amount(result.planning) if result.planning else "",
            amount(result.gain) if result.gain else "",
            target(result.gain) if result.gain else "",
            _marked(result.gain) if result.gain else Text(),
        )
    if task.baseline is not None:
        table.add_row(Text(task.baseline.name), amount(task.baseline), "", "", "", "")
    return table


def _details(task: TaskResult, details: Iterable[tuple[str, Figure]]) -> Table:
    table = _table("", "", "", "95% interval", "n")
    for planner, each in details:
        table.add_row(Text(each.name), planner_title(planner), amount(each), str(each.n))
    for each in task.baseline_details:
        table.add_row(Text(each.name), "", amount(each), str(each.n))
    return table


def _blame(report: Report) -> Table:
    table = _table("What failures come from", "", "", "right", *(cause.value for cause in Blame))
    for row in blame_rows(report):
        table.add_row(*map(str, row))
    return table


def blame_rows(report: Report) -> Iterator[tuple[str | int, ...]]:
    """Yield a task's title, a planner's, how many are right, and how many fail by each cause."""
    for task in report.tasks:
        for result in task.planners:
            causes = [result.blame[cause.value] for cause in Blame]
            yield task.title, planner_title(result.planner), result.tried - sum(causes), *causes
