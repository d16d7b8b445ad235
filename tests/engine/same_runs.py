"""Compare runs: value for value, frames, warnings and errors included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from visprog import Image, Regions, Run
from visprog.trace.record import StepRecord


def same_value(one: Any, other: Any) -> bool:
    """Return whether two values are equal and have the same type, frame and digest."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    if isinstance(one, Image | Regions):
        return one == other and (one.frame, one.digest) == (other.frame, other.digest)
    return bool(one == other)


def differences(one: Run, other: Run) -> list[str]:
    """Return what differs between two runs of one program."""
    pairs = zip(one.steps, other.steps, strict=True)
    return [found for first, second in pairs for found in _step_differences(first, second)]


def differences_from_unrolled(
    lifted: Run, unrolled: Run, elements: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Return what differs between a run and that of the same program with a step for each element."""
    steps = {step.name: step for step in unrolled.steps}
    found = []
    for step in lifted.steps:
        if step.name not in elements:
            found += _step_differences(step, steps[step.name])
        else:
            singles = [steps[name] for name in elements[step.name]]
            found += _lifted_differences(step, singles, steps[step.name])
    return found


def _step_differences(one: StepRecord, other: StepRecord) -> list[str]:
    found = []
    if _status(one) != _status(other):
        found.append(f"{one.name}: {one.status} and {other.status}")
    if not same_value(one.value, other.value):
        found.append(f"{one.name}: the values {one.value!r} and {other.value!r}")
    if one.status != "failed" and one.warnings != other.warnings:
        found.append(f"{one.name}: the warnings {one.warnings} and {other.warnings}")
    if _reason(one) != _reason(other):
        found.append(f"{one.name}: the errors {_reason(one)!r} and {_reason(other)!r}")
    return found


def _lifted_differences(step: StepRecord, singles: list[StepRecord], collected: StepRecord) -> list[str]:
    failed = [place for place, single in enumerate(singles, start=1) if single.status == "failed"]
    if failed:
        reason = f"element {failed[0]} of {len(singles)}: {_reason(singles[failed[0] - 1])}"
        return [] if _reason(step) == reason else [f"{step.name}: {_reason(step)!r}, not {reason!r}"]
    if _status(step) != _status(collected):
        return [f"{step.name}: {step.status} and {collected.status}"]
    if not step.completed:
        return []
    found = []
    if not same_value(step.value, collected.value):
        found.append(f"{step.name}: the values {step.value!r} and {collected.value!r}")
    expected = sorted((place, each) for place, single in enumerate(singles, 1) for each in single.warnings)
    if singles and sorted(_single_warnings(step.warnings, len(singles))) != expected:
        found.append(f"{step.name}: the warnings {step.warnings}, not {expected}")
    if not singles and not any("is empty" in each for each in step.warnings):
        found.append(f"{step.name}: no warning about an empty list")
    return found


def _status(step: StepRecord) -> str:
    return step.status.replace("cached", "done")


def _reason(step: StepRecord) -> str | None:
    """Return the message of a step's error without the step's name and line."""
    return None if step.error is None else step.error.message.partition("): ")[2]


_MERGED = re.compile(r"(.*) \((?:all (\d+) elements|(\d+) of (\d+): elements? ([\d, ]+))\)", re.DOTALL)


def _single_warnings(warnings: tuple[str, ...], count: int) -> list[tuple[int, str]]:
    """Return the warnings of single elements that were merged, each with its place, from 1."""
    found = []
    for each in warnings:
        merged = _MERGED.fullmatch(each)
        assert merged is not None, each
        text, every, few, total, places = merged.groups()
        assert int(every or total) == count
        listed = [int(place) for place in places.split(", ")] if places else list(range(1, count + 1))
        assert len(listed) == int(few or count)
        found += [(place, text) for place in listed]
    return found
