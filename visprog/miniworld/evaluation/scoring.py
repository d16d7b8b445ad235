"""What is right of each kind of task, against the truth of the scene."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from visprog.language import coercion
from visprog.miniworld.catalogue import COLOURS
from visprog.miniworld.drawing import Drawn
from visprog.miniworld.evaluation.edits import score_edit
from visprog.miniworld.evaluation.judging import Judge
from visprog.miniworld.evaluation.score import WRONG, Score, given
from visprog.miniworld.overlaps import box_overlaps, matches
from visprog.miniworld.tasks.task import Tag, Task
from visprog.modules.understanding.labels import named
from visprog.trace.run import Run
from visprog.values import Image, Region, Regions


def score(task: Task, gold: str | bool | None, drawn: Mapping[str, Drawn], run: Run, judge: Judge) -> Score:
    """Score a run: by the `gold` answer, the task's tags, or its edit, which `judge` looks at."""
    if not run.ok:
        return WRONG
    if task.edit is not None:
        return score_edit(task.edit, drawn["IMAGE"], run, judge)
    if gold is None:
        return score_tags(task.tags, [region for regions in given(run, "Tag") for region in regions])
    return Score(same_answer(run.result, gold))


def same_answer(given: Any, gold: str | bool) -> bool:
    """Whether an answer means the same as the gold one: yes is True, two is 2, and case does not matter."""
    return not isinstance(given, Image | Region | Regions) and coercion.equal(given, gold)


def score_tags(tags: Iterable[Tag], found: Iterable[Region]) -> Score:
    """Count the tags that match a gold one by place and name, and by place alone. No other may be there."""
    wanted, regions = tuple(tags), tuple(found)
    alike = box_overlaps((region.box for region in regions), (tag.box for tag in wanted))
    names = [[named(tag.name, _without_colour(region.label)) for tag in wanted] for region in regions]
    matched = matches(np.where(np.array(names, np.bool_).reshape(alike.shape), alike, 0.0))
    counts = {"matched": matched, "located": matches(alike), "found": len(regions), "wanted": len(wanted)}
    return Score(matched == len(regions) == len(wanted), counts)


def _without_colour(label: str) -> str:
    """Return what a label names: a red car that is tagged "red car" is tagged rightly as a car."""
    colour, _, name = label.partition(" ")
    return name if colour.casefold() in COLOURS and name else label
