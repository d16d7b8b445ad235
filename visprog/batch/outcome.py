"""The outcome of a task as plain data: its line of the results, and its cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from visprog.batch.failures import describe_error, is_transient
from visprog.batch.tasks import Task
from visprog.errors import VisProgError
from visprog.models.usage import NOTHING, Tokens


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a task.

    `record` is the task's line of the results. It is the same whenever the task is run; `seconds` and
    `tokens` are those of this run. `files` maps each field of the record that names a saved file to the
    file's size and digest. The next run of the batch repeats a task with a `transient` failure.
    """

    record: dict[str, Any]
    seconds: float
    tokens: Tokens
    files: Mapping[str, str] = field(default_factory=dict)
    transient: bool = False

    @property
    def ok(self) -> bool:
        """Whether the task has a result."""
        return bool(self.record["ok"])


def new_record(task: Task) -> dict[str, Any]:
    """Return the record of a task that has no result yet."""
    instruction = {"instruction": task.instruction} if task.instruction else {}
    return {"id": task.id, "ok": False, **instruction}


def failed_outcome(task: Task, error: VisProgError) -> Outcome:
    """Return the outcome of a task that could not be completed because of `error`."""
    record = {**new_record(task), "error": describe_error(error)}
    return Outcome(record, 0.0, NOTHING, transient=is_transient(error))
