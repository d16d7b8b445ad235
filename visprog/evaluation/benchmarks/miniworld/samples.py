"""Samples from drawn scenes: the pictures, the score, and the oracle for the cause of a failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from visprog.evaluation.benchmark import Question, Runs, Sample, Score, Truth, all_answered
from visprog.evaluation.benchmarks.miniworld.scoring import (
    EditJudge,
    gold_region,
    judge_by,
    judge_with,
    regions_given,
    score_edit,
    score_tags,
)
from visprog.miniworld.drawing import DrawnScene, bounds, draw
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.scene import Split
from visprog.miniworld.tasks import make_task
from visprog.miniworld.tasks.composition import make_pair
from visprog.miniworld.tasks.task import Edit, Task
from visprog.models.roles import Models
from visprog.trace.run import Run
from visprog.values import Image, Region, Regions


def tasks_of(kind: str, seeds: range, split: str) -> Iterator[Task]:
    """Yield the tasks of a kind. A seed has two tasks in a row if the kind is `composition`."""
    for seed in seeds:
        if kind == "composition":
            yield from make_pair(seed, cast(Split, split))
        else:
            yield make_task(kind, seed, cast(Split, split))


def samples_of(kind: str, seeds: range, split: str) -> Iterator[Sample]:
    """Yield the samples of a kind of task."""
    return map(sample_of, tasks_of(kind, seeds, split))


def sample_of(task: Task) -> Sample:
    """Return a task as a sample. Its scenes are drawn when they are needed."""
    case = _Case(task)
    return Sample(
        {"seed": task.seed},
        _questions(task),
        case.images,
        case.score if task.edit is not None or task.answer is None else None,
        case.truth,
        task.family,
        _expected(task),
        case.regions,
        _bank(task),
    )


def _bank(task: Task) -> str | None:
    """Return the bank of questions about two pictures; None for other tasks, which use that of their kind."""
    return "nlvr" if task.kind == "language" and len(task.scenes) == 2 else None


def _questions(task: Task) -> tuple[Question, ...]:
    if task.other is None or task.other_program is None:
        return (Question(task.instruction, task.program, task.answer),)
    return (
        Question(task.instruction, task.program, answer=True),
        Question(task.other, task.other_program, answer=False),
    )


def _expected(task: Task) -> str:
    if task.edit is not None:
        shows = f": {task.edit.shows}" if task.edit.shows else ""
        return f"{task.edit.change}{shows}"
    if task.tags:
        return ", ".join(tag.name for tag in task.tags)
    return "True, and of the other caption False" if task.other else str(task.answer)


@dataclass(frozen=True)
class _Case:
    """A task with its drawn scenes."""

    task: Task

    @cached_property
    def drawn(self) -> Mapping[str, DrawnScene]:
        return {name: draw(scene) for name, scene in self.task.scenes.items()}

    def images(self) -> Mapping[str, Image]:
        return {name: drawn.image for name, drawn in self.drawn.items()}

    def score(self, runs: Runs, models: Models) -> Score:
        return self._judged(runs, judge_by(models))

    def truth(self) -> Truth:
        oracle = Oracle(self.drawn.values())
        judge = judge_with(oracle)

        def is_right(runs: Runs) -> bool:
            if self.task.edit is None and self.task.answer is not None:
                return all_answered(_questions(self.task), runs)
            return self._judged(runs, judge).right

        def is_equivalent(runs: Runs, gold: Runs) -> bool:
            return is_right(runs) if self.task.edit is None else all(map(_same_picture, runs, gold))

        return Truth(oracle.zoo(), is_right, is_equivalent)

    def _judged(self, runs: Runs, judge: EditJudge) -> Score:
        """Score the only run of a tagging or editing task."""
        (run,) = runs
        if self.task.edit is not None:
            return score_edit(self.task.edit, self.drawn["IMAGE"], run, judge)
        if run is None or not run.ok:
            return Score(False, {"expected": len(self.task.tags)})
        return score_tags(self.task.tags, [each for regions in regions_given(run, "Tag") for each in regions])

    def regions(self) -> Regions | None:
        """Return the regions to be tagged or edited; None for a question."""
        edit, tags = self.task.edit, self.task.tags
        if edit is None and not tags:
            return None
        drawn = self.drawn["IMAGE"]
        found = [Region(tag.box, tag.name) for tag in tags] if edit is None else _edited(edit, drawn)
        return Regions(found, size=drawn.image.size)


def _edited(edit: Edit, drawn: DrawnScene) -> list[Region]:
    mask = gold_region(edit, drawn)
    return [Region(bounds(mask), edit.change, 1.0, mask)] if mask.any() else []


def _same_picture(one: Run | None, other: Run | None) -> bool:
    if one is None or other is None or not (one.ok and other.ok):
        return False
    first, second = one.result, other.result
    return (
        isinstance(first, Image) and isinstance(second, Image) and np.array_equal(first.pixels, second.pixels)
    )
