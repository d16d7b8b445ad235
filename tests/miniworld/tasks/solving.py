"""Solves tasks with the oracle, and checks that apply to every kind of task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from visprog import VisProg
from visprog.miniworld.catalogue import CATEGORIES
from visprog.miniworld.drawing import DrawnScene, draw
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.scene import Scene, is_held_out
from visprog.miniworld.tasks.task import Task
from visprog.values import Image

_BATCH = 10
"""Number of tasks that share a session: creating one takes longer than running a program."""


def solved(tasks: Sequence[Task]) -> Iterator[tuple[Task, list[object]]]:
    """Yield each task with the results of its programs. The programs must have no diagnostics."""
    for start in range(0, len(tasks), _BATCH):
        batch = tasks[start : start + _BATCH]
        drawn = [{name: draw(scene) for name, scene in task.scenes.items()} for task in batch]
        oracle = Oracle(each for pictures in drawn for each in pictures.values())
        with VisProg(models=oracle.models(), workers=1) as visprog:
            for task, pictures in zip(batch, drawn, strict=True):
                images = {name: each.image for name, each in pictures.items()}
                yield task, [_result(visprog, task, program, images) for program in _programs(task)]


def _programs(task: Task) -> list[str]:
    return [program for program in (task.program, task.other_program) if program]


def _result(visprog: VisProg, task: Task, program: str, images: dict[str, Image]) -> object:
    checked = visprog.check(program, list(images))
    assert not checked.diagnostics, (task, checked.diagnostics)
    run = visprog.execute(checked, images)
    assert run.ok, task
    return run.result


def held_out(scenes: Iterable[Scene]) -> list[tuple[str, str | None]]:
    """Return the held-out combinations in the scenes. Things with a single colour have none with it."""
    pairs = [
        (thing.category, other)
        for scene in scenes
        for thing in scene.things
        for colour in [thing.colour if len(CATEGORIES[thing.category].colours) > 1 else None]
        for other in (colour, *(each.category for each in scene.things))
    ]
    return [pair for pair in pairs if is_held_out(*pair)]


def visible_shares(drawn: DrawnScene) -> list[float]:
    """Return the visible share of each thing."""
    scene = drawn.scene
    alone = [draw(Scene(scene.width, scene.height, scene.ground, (thing,))) for thing in scene.things]
    return [float(drawn.mask(number).sum() / each.mask(0).sum()) for number, each in enumerate(alone)]
