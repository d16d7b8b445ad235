"""Questions about one picture, as in GQA (Hudson and Manning, CVPR 2019), with their answers."""

from __future__ import annotations

from contextlib import suppress

from visprog.miniworld.scene import Split, generator
from visprog.miniworld.tasks import colours, comparing, counting, relations
from visprog.miniworld.tasks.question import Family
from visprog.miniworld.tasks.scene_building import NoSceneError
from visprog.miniworld.tasks.task import Task
from visprog.miniworld.tasks.wording import is_bank_instruction

FAMILIES: dict[str, Family] = {
    **counting.FAMILIES,
    **comparing.FAMILIES,
    **colours.FAMILIES,
    **relations.FAMILIES,
}
"""All forms of questions."""


def make_task(seed: int, split: Split) -> Task:
    """Return the question for a seed. Its scene is IMAGE."""
    rng = generator(seed, split, "gqa")
    family = rng.choice(tuple(FAMILIES))
    while True:
        with suppress(NoSceneError):
            made = FAMILIES[family](rng, split)
            if not is_bank_instruction(made.text):
                scenes = {"IMAGE": made.scene}
                return Task("gqa", family, seed, made.text, scenes, made.program, made.answer)
