"""A run as plain data, for other programs: what `run.to_json()` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from visprog.errors import VisProgError
from visprog.language import diagnostics
from visprog.planner.plan import Plan
from visprog.trace.rendering import describe

if TYPE_CHECKING:
    from visprog.trace.run import Run, StepRecord

FORMAT = "visprog-run/1"
"""Tells this layout from later ones."""


def to_json(run: Run) -> dict[str, Any]:
    """Return the record. Pictures are there by size and digest, masks by their area, times in seconds."""
    return {
        "format": FORMAT,
        "instruction": run.instruction,
        "ok": run.ok,
        "result": _result(run),
        "error": _error(run.error),
        "program": str(run.program),
        "source": run.program.source,
        "inputs": {name: describe(image).record for name, image in run.inputs.items()},
        "steps": [_step(record) for record in run.steps],
        "diagnostics": [diagnostics.to_json(diagnostic) for diagnostic in run.diagnostics],
        "plan": _plan(run.plan) if run.plan else None,
        "started": run.started,
        "seconds": run.seconds,
        "environment": dict(run.environment),
    }


def _result(run: Run) -> dict[str, Any] | None:
    name = run.checked.result
    values = {record.step.name: record.value for record in run.steps if record.status in ("done", "cached")}
    value = values.get(name, run.inputs.get(name))
    return None if name not in values and name not in run.inputs else {"name": name, **describe(value).record}


def _step(record: StepRecord) -> dict[str, Any]:
    step = record.step
    ran = record.status in ("done", "cached")
    return {
        "index": record.index,
        "line": step.step.span.line,
        "name": step.name,
        "tool": step.tool,
        "code": str(step.step),
        "uses": list(step.uses),
        "status": record.status,
        "value": describe(record.value).record if ran else None,
        "error": _error(record.error),
        "because": record.because,
        "at": record.at,
        "seconds": record.seconds,
        "warnings": list(record.warnings),
        "models": list(record.models),
        "input_tokens": record.tokens.input_tokens,
        "output_tokens": record.tokens.output_tokens,
        "key": record.key.hex(),
    }


def _error(error: VisProgError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    cause = error.__cause__
    return {
        "type": type(error).__name__,
        "message": error.message,
        "help": error.help,
        "cause": None if cause is None else f"{type(cause).__name__}: {cause}",
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "task": plan.task,
        "planner": plan.planner,
        "remarks": list(plan.remarks),
        "transcript": [message._asdict() for message in plan.transcript],
        "input_tokens": plan.input_tokens,
        "output_tokens": plan.output_tokens,
    }
