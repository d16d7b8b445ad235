"""What happens while a program runs, one small record per kind.

`index` is the step's place in the program, from 0. Times are seconds; `at` counts from the run's start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from visprog.errors import StepError


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step begins. Sent to observers only, for a live view; the record does not keep it."""

    index: int
    at: float


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step has its value, computed or (`cached`) remembered.

    `models` are the fingerprints of the models that the step was given.
    """

    index: int
    at: float
    seconds: float
    value: Any
    key: bytes
    cached: bool
    warnings: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step could not be completed."""

    index: int
    at: float
    seconds: float
    error: StepError
    warnings: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepSkipped:
    """A step did not run: it depends on failed step `because`, or (None) the result does not need it."""

    index: int
    because: int | None


Event: TypeAlias = StepStarted | StepFinished | StepFailed | StepSkipped
