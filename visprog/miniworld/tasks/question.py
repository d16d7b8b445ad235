"""A question about one picture, with its answer and its program."""

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
"""Makes questions of one form. Raises NoSceneError if no scene fits the random choices."""


def yes_no(truth: bool) -> str:
    """Return "yes" or "no"."""
    return "yes" if truth else "no"
