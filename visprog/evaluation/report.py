"""The report of an evaluation, as plain data that every view is made from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from visprog.evaluation.statistics import Figure
from visprog.evaluation.trials import Blame, Trial


@dataclass(frozen=True, slots=True)
class PlannerResult:
    """The results of one planner's programs on one kind of task.

    `tried` is the number of samples, and `blame` the number of failures by cause; it is None if the samples
    have no truth. `planning` is the share of programs that are right with perfect models; it is None for gold
    programs. `gain` is how much more often the outcome is right than the baseline's. `families` are the
    shares of right outcomes for each form of the instruction, if the kind of task reports them.
    """

    planner: str
    tried: int
    accuracy: Figure
    planning: Figure | None
    gain: Figure | None
    details: tuple[Figure, ...]
    blame: Mapping[str, int] | None
    families: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The results on one kind of task: of each planner's programs, and of the baseline if there is one."""

    kind: str
    title: str
    baseline: Figure | None
    planners: tuple[PlannerResult, ...]
    baseline_details: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The results of an evaluation.

    `benchmark` is the title of the data set. `facts` describe the evaluation: models, seeds, versions.
    `planning` is each planner's share of right programs over several kinds of tasks. `examples` are successes
    and failures with their traces.
    """

    benchmark: str
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
            yield from (each for each in result.families if each.target is not None)
    yield from (each for each in report.planning if each.target is not None)


def count_blame(causes: Iterable[Blame | None]) -> dict[str, int]:
    """Return the number of failures by cause. Every cause is listed, even with zero failures."""
    counts = Counter(cause for cause in causes if cause is not None)
    return {cause.value: counts[cause] for cause in Blame}


def to_json(report: Report) -> str:
    """Return the report as JSON. Examples are included without their pictures."""
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
        "kind": trial.kind.name,
        "family": trial.sample.family,
        **trial.sample.id,
        "planner": trial.planner,
        "right": trial.score.right,
        "blame": trial.blame,
        "instructions": [answer.instruction for answer in trial.answers],
        "programs": [str(answer.plan) for answer in trial.answers],
    }
