"""Edits, made by their reference programs with the oracle."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from visprog import VisProg
from visprog.boxes import enlarge
from visprog.miniworld.drawing import DrawnScene, Mask, draw
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.tasks.editing import EMOJIS, make_task
from visprog.miniworld.tasks.task import Edit, Task
from visprog.miniworld.tasks.wording import is_bank_instruction
from visprog.modules.manipulation.sprites import sprite_name
from visprog.values import Image, Region, Regions

SEEDS = range(30)


@pytest.fixture(scope="module", params=["train", "test"])
def edited(request: pytest.FixtureRequest) -> list[tuple[Task, DrawnScene, Image]]:
    return list(_edited(request.param))


def _edited(split: str) -> Iterator[tuple[Task, DrawnScene, Image]]:
    for seed in SEEDS:
        task = make_task(seed, split)  # type: ignore[arg-type]
        drawn = draw(task.scenes["IMAGE"])
        with VisProg(models=Oracle([drawn]).zoo(), workers=1) as visprog:
            checked = visprog.check(task.program, ["IMAGE"])
            assert not checked.diagnostics, (task, checked.diagnostics)
            run = visprog.execute(checked, drawn.image)
        assert run.ok, task
        assert isinstance(run.result, Image)
        yield task, drawn, run.result


def gold_mask(drawn: DrawnScene, edit: Edit) -> Mask:
    """Return the pixels that the edit is about."""
    if edit.stuff is not None:
        return drawn.stuff(edit.stuff)
    return np.isin(drawn.owners, edit.things)


def changed(drawn: DrawnScene, result: Image) -> Mask:
    return np.asarray((result.pixels != drawn.pixels).any(axis=2))


def test_replacing_and_removing_change_only_the_mask(
    edited: list[tuple[Task, DrawnScene, Image]],
) -> None:
    for task, drawn, result in edited:
        if task.edit is not None and task.edit.change in ("replace", "remove"):
            mask, difference = gold_mask(drawn, task.edit), changed(drawn, result)
            assert not difference[~mask].any(), task
            assert difference[mask].mean() > 0.75, task


def test_a_color_pop_keeps_colour_only_inside_the_mask(
    edited: list[tuple[Task, DrawnScene, Image]],
) -> None:
    for task, drawn, result in edited:
        if task.edit is not None and task.edit.change == "color pop":
            mask = gold_mask(drawn, task.edit)
            gray = result.pixels.max(axis=2) == result.pixels.min(axis=2)
            assert not changed(drawn, result)[core(mask, 5)].any(), task
            assert gray[core(~mask, 5)].mean() > 0.98, task


def test_a_blur_keeps_only_the_mask_sharp(edited: list[tuple[Task, DrawnScene, Image]]) -> None:
    for task, drawn, result in edited:
        if task.edit is not None and task.edit.change == "blur":
            mask, difference = gold_mask(drawn, task.edit), changed(drawn, result)
            assert not difference[core(mask, 2)].any(), task
            assert difference[~mask].mean() > 0.5, task


def core(mask: Mask, reach: int) -> Mask:
    """Return the pixels of a mask with a distance of more than `reach` from its edge."""
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.erode(mask.astype(np.uint8), kernel, borderValue=1) > 0)


def test_an_emoji_covers_only_the_chosen_faces(
    edited: list[tuple[Task, DrawnScene, Image]],
) -> None:
    for task, drawn, result in edited:
        if task.edit is not None and task.edit.change == "emoji":
            faces = [drawn.face(number) for number in task.edit.things]
            heads = [enlarge(face, 2.0, drawn.image.size) for face in faces if face is not None]
            regions = Regions((Region(head) for head in heads if head), size=drawn.image.size)
            difference = changed(drawn, result)
            assert len(heads) == len(task.edit.things) > 0
            assert not difference[~_squares(regions)].any(), task
            for face in faces:
                left, top, right, bottom = face or (0, 0, 0, 0)
                assert difference[max(top, 0) : bottom, max(left, 0) : right].mean() > 0.85, task


def _squares(regions: Regions) -> Mask:
    """Return the squares around the centres of boxes."""
    squares = []
    for region in regions:
        half = max(region.width, region.height) / 2 + 1
        x, y = region.center
        squares.append(Region((round(x - half), round(y - half), round(x + half), round(y + half))))
    return Regions(squares, size=regions.size).union_mask()


def test_every_change_occurs(edited: list[tuple[Task, DrawnScene, Image]]) -> None:
    changes = {task.edit.change for task, _, _ in edited if task.edit is not None}
    assert changes == {"replace", "remove", "color pop", "blur", "emoji"}


@pytest.mark.parametrize("emoji", EMOJIS.values())
def test_every_emoji_of_the_instructions_exists(emoji: str) -> None:
    assert sprite_name(emoji)


def test_no_instruction_is_in_a_bank_and_a_seed_gives_the_same_task() -> None:
    for seed in range(20):
        task = make_task(seed, "validation")
        assert not is_bank_instruction(task.instruction)
        assert task == make_task(seed, "validation")
