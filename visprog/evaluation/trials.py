"""Trials: one sample with one planner, its score, and the cause of a failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from visprog.errors import ModelError, PlanError
from visprog.evaluation.benchmark import GOLD, Question, Runs, Sample, Score, TaskKind, Truth
from visprog.language.types import Type
from visprog.models.zoo import Zoo
from visprog.planner.plan import Plan, Planner, Request
from visprog.planner.selection import choose_planner
from visprog.session import VisProg
from visprog.trace.run import Run

PlanOrError = Plan | PlanError | ModelError
"""The plan for a question, or the error of the planner."""


class Blame(StrEnum):
    """The cause of a failure: the first stage that is wrong."""

    LOGIC = "logic"
    PLANNER = "planner"
    PERCEPTION = "perception"


def blame(*, gold_with_truth: bool, program_with_truth: bool) -> Blame:
    """Return the cause of a failure, given how the programs do with perfect models.

    Every failure has one cause, the first of these:

    - logic: the gold program is wrong even with perfect models. No planner and no model could have helped.
    - planner: the gold program is right with perfect models; the planner's program is wrong or missing.
    - perception: the planner's program is right with perfect models, so the evaluated models are the cause.
    """
    if not gold_with_truth:
        return Blame.LOGIC
    return Blame.PERCEPTION if program_with_truth else Blame.PLANNER


class Answer(NamedTuple):
    """The outcome of one question: a plan and its run, or the planner's error."""

    instruction: str
    plan: PlanOrError
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One sample with one planner and the evaluated models.

    `planned` says whether the program is right with perfect models; None if the sample has no `truth`.
    `blame` is the cause of a failure; None if the outcome is right or the cause is unknown.
    """

    kind: TaskKind
    sample: Sample
    planner: str
    score: Score
    planned: bool | None
    blame: Blame | None
    answers: tuple[Answer, ...]


class Bench:
    """Runs trials with the evaluated models and planners. Threads may share it."""

    def __init__(self, models: Zoo, planners: Sequence[str]) -> None:
        self.models = models
        self.session = VisProg(planner="examples", models=models)
        self.planners: dict[str, Planner | None] = {
            name: None if name == GOLD else choose_planner(name, models) for name in planners
        }

    def try_out(self, kind: TaskKind, sample: Sample) -> tuple[Trial, ...]:
        """Return a trial for each planner."""
        if sample.truth is None:
            return tuple(self._trial(kind, sample, planner) for planner in self.planners)
        plans = self._plans(kind, sample, GOLD)
        with _reference(sample, sample.truth(), plans) as reference:
            return tuple(self._trial(kind, sample, planner, reference) for planner in self.planners)

    def close(self) -> None:
        """Stop the session's threads."""
        self.session.close()

    def _trial(
        self, kind: TaskKind, sample: Sample, planner: str, reference: _Reference | None = None
    ) -> Trial:
        plans = self._plans(kind, sample, planner)
        answers = _run(sample, plans, self.session)
        score = sample.score(_runs(answers), self.models)
        planned, fault = None, None
        if reference is not None:
            planned = reference.accepts(plans)
            fault = blame(gold_with_truth=reference.right, program_with_truth=planned)
        return Trial(kind, sample, planner, score, planned, None if score.right else fault, answers)

    def _plans(self, kind: TaskKind, sample: Sample, planner: str) -> list[PlanOrError]:
        chosen = self.planners.get(planner)
        return [self._plan(kind, sample, question, chosen) for question in sample.questions]

    def _plan(
        self, kind: TaskKind, sample: Sample, question: Question, planner: Planner | None
    ) -> PlanOrError:
        """Return the planner's program or its error; without a planner, the gold program."""
        names, bank = tuple(sample.images), sample.bank or kind.bank
        if planner is None:
            if question.program is None:
                return PlanError("the sample has no reference program")
            checked = self.session.check(question.program, names)
            return Plan(question.instruction, bank, checked, "gold program")
        inputs = dict.fromkeys(names, Type.IMAGE)
        request = Request(question.instruction, inputs, bank, self.session.tools)
        try:
            return planner.plan(request)
        except (PlanError, ModelError) as error:
            return error


class _Reference:
    """The gold programs of a sample, run with its perfect models."""

    def __init__(
        self,
        sample: Sample,
        truth: Truth,
        plans: Sequence[PlanOrError],
        session: VisProg,
    ) -> None:
        self._sample, self._truth, self._session = sample, truth, session
        self._programs = [_text(plan) for plan in plans]
        self._runs = _runs(_run(sample, plans, session))
        self.right = truth.is_right(self._runs)

    def accepts(self, plans: Sequence[PlanOrError]) -> bool:
        """Return whether programs are right with perfect models. Gold programs are not run twice."""
        same = [_text(plan) for plan in plans] == self._programs
        runs = self._runs if same else _runs(_run(self._sample, plans, self._session))
        return self._truth.is_equivalent(runs, self._runs)


@contextmanager
def _reference(sample: Sample, truth: Truth, plans: Sequence[PlanOrError]) -> Iterator[_Reference]:
    session = VisProg(planner="examples", models=truth.models, workers=1)
    try:
        yield _Reference(sample, truth, plans, session)
    finally:
        session.close()


def _run(sample: Sample, plans: Sequence[PlanOrError], session: VisProg) -> tuple[Answer, ...]:
    answers = []
    for question, plan in zip(sample.questions, plans, strict=True):
        run = session.execute(plan, sample.images) if isinstance(plan, Plan) else None
        answers.append(Answer(question.instruction, plan, run))
    return tuple(answers)


def _runs(answers: Sequence[Answer]) -> Runs:
    return [answer.run for answer in answers]


def _text(plan: PlanOrError) -> str:
    return str(plan) if isinstance(plan, Plan) else ""
