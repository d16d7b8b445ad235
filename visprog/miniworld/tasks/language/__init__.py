"""Questions for the newer forms of the language: order, relations, lists, templates and sizes."""

from __future__ import annotations

from contextlib import suppress

from visprog.miniworld.scene import Split, generator
from visprog.miniworld.tasks.language import (
    containment,
    difference,
    each,
    insertion,
    order,
    pairs,
    relations,
    sizes,
)
from visprog.miniworld.tasks.language.question import Family
from visprog.miniworld.tasks.scene_building import NoSceneError
from visprog.miniworld.tasks.task import Task
from visprog.miniworld.tasks.wording import is_bank_instruction

FAMILIES: dict[str, Family] = {
    **order.FAMILIES,
    **relations.FAMILIES,
    **containment.FAMILIES,
    **each.FAMILIES,
    **difference.FAMILIES,
    **pairs.FAMILIES,
    **insertion.FAMILIES,
    **sizes.FAMILIES,
}
"""The twelve forms of questions."""


def make_task(seed: int, split: Split) -> Task:
    """Return the question for a seed. Twelve seeds in a row have one question of each form."""
    rng = generator(seed, split, "language")
    family = tuple(FAMILIES)[seed % len(FAMILIES)]
    while True:
        with suppress(NoSceneError):
            made = FAMILIES[family](rng, split)
            if not is_bank_instruction(made.text):
                return Task("language", family, seed, made.text, made.scenes, made.program, made.answer)
