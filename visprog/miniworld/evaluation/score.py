"""A score: whether an outcome is right, and what else was measured of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from visprog.language.program import Variable
from visprog.trace.run import Run
from visprog.values import Regions


@dataclass(frozen=True, slots=True)
class Score:
    """Whether the outcome of a task is right, and numbers by name."""

    right: bool
    parts: Mapping[str, float] = field(default_factory=dict)


WRONG = Score(right=False)
"""The score where there is no outcome, or one of another kind."""


def given(run: Run, tool: str) -> Iterator[Regions]:
    """Yield the regions that were given to each completed step with this tool."""
    done = {record.step.name: record.value for record in run.steps if record.status in ("done", "cached")}
    for record in run.steps:
        argument = record.step.arguments.get("object")
        if record.step.tool == tool and record.step.name in done and isinstance(argument, Variable):
            yield done[argument.name]
