"""A run as plain data, for other programs: what `run.to_json()` returns."""

from __future__ import annotations

import math
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from visprog.errors import VisProgError
from visprog.language import diagnostics
from visprog.planner.plan import Plan
from visprog.trace.rendering import shorten
from visprog.values import Image, Region, Regions

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
        "inputs": {name: to_record(image) for name, image in run.inputs.items()},
        "steps": [_step(record) for record in run.steps],
        "diagnostics": [diagnostics.to_json(diagnostic) for diagnostic in run.diagnostics],
        "plan": _plan(run.plan) if run.plan else None,
        "started": run.started,
        "seconds": run.seconds,
        "environment": dict(run.environment),
    }


@singledispatch
def to_record(value: object) -> dict[str, Any]:
    """Return any value as plain data; what is not one of the language's types is there by its repr."""
    return {"type": type(value).__name__, "repr": shorten(repr(value))}


@to_record.register
def _(value: Image) -> dict[str, Any]:
    record = {"type": "Image", "width": value.width, "height": value.height, "digest": value.digest}
    return record | {"notes": list(value.notes)} if value.notes else record


@to_record.register
def _(value: Region) -> dict[str, Any]:
    record = {"type": "Region", "label": value.label, "score": value.score, "box": list(value.box)}
    return record if value.mask is None else record | {"mask_area": int(value.mask.sum())}


@to_record.register
def _(value: Regions) -> dict[str, Any]:
    return {"type": "Regions", "size": list(value.size), "regions": [to_record(region) for region in value]}


@to_record.register(str)
@to_record.register(bool)
@to_record.register(int)
def _(value: str | int) -> dict[str, Any]:
    return {"type": type(value).__name__, "value": value}


@to_record.register
def _(value: float) -> dict[str, Any]:
    plain = value if math.isfinite(value) else str(value)  # JSON has no name for infinity
    return {"type": "float", "value": plain}


@to_record.register
def _(value: None) -> dict[str, Any]:  # noqa: ARG001 - dispatched by its annotation
    return {"type": "None", "value": None}


@to_record.register(list)
def _(value: list[Any]) -> dict[str, Any]:
    return {"type": "list", "items": [to_record(item) for item in value]}


def _result(run: Run) -> dict[str, Any] | None:
    name = run.checked.result
    values = {record.step.name: record.value for record in run.steps if record.status in ("done", "cached")}
    value = values.get(name, run.inputs.get(name))
    return None if name not in values and name not in run.inputs else {"name": name, **to_record(value)}


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
        "value": to_record(record.value) if ran else None,
        "error": _error(record.error),
        "because": record.because,
        "at": record.at,
        "seconds": record.seconds,
        "warnings": list(record.warnings),
        "models": list(record.models),
        "input_tokens": record.tokens.input_tokens,
        "output_tokens": record.tokens.output_tokens,
        "together": record.together,
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
