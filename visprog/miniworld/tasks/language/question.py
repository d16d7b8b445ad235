"""A question that needs the new forms of the language, with its pictures, its answer and its program."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from visprog.miniworld.scene import Scene, Split


class Question(NamedTuple):
    """A question about scenes by their names in programs, its answer, and its program."""

    text: str
    scenes: Mapping[str, Scene]
    answer: str
    program: str


Family: TypeAlias = Callable[[random.Random, Split], Question]
"""Makes questions of one form. Raises NoSceneError if no scene fits the random choices."""
