"""The record of a run: what was asked, what was run, what came of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from visprog.engine.events import Event, StepFailed, StepFinished, StepSkipped
from visprog.errors import OutputError, StepError
from visprog.language.checker import Checked, CheckedStep
from visprog.language.diagnostics import Diagnostic
from visprog.language.program import Program
from visprog.models.usage import NOTHING, Tokens, total
from visprog.planner.plan import Plan
from visprog.printable import json_text
from visprog.values import Image

Status = Literal["done", "cached", "failed", "skipped", "unneeded"]
"""`skipped`: it depends on a failed step. `unneeded`: the result does not depend on it."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What became of one step. Times are seconds; `at` counts from the run's start.

    `together` is how many calls a model answered in one pass for it, its own and those of other steps.
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

    @property
    def name(self) -> str:
        """The variable that the step defines, as written in the program."""
        return self.step.step.target


@dataclass(frozen=True, repr=False)
class Run:
    """A program's run over its inputs: the record of every step, and the views of it.

    `environment` holds versions and settings, in words. A run that failed is a record too: look at `ok`.
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
        """The instruction, where the program was planned from one."""
        return self.plan.instruction if self.plan else None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What the checker had to say of the program."""
        return self.checked.diagnostics

    @cached_property
    def steps(self) -> tuple[StepRecord, ...]:
        """Every step in the program's order."""
        records: dict[int, StepRecord] = {}
        for event in self.events:
            record = _record(event, self.checked.steps)
            if record is not None:
                records[record.index] = record
        return tuple(records[index] for index in sorted(records))

    @cached_property
    def variables(self) -> dict[str, Any]:
        """The last value of each variable, inputs included; those of steps that did not run are absent."""
        values: dict[str, Any] = dict(self.inputs)
        values.update({s.name: s.value for s in self.steps if s.status in ("done", "cached")})
        return values

    @property
    def error(self) -> StepError | None:
        """The first failure, in the program's order."""
        return next((step.error for step in self.steps if step.error is not None), None)

    @property
    def ok(self) -> bool:
        """Whether every step that the result needs was completed."""
        return self.error is None

    @property
    def result(self) -> Any:
        """The program's result. Raises the StepError of the step that failed, where there is none."""
        name = self.checked.result
        for step in self.steps:
            if step.step.name == name and step.status in ("done", "cached"):
                return step.value
        if name in self.inputs:
            return self.inputs[name]
        assert self.error is not None, "a run without failures has its result"  # noqa: S101
        raise self.error

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every remark on a picture that was given or on a step, each with the name before it."""
        notes = tuple(f"{name}: {note}" for name, image in self.inputs.items() for note in image.notes)
        return notes + tuple(f"{step.name}: {remark}" for step in self.steps for remark in step.warnings)

    @property
    def tokens(self) -> Tokens:
        """What the steps have cost; planning is counted apart, in `plan`."""
        return total(step.tokens for step in self.steps)

    def save(self, path: str | os.PathLike[str], *, full: bool = False) -> None:
        """Write the record as a page (`.html`) or as data (`.json`); no partial file is ever left.

        Long values are cut, so that neither grows without bounds. With `full`, data holds them whole. Raises
        OutputError if the ending is another, or the file cannot be written.
        """
        from visprog.files import write_atomically

        ending = Path(path).suffix.lower()
        if ending not in (".html", ".htm", ".json"):
            raise OutputError(
                f"a trace ends in .html or .json; {os.fspath(path)!r} does not",
                help="give the file one of these endings",
            )
        write_atomically(path, _data(self, full) if ending == ".json" else _page(self))

    def to_json(self, *, full: bool = False) -> dict[str, Any]:
        """Return the record as plain data; pictures are there by size and digest.

        Long values are cut; `full` keeps them whole. `result` and `variables` always hold whole values.
        """
        from visprog.trace.record_json import to_json

        return to_json(self, full=full)

    def _repr_html_(self) -> str:
        from visprog.trace.html import frame

        return frame(self)


def _record(event: Event, steps: tuple[CheckedStep, ...]) -> StepRecord | None:
    match event:
        case StepFinished(index, at, seconds, value, key, cached, warnings, models, tokens, together):
            status: Status = "cached" if cached else "done"
            return StepRecord(
                index,
                steps[index],
                status,
                value,
                at=at,
                seconds=seconds,
                warnings=warnings,
                models=models,
                key=key,
                tokens=tokens,
                together=together,
            )
        case StepFailed(index, at, seconds, failure, warnings, models, tokens):
            return StepRecord(
                index,
                steps[index],
                "failed",
                error=failure,
                at=at,
                seconds=seconds,
                warnings=warnings,
                models=models,
                tokens=tokens,
            )
        case StepSkipped(index, because):
            return StepRecord(
                index, steps[index], "unneeded" if because is None else "skipped", because=because
            )
    return None  # a start or progress, which only observers get


def _page(run: Run) -> bytes:
    from visprog.trace.html import render_html

    return render_html(run).encode()


def _data(run: Run, full: bool) -> bytes:
    return json_text(run.to_json(full=full), allow_nan=False).encode() + b"\n"
