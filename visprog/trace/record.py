"""The record of a run: the program, its inputs, and the outcome of each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from visprog.engine.events import Elements, Event, StepFailed, StepFinished, StepSkipped
from visprog.errors import StepError
from visprog.language.checked import Checked, CheckedStep
from visprog.language.diagnostics import Diagnostic
from visprog.language.program import Program
from visprog.models.usage import NOTHING, Tokens, total
from visprog.planner.plan import Plan
from visprog.values import Image

Status = Literal["done", "cached", "failed", "skipped", "unneeded"]
"""`skipped`: it depends on a failed step. `unneeded`: the result does not depend on it."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """The outcome of one step. Times are in seconds; `at` counts from the start of the run.

    `because` is the index of the failed step that a skipped step depends on. `together` is how many calls a
    model answered in one pass, including the call of this step. `elements` are those of a step whose tool was
    called for each item of a list; None for other steps and for steps without a value.
    """

    index: int
    step: CheckedStep
    status: Status
    value: Any = None
    error: StepError | None = None
    because: int | None = None
    at: float = 0.0
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    key: bytes = b""
    tokens: Tokens = NOTHING
    together: int = 1
    elements: Elements | None = None

    @property
    def name(self) -> str:
        """The variable that the step defines, as written in the program."""
        return self.step.step.target

    @property
    def completed(self) -> bool:
        """Whether the step has a value, computed or from the cache."""
        return self.status in ("done", "cached")


@dataclass(frozen=True, repr=False)
class RunRecord:
    """The record of a program's run: its inputs, every step, and the result.

    `environment` lists versions and settings. Check `ok` first: a failed run has a record too.
    """

    checked: Checked
    inputs: Mapping[str, Image]
    events: tuple[Event, ...]
    started: str
    seconds: float
    plan: Plan | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        from visprog.trace.value_view import describe

        if self.error is not None:
            return f"<Run of {len(self.program)} steps, failed: {self.error.message}>"
        return f"<Run of {len(self.program)} steps: {self.checked.result} = {describe(self.result).summary}>"

    @property
    def program(self) -> Program:
        """The program that ran."""
        return self.checked.program

    @property
    def instruction(self) -> str | None:
        """The instruction that the program was planned from, or None."""
        return self.plan.instruction if self.plan else None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The errors and warnings that the checker found in the program."""
        return self.checked.diagnostics

    @cached_property
    def steps(self) -> tuple[StepRecord, ...]:
        """Every step, in the order of the program."""
        records: dict[int, StepRecord] = {}
        for event in self.events:
            record = _record(event, self.checked.steps)
            if record is not None:
                records[record.index] = record
        return tuple(records[index] for index in sorted(records))

    @cached_property
    def variables(self) -> dict[str, Any]:
        """The last value of each variable, inputs included. Steps that did not run have none."""
        values: dict[str, Any] = dict(self.inputs)
        values.update({s.name: s.value for s in self.steps if s.completed})
        return values

    @cached_property
    def assigned_values(self) -> dict[str, Any]:
        """The value of each input and completed step, by its single-assignment name in `checked`."""
        return {**self.inputs, **{step.step.name: step.value for step in self.steps if step.completed}}

    @property
    def error(self) -> StepError | None:
        """The first failure, in the order of the program, or None."""
        return next((step.error for step in self.steps if step.error is not None), None)

    @property
    def ok(self) -> bool:
        """Whether no step failed."""
        return self.error is None

    @property
    def result(self) -> Any:
        """The program's result. Raises StepError if a step failed."""
        name = self.checked.result
        if name in self.assigned_values:
            return self.assigned_values[name]
        assert self.error is not None, "a run without failures has a result"  # noqa: S101
        raise self.error

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every warning about an input or a step, each after its name."""
        notes = tuple(f"{name}: {note}" for name, image in self.inputs.items() for note in image.notes)
        return notes + tuple(f"{step.name}: {warning}" for step in self.steps for warning in step.warnings)

    @property
    def tokens(self) -> Tokens:
        """The tokens that the steps used. `plan` counts those of planning."""
        return total(step.tokens for step in self.steps)


def _record(event: Event, steps: tuple[CheckedStep, ...]) -> StepRecord | None:
    match event:
        case StepFinished(index):
            return _finished(event, steps[index])
        case StepFailed(index):
            return _failed(event, steps[index])
        case StepSkipped(index, because):
            status: Status = "unneeded" if because is None else "skipped"
            return StepRecord(index, steps[index], status, because=because)
    return None  # StepStarted and StepProgress are for observers only


def _finished(event: StepFinished, step: CheckedStep) -> StepRecord:
    return StepRecord(
        event.index,
        step,
        "cached" if event.cached else "done",
        event.value,
        at=event.at,
        seconds=event.seconds,
        warnings=event.warnings,
        models=event.models,
        key=event.key,
        tokens=event.tokens,
        together=event.together,
        elements=event.elements,
    )


def _failed(event: StepFailed, step: CheckedStep) -> StepRecord:
    return StepRecord(
        event.index,
        step,
        "failed",
        error=event.error,
        at=event.at,
        seconds=event.seconds,
        warnings=event.warnings,
        models=event.models,
        tokens=event.tokens,
    )
