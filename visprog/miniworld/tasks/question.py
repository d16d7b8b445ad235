"""A question about one picture, with its answer and the program that finds it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from visprog.miniworld.scene import Scene, Split


class Question(NamedTuple):
    """A question about one scene, its answer, and its program."""

    text: str
    scene: Scene
    answer: str
    program: str


Family: TypeAlias = Callable[[random.Random, Split], Question]
"""Makes questions of one form. Raises NoSceneError where a choice leads nowhere."""


def yes_no(truth: bool) -> str:
    """Return the answer to a question that is asked for a truth."""
    return "yes" if truth else "no"
