"""The records of a data set: samples, scores of their outcomes, and optionally the ground truth.

A new data set is one file that builds a `Benchmark`. If its questions have one right answer each, a
`TaskKind` and `Sample` records with `Question.answer` are enough. The other fields have defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.evaluation.metrics import same_answer
from visprog.evaluation.statistics import Figure, Sums
from visprog.models.roles import Models
from visprog.models.zoo import Zoo
from visprog.trace.run import Run
from visprog.values import Image, Regions

GOLD = "gold"
"""The name of the planner that returns the reference program of each sample."""

Runs = Sequence[Run | None]
"""One run for each question of a sample; None if there is no program for it."""


@dataclass(frozen=True, slots=True)
class Score:
    """Whether the outcome of a sample is right, and further measurements of it by name."""

    right: bool
    parts: Mapping[str, float] = field(default_factory=dict)


class Question(NamedTuple):
    """An instruction. `program` is its reference program, and `answer` its right answer, if it has them."""

    instruction: str
    program: str | None = None
    answer: str | bool | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """Perfect models for one sample, used to find the cause of a failure.

    `is_right` judges the runs of the reference programs with these models. `is_equivalent` judges the runs of
    other programs with these models; its second argument is the runs of the reference programs.
    """

    models: Zoo
    is_right: Callable[[Runs], bool]
    is_equivalent: Callable[[Runs, Runs], bool]


Scorer = Callable[[Runs, Models], Score]
"""Scores the runs of a sample. It may use the evaluated models, for example to classify an edited region."""


@dataclass(frozen=True)
class Sample:
    """One sample of a data set: pictures, and one or more questions about them.

    `id` identifies the sample within its data set, such as `{"seed": 3}`. `load` returns the pictures by
    their names in programs. `scorer` is needed unless every question has an answer. Without `truth`, no cause
    is given for failures.

    For reports: `family` is the form of the instruction; examples are chosen from many families. `expected`
    says in words what is right, and `regions` returns the right regions of the first picture. `bank` is the
    prompt bank for planners, if it is not that of the kind of task.
    """

    id: Mapping[str, str | int]
    questions: tuple[Question, ...]
    load: Callable[[], Mapping[str, Image]]
    scorer: Scorer | None = None
    truth: Callable[[], Truth] | None = None
    family: str = ""
    expected: str = ""
    regions: Callable[[], Regions | None] = lambda: None
    bank: str | None = None

    @cached_property
    def images(self) -> Mapping[str, Image]:
        """The pictures by name. They are loaded on first use."""
        return self.load()

    def score(self, runs: Runs, models: Models) -> Score:
        """Score the runs of the questions with `scorer`, or compare the results with the right answers."""
        if self.scorer is not None:
            return self.scorer(runs, models)
        return Score(all_answered(self.questions, runs))


def all_answered(questions: Sequence[Question], runs: Runs) -> bool:
    """Return whether every run succeeded with the right answer to its question."""
    return all(map(_is_answered, questions, runs))


def _is_answered(question: Question, run: Run | None) -> bool:
    if run is None or not run.ok or question.answer is None:
        return False
    return same_answer(run.result, question.answer)


class Baseline(NamedTuple):
    """A model that solves samples without programs.

    `is_right` returns whether it is right about a sample. `gain` is how far the reference programs should
    exceed it: 0.15 for 15 points.
    """

    name: str
    is_right: Callable[[Sample, Models], bool]
    gain: float | None = None


class Group(NamedTuple):
    """Samples that count together: a group is right if all its samples are.

    `size` samples in a row form a group. `single` names the share of single samples that are right.
    """

    size: int
    single: str


@dataclass(frozen=True, slots=True)
class TaskKind:
    """One kind of task of a data set.

    `samples` yields the samples with these numbers of a split. `bank` is the prompt bank for planners,
    `roles` are the models that are needed, and `metric` names the share of right outcomes. `details` derives
    further figures from the scores. `planning` says whether the kind counts in the planners' overall figure.
    With `family_target`, the share of right outcomes is also given for each form of the instruction, and the
    reference programs should reach this target for each.
    """

    name: str
    title: str
    bank: str
    roles: tuple[str, ...]
    samples: Callable[[range, str], Iterable[Sample]]
    metric: str = "right"
    baseline: Baseline | None = None
    group: Group | None = None
    details: Callable[[Sequence[Score]], Iterator[Figure]] = lambda _: iter(())
    planning: bool = True
    family_target: float | None = None


class Measure(NamedTuple):
    """A measure of one tool with its models, without programs.

    `counts` returns the numbers that the sample with a number of a split adds to the sums of the statistic.
    """

    name: str
    roles: tuple[str, ...]
    counts: Callable[[int, str, Models], Sequence[float]]
    statistic: Callable[[Sums], NDArray[np.float64]]
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A data set.

    `title` completes "models on ...". `licence` is the licence of the data, if users have to know it.
    `planners` are evaluated by default; they include `gold` only if the samples have reference programs.
    `planning` has the targets for planners' shares of right programs.
    """

    name: str
    title: str
    splits: tuple[str, ...]
    kinds: tuple[TaskKind, ...]
    measures: Mapping[str, tuple[Measure, ...]] = field(default_factory=dict)
    planners: tuple[str, ...] = ("examples",)
    planning: Mapping[str, float] = field(default_factory=dict)
    licence: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of everything that can be measured: tools first, then kinds of tasks."""
        return (*self.measures, *(kind.name for kind in self.kinds))
