"""The report as one HTML page with charts and traces, without scripts and external resources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from markupsafe import Markup

from visprog.evaluation.benchmark import GOLD
from visprog.evaluation.report import Report, TaskResult, headlines
from visprog.evaluation.statistics import Figure
from visprog.evaluation.tables import amount, planner_title, short_of, target
from visprog.evaluation.trials import Answer, Blame, Trial
from visprog.planner.plan import Plan
from visprog.trace import figures
from visprog.trace.figures import Album, Bounds
from visprog.trace.html import cards
from visprog.trace.limits import shorten
from visprog.trace.page_parts import Card
from visprog.trace.templates import environment, policy_hash, source
from visprog.trace.value_view import describe

_HERE = "visprog.evaluation"
_BOUNDS = Bounds(pictures=30_000_000, enlarged=0, regions=50_000, outlines=20_000_000)

_CAUSES = {
    Blame.PERCEPTION: "The program is right with perfect models, and wrong with the evaluated models.",
    Blame.PLANNER: "The planner's program is wrong even with perfect models, or missing.",
    Blame.LOGIC: "Even the gold program is wrong with perfect models.",
}
"""The meaning of each cause, in the order of the chart."""


class Row(NamedTuple):
    """A row of a chart. `colour` is a class of the style sheet."""

    title: str
    figure: Figure
    colour: str


class Chart(NamedTuple):
    """The chart of a kind of task, with further figures as details."""

    task: TaskResult
    rows: tuple[Row, ...]
    details: tuple[tuple[str, Figure], ...]


class Part(NamedTuple):
    """A part of a stacked bar. `start` and `width` are percentages of the bar's width."""

    name: str
    trials: int
    start: float
    width: float


class Stack(NamedTuple):
    """A stacked bar: all trials of a planner on a kind of task, right or by the cause of the failure."""

    title: str
    planner: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ExampleAnswer:
    """A question of an example, with the result and the steps."""

    instruction: str
    result: str
    planner: str
    cards: tuple[Card, ...]
    remark: str


@dataclass(frozen=True, slots=True)
class Example:
    """A trial in the form that the page needs."""

    instruction: str
    title: str
    planner: str
    verdict: str
    origin: str
    expected: str
    inputs: tuple[tuple[str, figures.Figure], ...]
    answers: tuple[ExampleAnswer, ...]


def render_page(report: Report) -> str:
    """Return the page. All text is escaped, and each distinct picture is embedded once."""
    album = Album((190, 150), scores=False, bounds=_BOUNDS)
    examples = [_example(trial, album) for trial in report.examples]
    goals = tuple(headlines(report))
    fields: dict[str, object] = {
        "report": report,
        "shares": [each for each in goals if each.unit == "share"],
        "others": [each for each in report.modules if each.target is None],
        "gains": [each for each in goals if each.unit == "points"],
        "reached": sum(each.reached is True for each in goals),
        "goals": goals,
        "charts": [_chart(task) for task in report.tasks],
        "stacks": list(_stacks(report)),
        "causes": _CAUSES,
        "groups": {task.title: found for task in report.tasks if (found := _of(examples, task.title))},
    }
    proportions = album.proportions
    policy = (
        f"default-src 'none'; img-src data:; style-src {policy_hash(_style())} {policy_hash(proportions)}; "
        "base-uri 'none'; form-action 'none'"
    )
    page: str = _template().render(
        fields | {"pictures": album.elements, "proportions": proportions, "policy": policy}
    )
    return page


def _of(examples: list[Example], title: str) -> list[Example]:
    return [example for example in examples if example.title == title]


def _chart(task: TaskResult) -> Chart:
    rows = [
        Row(planner_title(result.planner), result.accuracy, "gold" if result.planner == GOLD else f"p{place}")
        for place, result in enumerate(task.planners)
    ]
    if task.baseline is not None:
        rows.append(Row(task.baseline.name, task.baseline, "baseline"))
    details = [
        (planner_title(result.planner), each)
        for result in task.planners
        for each in (*result.details, *result.families)
    ]
    details += [("", each) for each in task.baseline_details]
    return Chart(task, tuple(rows), tuple(details))


def _stacks(report: Report) -> Iterator[Stack]:
    for task in report.tasks:
        for result in task.planners:
            if result.blame is None:
                continue
            counts = {"right": result.tried - sum(result.blame.values())}
            counts |= {cause.value: result.blame[cause.value] for cause in _CAUSES}
            parts, start = [], 0.0
            for name, count in counts.items():
                width = 100 * count / result.tried
                parts.append(Part(name, count, start, width))
                start += width
            yield Stack(task.title, planner_title(result.planner), tuple(parts))


def _example(trial: Trial, album: Album) -> Example:
    sample = trial.sample
    pictures = [(name, album.figure(image, f"The picture {name}")) for name, image in sample.images.items()]
    if (right := sample.regions()) is not None:
        first = next(iter(sample.images.values()))
        pictures.append(("right regions", album.figure(first, "The right regions", right)))
    return Example(
        sample.questions[0].instruction,
        trial.kind.title,
        planner_title(trial.planner),
        "right" if trial.score.right else trial.blame or "wrong",
        ", ".join(filter(None, (sample.family, *(f"{name} {value}" for name, value in sample.id.items())))),
        sample.expected,
        tuple((name, figure) for name, figure in pictures if figure is not None),
        tuple(_answer(answer, album) for answer in trial.answers),
    )


def _answer(answer: Answer, album: Album) -> ExampleAnswer:
    plan, run = answer.plan, answer.run
    if not isinstance(plan, Plan) or run is None:
        return ExampleAnswer(answer.instruction, "no program", "", (), shorten(str(plan), 600))
    result = describe(run.result).summary if run.ok else "failed"
    remark = "" if run.error is None else shorten(str(run.error), 600)
    return ExampleAnswer(answer.instruction, result, plan.planner, cards(run, album), remark)


@cache
def _template() -> Any:
    made = environment(_HERE)
    made.globals["style"] = Markup(_style())  # noqa: S704 - files of this package
    made.filters |= {"amount": amount, "target": target, "short_of": short_of}
    return made.get_template("report.html.jinja")


@cache
def _style() -> str:
    """Return the style of traces, followed by the style of the report."""
    return source("visprog.trace", "page.css") + source(_HERE, "report.css")
