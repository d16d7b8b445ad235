"""The JSON record of a run, which `run.to_json()` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from visprog.engine.events import Elements
from visprog.errors import StepError, VisProgError, described
from visprog.language import diagnostics
from visprog.planner.plan import Plan
from visprog.trace.folders import without_folders
from visprog.trace.limits import UNLIMITED, Limits
from visprog.trace.shortening import Shortener
from visprog.trace.value_view import whole

if TYPE_CHECKING:
    from visprog.trace.record import RunRecord, StepRecord

FORMAT = "visprog-run/1"
"""The version of the layout."""

_LIMITS = Limits(text=20_000, items=1_000, value=100_000, total=1_000_000)
_DIAGNOSTICS, _MESSAGES = 500, 200
"""Maximum numbers of diagnostics and of messages between the planner and its model."""

MOST_BYTES = 16_000_000
"""Maximum size of a record as JSON, unless whole values are requested."""


def to_json(run: RunRecord, *, full: bool = False) -> dict[str, Any]:
    """Return the record. Pictures are given by size and digest, masks by their area, times in seconds.

    Long values are cut unless `full` is set; `length` and `more` say how much there is. Files and models are
    named without their folders.
    """
    return _Record(run, Shortener(UNLIMITED if full else _LIMITS)).content()


class _Record:
    """Builds the record of one run."""

    def __init__(self, run: RunRecord, shortener: Shortener) -> None:
        self._run = run
        self._shortener = shortener

    def content(self) -> dict[str, Any]:
        run = self._run
        return {
            "format": FORMAT,
            "instruction": None if run.instruction is None else self._shortener.text(run.instruction),
            "ok": run.ok,
            "result": self._result(),
            "error": self._error(run.error),
            "program": str(run.program),
            "source": run.program.source,
            "inputs": {name: whole(image).record() for name, image in run.inputs.items()},
            "steps": [self._step(record) for record in run.steps],
            "diagnostics": [diagnostics.to_json(each) for each in run.diagnostics[:_DIAGNOSTICS]],
            "plan": self._plan(run.plan) if run.plan else None,
            "started": run.started,
            "seconds": run.seconds,
            "environment": {name: self._text(text) for name, text in run.environment.items()},
        }

    def _text(self, text: str) -> str:
        return without_folders(self._shortener.text(text))

    def _lines(self, lines: tuple[str, ...]) -> list[str]:
        return [without_folders(line) for line in self._shortener.lines(lines)]

    def _value(self, value: object) -> dict[str, Any]:
        return self._shortener.view(value).record()

    def _result(self) -> dict[str, Any] | None:
        name, values = self._run.checked.result, self._run.assigned_values
        return {"name": name, **self._value(values[name])} if name in values else None

    def _step(self, record: StepRecord) -> dict[str, Any]:
        step = record.step
        return {
            "index": record.index,
            "line": step.step.span.line,
            "name": step.name,
            "tool": step.tool,
            "code": str(step.step),
            "uses": list(step.uses),
            "status": record.status,
            "value": self._value(record.value) if record.completed else None,
            "error": self._error(record.error),
            "because": record.because,
            "at": record.at,
            "seconds": record.seconds,
            "warnings": self._lines(record.warnings),
            "models": self._lines(record.models),
            "input_tokens": record.tokens.input_tokens,
            "output_tokens": record.tokens.output_tokens,
            "together": record.together,
            "lifted": list(step.lifted),
            "elements": _elements(record.elements),
            "key": record.key.hex(),
        }

    def _error(self, error: VisProgError | None) -> dict[str, Any] | None:
        if error is None:
            return None
        cause = error.__cause__
        return self._place(error) | {
            "type": type(error).__name__,
            "message": self._text(error.message),
            "help": None if error.help is None else self._text(error.help),
            "cause": None if cause is None else self._text(described(cause)),
        }

    def _place(self, error: VisProgError) -> dict[str, Any]:
        """Return the place of the element that failed, if it was one."""
        element = error.element if isinstance(error, StepError) else None
        return {} if element is None else {"element": element}

    def _plan(self, plan: Plan) -> dict[str, Any]:
        transcript = [
            message._asdict() | {"content": self._shortener.text(message.content)}
            for message in plan.transcript[:_MESSAGES]
        ]
        return {
            "task": plan.task,
            "planner": self._text(plan.planner),
            "remarks": self._lines(plan.remarks),
            "transcript": transcript,
            "input_tokens": plan.input_tokens,
            "output_tokens": plan.output_tokens,
        }


def _elements(elements: Elements | None) -> dict[str, Any] | None:
    if elements is None:
        return None
    return {"total": elements.total, "cached": elements.cached, "warned": list(elements.warned)}
