"""Summaries: figures from the outcomes of all samples of one kind of task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from visprog.evaluation.benchmark import GOLD, Baseline, Group, Score, TaskKind
from visprog.evaluation.report import PlannerResult, TaskResult, count_blame
from visprog.evaluation.statistics import Figure, figure, gain, proportion
from visprog.evaluation.trials import Blame, Trial


class Outcome(NamedTuple):
    """The part of a trial that figures need. It is small: trials of all samples do not fit in memory."""

    family: str
    score: Score
    planned: bool | None
    blame: Blame | None

    @classmethod
    def of(cls, trial: Trial) -> Outcome:
        """Return the outcome of a trial."""
        return cls(trial.sample.family, trial.score, trial.planned, trial.blame)


def summarise(
    kind: TaskKind, outcomes: Mapping[str, Sequence[Outcome]], baseline: Sequence[bool]
) -> TaskResult:
    """Return the result of a kind of task, given the outcomes of each planner and of the baseline."""
    results = tuple(_result(kind, planner, found, baseline) for planner, found in outcomes.items())
    if kind.baseline is None:
        return TaskResult(kind.name, kind.title, None, results)
    name = kind.baseline.name
    accuracy = figure(name, proportion(_grouped(baseline, kind.group)))
    if kind.group is None:
        return TaskResult(kind.name, kind.title, accuracy, results)
    single = figure(f"{name}: {kind.group.single}", proportion(baseline))
    return TaskResult(kind.name, kind.title, accuracy, results, (single,))


def _result(
    kind: TaskKind, planner: str, outcomes: Sequence[Outcome], baseline: Sequence[bool]
) -> PlannerResult:
    right = _grouped([outcome.score.right for outcome in outcomes], kind.group)
    return PlannerResult(
        planner,
        len(outcomes),
        figure(kind.metric, proportion(right)),
        _planning(planner, outcomes),
        _gain(kind, kind.baseline, planner, right, _grouped(baseline, kind.group)) if kind.baseline else None,
        tuple(_details(kind, outcomes)),
        None
        if any(outcome.planned is None for outcome in outcomes)
        else count_blame(outcome.blame for outcome in outcomes),
        tuple(_families(kind, planner, outcomes)),
    )


def _planning(planner: str, outcomes: Sequence[Outcome]) -> Figure | None:
    planned = [outcome.planned for outcome in outcomes if outcome.planned is not None]
    return figure("program right", proportion(planned)) if planned and planner != GOLD else None


def _gain(
    kind: TaskKind, baseline: Baseline, planner: str, ours: Sequence[bool], theirs: Sequence[bool]
) -> Figure:
    target = baseline.gain if planner == GOLD else None
    return figure(f"{kind.title}: programs over {baseline.name}", gain(ours, theirs), target, "points")


def _details(kind: TaskKind, outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    scores = [outcome.score for outcome in outcomes]
    if kind.group is not None:
        yield figure(kind.group.single, proportion([score.right for score in scores]))
    yield from kind.details(scores)


def _families(kind: TaskKind, planner: str, outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    """Yield the share of right outcomes for each form of the instruction, if the kind has a target for it."""
    if kind.family_target is None:
        return
    target = kind.family_target if planner == GOLD else None
    for family in dict.fromkeys(outcome.family for outcome in outcomes):
        right = [outcome.score.right for outcome in outcomes if outcome.family == family]
        yield figure(family, proportion(right), target)


def _grouped(right: Sequence[bool], group: Group | None) -> Sequence[bool]:
    """Return one value for each group: whether all its samples are right."""
    size = group.size if group else 1
    return [all(right[start : start + size]) for start in range(0, len(right), size)]
