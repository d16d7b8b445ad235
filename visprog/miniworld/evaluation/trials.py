"""One task tried: planned, run with the models and with the truth, scored, and its failure explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from visprog.errors import ModelError, PlanError
from visprog.language.types import Type
from visprog.miniworld.drawing import Drawn, draw
from visprog.miniworld.evaluation.blame import Blame, blame
from visprog.miniworld.evaluation.judging import Judge, judge_by, judge_with
from visprog.miniworld.evaluation.score import WRONG, Score
from visprog.miniworld.evaluation.scoring import score
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.tasks.task import Task
from visprog.models.zoo import Zoo
from visprog.planner.plan import Plan, Planner, Request
from visprog.planner.selection import choose_planner
from visprog.session import VisProg
from visprog.trace.run import Run
from visprog.values import Image

GOLD = "gold"
"""The planner that knows the program."""


class Question(NamedTuple):
    """What is asked of a task's pictures: most tasks ask one thing, a composition judges two captions."""

    instruction: str
    program: str
    gold: str | bool | None


@dataclass(frozen=True)
class Case:
    """A task with its pictures drawn."""

    task: Task

    @cached_property
    def drawn(self) -> Mapping[str, Drawn]:
        """The drawn pictures by name."""
        return {name: draw(scene) for name, scene in self.task.scenes.items()}

    @property
    def images(self) -> dict[str, Image]:
        """The pictures by name."""
        return {name: drawn.image for name, drawn in self.drawn.items()}

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is asked."""
        task = self.task
        if task.other is None or task.other_program is None:
            return (Question(task.instruction, task.program, task.answer),)
        return (
            Question(task.instruction, task.program, gold=True),
            Question(task.other, task.other_program, gold=False),
        )


class Answer(NamedTuple):
    """What came of one question: the plan, or why there is none, and its run where there is one."""

    instruction: str
    plan: Plan | PlanError | ModelError
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """A task tried with one planner and the models.

    `planned` says whether the program is right with the truth for models; `blame` is None where the outcome
    is right. `answers` are the record of it.
    """

    task: Task
    planner: str
    score: Score
    planned: bool
    blame: Blame | None
    answers: tuple[Answer, ...]


class Bench:
    """Where cases are tried, with `models` and with several planners. May be shared by threads."""

    def __init__(self, models: Zoo, planners: Sequence[str] = (GOLD,)) -> None:
        self.models = models
        self.session = VisProg(planner="examples", models=models)
        self._judge = judge_by(models)
        self.planners: dict[str, Planner | None] = {
            name: None if name == GOLD else choose_planner(name, models) for name in planners
        }

    def try_out(self, case: Case) -> tuple[Trial, ...]:
        """Try a case with every planner."""
        oracle = Oracle(case.drawn.values())
        judge = judge_with(oracle)
        with _session(oracle) as truth:
            gold = self._plans(case, GOLD)
            ideal = _run(case, gold, truth)
            ideal_score = _score(case, ideal, judge)
            trials = []
            for planner in self.planners:
                plans = self._plans(case, planner)
                answers = _run(case, plans, self.session)
                found = _score(case, answers, self._judge)
                same = list(map(_text, plans)) == list(map(_text, gold))
                with_truth = ideal if same else _run(case, plans, truth)
                planned = _agree(case, with_truth, ideal, judge)
                fault = blame(gold_with_truth=ideal_score.right, program_with_truth=planned)
                trials.append(
                    Trial(case.task, planner, found, planned, None if found.right else fault, answers)
                )
        return tuple(trials)

    def close(self) -> None:
        """Let the session's threads go."""
        self.session.close()

    def _plans(self, case: Case, planner: str) -> list[Plan | PlanError | ModelError]:
        return [self._plan(case, question, self.planners.get(planner)) for question in case.questions]

    def _plan(self, case: Case, asked: Question, planner: Planner | None) -> Plan | PlanError | ModelError:
        """Return the planner's program, or why there is none; without a planner, the gold program."""
        kind, names = case.task.kind, tuple(case.task.scenes)
        if planner is None:
            return Plan(asked.instruction, kind, self.session.check(asked.program, names), "gold program")
        bank = "nlvr" if kind == "composition" else kind  # a caption is a statement too
        request = Request(asked.instruction, dict.fromkeys(names, Type.IMAGE), bank, self.session.tools)
        try:
            return planner.plan(request)
        except (PlanError, ModelError) as error:
            return error


@contextmanager
def _session(oracle: Oracle) -> Iterator[VisProg]:
    """Lend a session whose models are the oracle."""
    session = VisProg(planner="examples", models=oracle.zoo(), workers=1)
    try:
        yield session
    finally:
        session.close()


def _run(case: Case, plans: Sequence[Plan | PlanError | ModelError], session: VisProg) -> tuple[Answer, ...]:
    answers = []
    for asked, plan in zip(case.questions, plans, strict=True):
        run = session.execute(plan, case.images) if isinstance(plan, Plan) else None
        answers.append(Answer(asked.instruction, plan, run))
    return tuple(answers)


def _score(case: Case, answers: Sequence[Answer], judge: Judge) -> Score:
    """Score a case: every question has to be answered rightly."""
    scores = [
        WRONG if answer.run is None else score(case.task, asked.gold, case.drawn, answer.run, judge)
        for asked, answer in zip(case.questions, answers, strict=True)
    ]
    return scores[0] if len(scores) == 1 else Score(all(each.right for each in scores))


def _agree(case: Case, found: Sequence[Answer], ideal: Sequence[Answer], judge: Judge) -> bool:
    """Whether answers are right: those of an edit where its picture is just that of the gold program."""
    if case.task.edit is None:
        return _score(case, found, judge).right
    return all(_same_picture(one.run, other.run) for one, other in zip(found, ideal, strict=True))


def _same_picture(one: Run | None, other: Run | None) -> bool:
    if one is None or other is None or not (one.ok and other.ok):
        return False
    first, second = one.result, other.result
    return (
        isinstance(first, Image) and isinstance(second, Image) and np.array_equal(first.pixels, second.pixels)
    )


def _text(plan: Plan | PlanError | ModelError) -> str:
    return str(plan) if isinstance(plan, Plan) else ""
