"""The events of a run, one small record for each kind.

`index` is the step's place in the program, from 0. Times are seconds, and `at` counts from the start of the
run. Nobody changes an event. They are not frozen dataclasses, which take five times as long to make.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from visprog.errors import StepError
from visprog.models.usage import NOTHING, Tokens


@dataclass(slots=True)
class StepStarted:
    """A step starts. Sent to observers only, for live views; the record does not keep it."""

    index: int
    at: float


@dataclass(slots=True)
class StepProgress:
    """A model has finished `done` of `total` parts of its work for a step. Sent to observers only."""

    index: int
    done: int
    total: int


class Elements(NamedTuple):
    """The number of elements of a lifted step, and how many of them came from the cache.

    `warned` are the places of the elements with warnings, from 1.
    """

    total: int
    cached: int = 0
    warned: tuple[int, ...] = ()


@dataclass(slots=True)
class StepFinished:
    """A step has its value, which was computed or (`cached`) came from the cache.

    `models` are the fingerprints of the models that the step was given. `tokens` are the tokens that they
    spent; a cached value spends none. `together` is the number of calls, of this step and others, that a
    model answered in one pass; the largest one if there were several passes. `elements` are those of a step
    whose tool was called for each item of a list.
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
    elements: Elements | None = None


@dataclass(slots=True)
class StepFailed:
    """A step failed. It may have spent tokens."""

    index: int
    at: float
    seconds: float
    error: StepError
    warnings: tuple[str, ...]
    models: tuple[str, ...]
    tokens: Tokens = NOTHING


@dataclass(slots=True)
class StepSkipped:
    """A step did not run: it depends on the failed step `because`, or (None) the result does not need it."""

    index: int
    because: int | None


Event: TypeAlias = StepStarted | StepProgress | StepFinished | StepFailed | StepSkipped
