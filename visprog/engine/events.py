"""What happens while a program runs, one small record per kind.

`index` is the step's place in the program, from 0. Times are seconds; `at` counts from the run's start.
Nobody changes a record; they are not frozen, as that takes five times as long to make, in every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from visprog.errors import StepError
from visprog.models.usage import NOTHING, Tokens


@dataclass(slots=True)
class StepStarted:
    """A step begins. Sent to observers only, for a live view; the record does not keep it."""

    index: int
    at: float


@dataclass(slots=True)
class StepProgress:
    """A model has done `done` of `total` parts of its work for a step. Sent to observers only."""

    index: int
    done: int
    total: int


@dataclass(slots=True)
class StepFinished:
    """A step has its value, computed or (`cached`) remembered.

    `models` are the fingerprints of the models that the step was given, `tokens` what they cost in it where
    they are paid for by the token; a remembered value costs nothing. `together` is how many calls, the step's
    own and those of others, a model answered in one pass for it: the most where there were several passes.
    """

    index: int
    at: float
    seconds: float
    value: Any
    key: bytes
    cached: bool
    warnings: tuple[str, ...]
    models: tuple[str, ...]
    tokens: Tokens = NOTHING
    together: int = 1


@dataclass(slots=True)
class StepFailed:
    """A step could not be completed. It may have cost tokens all the same."""

    index: int
    at: float
    seconds: float
    error: StepError
    warnings: tuple[str, ...]
    models: tuple[str, ...]
    tokens: Tokens = NOTHING


@dataclass(slots=True)
class StepSkipped:
    """A step did not run: it depends on failed step `because`, or (None) the result does not need it."""

    index: int
    because: int | None


Event: TypeAlias = StepStarted | StepProgress | StepFinished | StepFailed | StepSkipped
