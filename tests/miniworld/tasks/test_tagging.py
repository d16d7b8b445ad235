"""Tagging tasks, solved by their reference programs with the oracle."""

from __future__ import annotations

from collections import Counter

import pytest

from visprog import VisProg
from visprog.miniworld.catalogue import CATEGORIES
from visprog.miniworld.drawing import draw
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.scene import Split
from visprog.miniworld.tasks.tagging import make_task
from visprog.miniworld.tasks.task import Tag, Task
from visprog.miniworld.tasks.wording import is_bank_instruction
from visprog.values import Regions

SEEDS = range(30)


def tagged(run_values: list[object]) -> Counter[Tag]:
    """Return the regions that the program gave to Tag: the last ones that it found."""
    (*_, regions) = (value for value in run_values if isinstance(value, Regions))
    return Counter(Tag(region.label, region.box) for region in regions)


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_program_tags_exactly_the_right_things(split: Split) -> None:
    for seed in SEEDS:
        task = make_task(seed, split)
        drawn = draw(task.scenes["IMAGE"])
        with VisProg(models=Oracle([drawn]).models(), workers=1) as visprog:
            checked = visprog.check(task.program, ["IMAGE"])
            assert not checked.diagnostics, (seed, checked.diagnostics)
            run = visprog.execute(checked, drawn.image)
        assert run.ok, (seed, task)
        values = [event.value for event in run.events if hasattr(event, "value")]
        assert Counter(task.tags) == tagged(values), (seed, task)
        assert task.tags
        assert not is_bank_instruction(task.instruction)


def test_a_seed_gives_the_same_task_and_splits_differ() -> None:
    assert make_task(7, "train") == make_task(7, "train")
    assert make_task(7, "train").scenes != make_task(7, "test").scenes


def test_most_knowledge_tasks_also_show_other_things_of_the_kind() -> None:
    tasks = [task for seed in SEEDS if (task := make_task(seed, "train")).family == "knowledge"]
    beside = [set(_rivals(task)) for task in tasks]
    assert len(tasks) > 5
    assert sum(map(bool, beside)) > len(tasks) / 2


def _rivals(task: Task) -> list[str]:
    """Return the categories in the picture that have a tagged kind but are not tagged."""
    names = {tag.name for tag in task.tags}
    kinds = {kind for name in names for kind in CATEGORIES[name].kinds}
    present = {thing.category for thing in task.scenes["IMAGE"].things}
    return [name for name in present - names if kinds & set(CATEGORIES[name].kinds)]
