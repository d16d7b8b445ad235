"""What was measured, as plain data from which every view is made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from visprog.miniworld.evaluation.blame import Blame
from visprog.miniworld.evaluation.intervals import Estimate
from visprog.miniworld.evaluation.trials import Trial

TITLES = {
    "gqa": "Questions",
    "nlvr": "Statements about two pictures",
    "knowtag": "Knowledge tagging",
    "imgedit": "Edits",
    "composition": "Composition",
}
"""What each kind of task is called."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured: a share from 0 to 1, or a gain from -1 to 1, with its 95% confidence interval.

    `n` counts the samples. `target` is what it is to reach.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    target: float | None = None
    unit: Literal["share", "points"] = "share"

    @property
    def reached(self) -> bool | None:
        """Whether the value is the target or better; None where there is no target."""
        return None if self.target is None else self.value >= self.target


def figure(
    name: str, estimate: Estimate, target: float | None = None, unit: Literal["share", "points"] = "share"
) -> Figure:
    """Return an estimate as a figure."""
    return Figure(name, estimate.value, estimate.low, estimate.high, estimate.n, target, unit)


@dataclass(frozen=True, slots=True)
class PlannerResult:
    """What the programs of one planner reached on one kind of task.

    `tried` counts the tasks, `blame` those that failed by their cause. `planning` is how often the program is
    right with the truth for models, None for the gold programs; `gain` how much oftener the outcome is right
    than the baseline's.
    """

    planner: str
    tried: int
    accuracy: Figure
    planning: Figure | None
    gain: Figure | None
    details: tuple[Figure, ...]
    blame: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What was reached on one kind of task, by each planner's programs and by the baseline, if it has one."""

    kind: str
    title: str
    baseline: Figure | None
    planners: tuple[PlannerResult, ...]
    baseline_details: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All that was measured.

    `facts` say with what: models, seeds, versions. `planning` is each planner's share of right programs over
    all tasks of the paper. `examples` are successes and failures with their traces, for a page.
    """

    facts: Mapping[str, str]
    modules: tuple[Figure, ...] = ()
    tasks: tuple[TaskResult, ...] = ()
    planning: tuple[Figure, ...] = ()
    examples: tuple[Trial, ...] = field(default=(), repr=False)


def headlines(report: Report) -> Iterator[Figure]:
    """Yield every figure that has a target."""
    yield from (each for each in report.modules if each.target is not None)
    for task in report.tasks:
        for result in task.planners:
            if result.gain is not None and result.gain.target is not None:
                yield result.gain
    yield from (each for each in report.planning if each.target is not None)


def blamed(trials: Iterable[Trial]) -> dict[str, int]:
    """Count the failures by their cause, each cause named."""
    counts = Counter(trial.blame for trial in trials if trial.blame is not None)
    return {cause.value: counts[cause] for cause in Blame}


def to_json(report: Report) -> str:
    """Return the report as JSON; of the examples there are the words alone."""
    fields = {name: getattr(report, name) for name in ("facts", "modules", "tasks", "planning")}
    data: dict[str, Any] = json.loads(json.dumps(fields, default=_plain))
    data["examples"] = [_example(trial) for trial in report.examples]
    return json.dumps(data, ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, Figure):
        return {**asdict(value), "reached": value.reached}
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _example(trial: Trial) -> dict[str, Any]:
    return {
        "kind": trial.task.kind,
        "family": trial.task.family,
        "seed": trial.task.seed,
        "planner": trial.planner,
        "right": trial.score.right,
        "blame": trial.blame,
        "instructions": [answer.instruction for answer in trial.answers],
        "programs": [str(answer.plan) for answer in trial.answers],
    }
